#!/usr/bin/env python3
"""Figures of the exam for docs/pool.md: data, tables and picture from one place. Python 3.9+, nothing to install.

    docs/pool/exam.py                            draw again from exam.json
    docs/pool/exam.py RESULTS.json               take Claviger's figures from a run of the exam (wire.py --json), then draw
    docs/pool/exam.py --peers ../shared/exam     take the others' figures (SIMULATED.md, PEERS.md, scenarios), then draw
    docs/pool/exam.py --check                    exit status 1 when tables or picture are not those of exam.json

It writes exam.json and exam.svg beside itself, and the parts of ../pool.md between `<!-- exam:NAME -->` marks.
"""

import argparse
import json
import math
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import marked  # noqa: E402

DATA, PICTURE, PAGE = HERE / "exam.json", HERE / "exam.svg", HERE.parent / "pool.md"
SIMULATED = {"proposed": "proposed", "higress": "Higress", "litellm": "LiteLLM", "random-retry": "naive"}
# per run: what is added up, and what is averaged where it is known
COUNTS = ["requests", "servable", "served", "avoidable", "attempts", "wasted", "hangs", "truncated_as_success", "repeats"]
SEED_1 = ["servable", "avoidable", "attempts_per_request", "p99", "hangs", "truncated_as_success"]
MEANS = ["p99", "share_dev_pct", "recover", "dead_hits", "outage_load"]


# --- data -------------------------------------------------------------------------------------------------------------

def claviger(results):
    """Our figures from the JSON of wire.py: per scenario the mean over its seeds."""
    runs = results["splits"]["public"]["runs"]
    scenarios = {}
    for name in sorted({run["scenario"] for run in runs}):
        mine = [run for run in runs if run["scenario"] == name]
        row = {key: rounded(sum(run[key] for run in mine) / len(mine)) for key in COUNTS}
        row["attempts_per_request"] = round(sum(r["attempts"] for r in mine) / sum(r["requests"] for r in mine), 4)
        for key in MEANS:
            known = [run[key] for run in mine if run[key] is not None]
            row[key] = round(sum(known) / len(known), 4) if known else None
        row["harness_late"] = any(not run["harness"]["trusted"] for run in mine)
        row["seed_1"] = next(({key: run[key] for key in SEED_1} for run in mine if run["seed"] == 1), None)
        scenarios[name] = row
    total = {key: sum(run[key] for run in runs) for key in COUNTS}
    return {"seeds": sorted({run["seed"] for run in runs}), "total": total, "scenarios": scenarios}


def peers(folder):
    """The others' figures: simulated policies, real gateways, and what each scenario is about."""
    text = (folder / "SIMULATED.md").read_text()
    avoidable, attempts = table(text, "## Avoidable failures"), table(text, "## Attempts per request")
    simulated = {
        SIMULATED[policy]: {
            row["scenario"]: {"avoidable": float(row[policy]), "attempts_per_request": float(tries[policy])}
            for row, tries in zip(avoidable, attempts)
        }
        for policy in SIMULATED
    }
    sent = {row["scenario"]: int(row["requests"]) for row in avoidable}
    wire = {}
    for row in table((folder / "PEERS.md").read_text(), "# What other gateways scored"):
        name = row.pop("scenario")
        if re.match(r"\d\d-", name):
            wire[name] = {gateway: figures for gateway, figures in row.items() if figures != "–"}
    scenarios = {}
    for path in sorted((folder / "scenarios").glob("*.json")):
        told = json.loads(path.read_text())
        if told["split"] == "public":
            oracle = told["expect"]["oracle"]
            scenarios[told["name"]] = {"title": told["title"], "requests": sent[told["name"]],
                                       "servable": rounded(oracle["servable"])}
    return {"scenarios": scenarios, "simulated": simulated, "wire": wire}


def table(text, heading):
    """The first Markdown table after a heading, as one dict per row."""
    lines = text[text.index(heading):].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|"))
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")]
             for line in lines[start:lines.index("", start) if "" in lines[start:] else None]]
    return [dict(zip(cells[0], row)) for row in cells[2:]]


def rounded(number):
    return int(number) if number == int(number) else round(number, 1)


def percent(data, name, avoidable):
    """Avoidable failures in % of the requests that could be served."""
    servable = data["scenarios"][name]["servable"]
    return 100 * avoidable / servable if servable else 0.0


def systems(data):
    """What is compared: label and, per scenario, (avoidable in %, attempts per request)."""
    ours = data["claviger"]["scenarios"]
    points = {n: (100 * r["avoidable"] / r["servable"] if r["servable"] else 0.0, r["attempts_per_request"])
              for n, r in ours.items()}
    found = [("Claviger", points)]
    for label, rows in data["simulated"].items():
        found.append((label, {n: (percent(data, n, r["avoidable"]), r["attempts_per_request"]) for n, r in rows.items()}))
    return found


# --- picture ----------------------------------------------------------------------------------------------------------

INK, SOFT, LINE, CARD = "#1f2328", "#59636e", "#d1d9e0", "#f6f8fa"
# colours that colour-blind readers tell apart (Okabe and Ito), each with a shape of its own
LOOKS = {
    "Claviger": ("#0072b2", "disc"), "proposed": ("#56b4e9", "ring"), "Higress": ("#d55e00", "square"),
    "LiteLLM": ("#a0669a", "triangle"), "naive": ("#8a6d00", "cross"),
}
LEFT, WIDTH, GAP, RIGHT, TOP, LANE = 180, 400, 44, 200, 116, 6
ROW = LANE * len(LOOKS) + 8
FONT = 'font-family="-apple-system, Segoe UI, Helvetica, Arial, sans-serif"'


def text(x, y, words, size=12, fill=INK, anchor="start", extra=""):
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'


def escape(words):
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mark(label, x, y):
    colour, shape = LOOKS[label]
    if shape == "disc":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    if shape == "ring":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="none" stroke="{colour}" stroke-width="1.6"/>'
    if shape == "square":
        return f'<rect x="{x - 2.8:.1f}" y="{y - 2.8:.1f}" width="5.6" height="5.6" fill="{colour}"/>'
    if shape == "triangle":
        return f'<path d="M{x:.1f} {y - 3.4:.1f}l3.4 6h-6.8z" fill="{colour}"/>'
    return f'<path d="M{x - 2.8:.1f} {y - 2.8:.1f}l5.6 5.6m0 -5.6l-5.6 5.6" stroke="{colour}" stroke-width="1.8"/>'


def draw(data):
    """The picture. Left: avoidable failures on a square-root scale, so that one in a hundred can be seen; right: attempts."""
    names = sorted(data["claviger"]["scenarios"])
    height, bottom = TOP + ROW * len(names) + 44, TOP + ROW * len(names)
    second = LEFT + WIDTH + GAP
    total = second + RIGHT + 24
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{height}" viewBox="0 0 {total} {height}" {FONT} '
           'role="img" aria-labelledby="title"><title id="title">Avoidable failures and attempts per request, by scenario</title>',
           f'<rect x="0.5" y="0.5" width="{total - 1}" height="{height - 1}" rx="8" fill="{CARD}" stroke="{LINE}"/>',
           text(16, 28, "The exam, scenario by scenario", 16, extra=' font-weight="600"'), legend(data, 16, 52),
           text(LEFT, 84, "avoidable failures, % of the requests that could be served", fill=SOFT),
           text(second, 84, "attempts per request", fill=SOFT)]

    def left(value):
        return LEFT + WIDTH * math.sqrt(value / 100)

    def right(value):
        return second + RIGHT * min(value, 4) / 4

    for place, ticks, unit in [(left, [0, 1, 5, 10, 25, 50, 100], " %"), (right, [0, 1, 2, 3, 4], "")]:
        for tick in ticks:
            x = place(tick)
            out.append(f'<path d="M{x:.1f} {TOP - 6}V{bottom}" stroke="{LINE}" stroke-width="{1.6 if tick in (0,) else 1}"/>')
            out += [text(x, y, f"{tick}{unit}", 11, SOFT, "middle") for y in (TOP - 12, bottom + 18)]
    for number, name in enumerate(names):
        top = TOP + ROW * number
        if number % 2 == 0:
            out.append(f'<rect x="8" y="{top}" width="{total - 16}" height="{ROW}" fill="#000" fill-opacity="0.035"/>')
        out.append(text(16, top + ROW / 2 + 4, name))
        for lane, (label, points) in enumerate(systems(data)):
            if name not in points:
                continue
            (share, tries), y = points[name], top + 4 + LANE * (lane + 0.5)
            if share > 0:
                out.append(f'<path d="M{LEFT} {y:.1f}H{left(share):.1f}" stroke="{LOOKS[label][0]}" stroke-opacity="0.35"/>')
            out += [mark(label, left(share), y), mark(label, right(tries), y)]
    out.append(text(16, bottom + 34, "left scale: square root", 11, SOFT))
    return "\n".join(out) + "\n</svg>\n"


def legend(data, x, y):
    seeds, out = len(data["claviger"]["seeds"]), []
    for label in LOOKS:
        words = {"Claviger": f"Claviger over the wire, {seeds} seed{'s' * (seeds > 1)}", "proposed": "proposed design"}.get(label, label)
        if label == "proposed":
            out.append(text(x, y, "simulated, 3 seeds:", fill=SOFT))
            x += 134
        out += [mark(label, x, y - 4), text(x + 9, y, words)]
        x += 34 + 6.4 * len(words)
    return "\n".join(out)


# --- tables -----------------------------------------------------------------------------------------------------------

def number(value, digits, unit=""):
    return "–" if value is None else f"{value:.{digits}f}{unit}"


def compared(data):
    """Avoidable failures in % and attempts per request, everybody side by side; the means over the scenarios below."""
    all_of_them = systems(data)
    lines = ["| scenario | what happens | " + " | ".join(label for label, _ in all_of_them) + " |",
             "|---|---|" + "---|" * len(all_of_them)]
    names = sorted(data["claviger"]["scenarios"])
    for name in names:
        cells = [f"{p[name][0]:.2f} % · {p[name][1]:.2f}" if name in p else "–" for _, p in all_of_them]
        lines.append(f"| {name} | {data['scenarios'][name]['title']} | " + " | ".join(cells) + " |")
    # over all requests as over all scenarios: a big scenario must not hide a small one
    both = [n for n in names if all(n in p for _, p in all_of_them)]
    mean = [tuple(sum(p[n][i] for n in both) / len(both) for i in (0, 1)) for _, p in all_of_them]
    servable, requests = ({n: data["scenarios"][n][key] for n in both} for key in ("servable", "requests"))
    pooled = [(sum(p[n][0] * servable[n] for n in both) / sum(servable.values()),
               sum(p[n][1] * requests[n] for n in both) / sum(requests.values())) for _, p in all_of_them]
    for label, row in (("all requests", pooled), ("mean of scenarios", mean)):
        lines.append(f"| **{label}** | | " + " | ".join(f"**{a:.2f} % · {b:.2f}**" for a, b in row) + " |")
    return lines


def ours(data):
    lines = ["| scenario | requests | servable | avoidable | attempts per request | first content, p99 | share off weight | "
             "back after recovery | hits on a dead one | load in an outage |", "|---|---|---|---|---|---|---|---|---|---|"]
    for name, row in data["claviger"]["scenarios"].items():
        late = " †" if row["harness_late"] else ""
        lines.append(f"| {name}{late} | {row['requests']:g} | {row['servable']:g} | {row['avoidable']:g} | "
                     f"{row['attempts_per_request']:.3f} | {number(row['p99'], 2, ' s')} | {number(row['share_dev_pct'], 2)} | "
                     f"{number(row['recover'], 1, ' s')} | {number(row['dead_hits'], 1)} | {number(row['outage_load'], 2)} |")
    total, seeds = data["claviger"]["total"], data["claviger"]["seeds"]
    share = 100 * total["avoidable"] / total["servable"]
    lines += ["", f"Claviger, seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}, all runs together: "
              f"{total['requests']} requests, {total['servable']} of them servable, "
              f"**{total['avoidable']} avoidable failures ({share:.2f} %)**, "
              f"{total['attempts'] / total['requests']:.3f} attempts per request (listings included), "
              f"{total['wasted'] / total['requests']:.3f} of which could not have succeeded; {total['hangs']} requests hung, "
              f"{total['truncated_as_success']} streams ended as if complete, {total['repeats']} attempts went to a token that "
              "had already failed the same request."]
    if any(row["harness_late"] for row in data["claviger"]["scenarios"].values()):
        lines += ["", "† the harness itself was late in this run (other work on the machine): read its times with care."]
    return lines


def real(data):
    gateways = list(dict.fromkeys(gateway for row in data["wire"].values() for gateway in row))
    lines = ["| scenario | Claviger | " + " | ".join(gateways) + " |", "|---|---|" + "---|" * len(gateways)]
    for name, row in data["wire"].items():
        mine = data["claviger"]["scenarios"].get(name, {}).get("seed_1")
        if mine is None:
            continue
        said = f"{100 * mine['avoidable'] / mine['servable']:.1f} % · {mine['attempts_per_request']:.2f} · {number(mine['p99'], 1, ' s')}"
        extra = [f"{mine[key]:g} {word}" for key, word in (("hangs", "hang"), ("truncated_as_success", "trunc")) if mine[key]]
        lines.append(f"| {name} | {' · '.join([said, *extra])} | " + " | ".join(row.get(g, "–") for g in gateways) + " |")
    return lines


def parts(data):
    """The generated parts of the page."""
    return {"exam:compared": compared(data), "exam:real": real(data), "exam:claviger": ours(data)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?", type=Path)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    data = json.loads(DATA.read_text()) if DATA.exists() else {}
    if args.peers:
        data.update(peers(args.peers))
    if args.results:
        data["claviger"] = claviger(json.loads(args.results.read_text()))
    wanted = {DATA: json.dumps(data, indent=1, ensure_ascii=False) + "\n", PICTURE: draw(data),
              PAGE: marked.page(PAGE.read_text(), parts(data))}
    stale = [path for path, content in wanted.items() if not path.exists() or path.read_text() != content]
    if args.check:
        sys.exit(f"not as exam.json says: {', '.join(p.name for p in stale)}; run docs/pool/exam.py" if stale else 0)
    for path in stale:
        path.write_text(wanted[path])
        print("wrote", path.relative_to(HERE.parent.parent))


if __name__ == "__main__":
    main()
