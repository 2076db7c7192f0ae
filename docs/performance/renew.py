#!/usr/bin/env python3
"""Figures of docs/performance.md: data, tables and pictures from one place. Python 3.9+, nothing to install.

    docs/performance/renew.py                             write tables and pictures again from figures.json
    docs/performance/renew.py BENCH.json [GROWTH.json]    take the figures of `bench/run --json` (and of `--growth`), then write
    docs/performance/renew.py --check                     exit status 1 when page or pictures are not those of figures.json

It writes figures.json and the pictures beside itself, and the parts of ../performance.md between `<!-- bench:NAME -->` marks.
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "bench")]
import chart  # noqa: E402
import marked  # noqa: E402
from harness import growth, report  # noqa: E402

DATA, PAGE = HERE / "figures.json", HERE.parent / "performance.md"


def kept(said):
    """Of a run, what page and pictures show: every round is too much to keep."""
    return {key: said[key] for key in ("machine", "versions", "summary", "budget", "growth", "pinned", "quick") if key in said} \
        | ({"rounds": len(said["rounds"])} if "rounds" in said else {})


def conditions(run):
    machine = run["machine"]
    words = [f"{machine['date']}, commit {machine['commit']}, {machine['cpu']}, {machine['cpus']} CPUs, "
             f"{machine['memory_gib']} GiB, Linux {machine['kernel']}, {machine['system']}."]
    if "versions" in run:
        rounds = f"{run['rounds']} round{'s' * (run['rounds'] > 1)}"
        others = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
        words.append(f"{rounds}; {others}.")
    if not run["pinned"]:
        words.append("Only one CPU: load, mock and gateway shared it.")
    if run["quick"]:
        words.append("**Short measurements: they show that everything works, and little else.**")
    return " ".join(words)


def disturbed(run):
    most = max((run["summary"][name].get("other work on the machine, cores", {}).get("max", 0) for name in run["summary"]), default=0)
    return [f"**Other work on the machine used up to {most:.1f} cores: provisional.**", ""] if most > 0.15 else []


def parts(data):
    """Name of each generated part, and its lines."""
    found = {}
    if compared := data.get("compared"):
        rows = compared["budget"]
        met, missed = (sum(row["met"] is is_met for row in rows) for is_met in (True, False))
        told = f"{met} of {len(rows)} met, {missed} missed, {len(rows) - met - missed} not compared."
        found["bench:budget"] = [conditions(compared), "", *disturbed(compared), *report.judged(rows), "", told]
        found["bench:compared"] = report.measures(compared["summary"])
    if grown := data.get("growth"):
        found["bench:grown"] = [conditions(grown)]
        for name, curve in grown["growth"].items():
            found[f"bench:growth-{name}"] = report.table(growth.rows(curve))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    data = json.loads(DATA.read_text()) if DATA.exists() else {}
    for path in args.runs:
        run = kept(json.loads(path.read_text()))
        if "growth" in run:
            # a run of some curves leaves the others as they were
            run["growth"] = data.get("growth", {}).get("growth", {}) | run["growth"]
        data["growth" if "growth" in run else "compared"] = run
    wanted = {DATA: json.dumps(data, indent=1, ensure_ascii=False) + "\n", PAGE: marked.page(PAGE.read_text(), parts(data)),
              **{HERE / name: picture for name, picture in chart.pictures(data).items()}}
    stale = [path for path, content in wanted.items() if not path.exists() or path.read_text() != content]
    if args.check:
        sys.exit(f"not as figures.json says: {', '.join(p.name for p in stale)}; run docs/performance/renew.py" if stale else 0)
    for path in stale:
        path.write_text(wanted[path])
        print("wrote", path.relative_to(HERE.parents[1]))


if __name__ == "__main__":
    main()
