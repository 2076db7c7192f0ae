"""From rounds to medians, from medians to the budget, from both to text."""

import statistics

# what is told of each gateway: name, place within a round, digits
MEASURES = [
    ("CPU µs per request, small", ("small", "cpu_us"), 1),
    ("CPU µs per request, 30 KB", ("large", "cpu_us"), 1),
    ("requests per second on one core, small", ("small", "rps"), 0),
    ("requests per second on one core, 30 KB", ("large", "rps"), 0),
    ("core used, small", ("small", "cores"), 2),
    ("added latency p50 at 500 req/s, µs", ("rate", "added_p50"), 0),
    ("added latency p99 at 500 req/s, µs", ("rate", "added_p99"), 0),
    ("CPU µs per request at 500 req/s", ("rate", "cpu_us"), 0),
    ("CPU µs per chunk, paced", ("paced", "cpu_us_chunk"), 2),
    ("CPU µs per chunk, saturated", ("burst", "cpu_us_chunk"), 2),
    ("core used, saturated streams", ("burst", "cores"), 2),
    ("RSS idle, MB", ("idle_mb",), 1),
    ("RSS after load, MB", ("after_mb",), 1),
    ("slow streams open", ("slow", "open"), 0),
    ("kB per open stream", ("slow", "kb_per_stream"), 1),
    ("start to ready, ms", ("ready_ms",), 0),
    ("start to ready with 1 000 credentials, ms", ("alone", "ready_1000_ms"), 0),
    ("CPU µs per request, 20 000 credentials, one attempt", ("alone", "retry", "429", "plain_us"), 1),
    ("CPU µs per request, first attempt gets 429", ("alone", "retry", "429", "second_us"), 1),
    ("CPU µs per request, first attempt gets 401", ("alone", "retry", "401", "second_us"), 1),
    ("two attempts against twice one", ("alone", "retry", "ratio"), 2),
    ("other work on the machine, cores", ("other_cores",), 2),
    ("bad answers, all rounds", ("bad",), 0),
]


def at(value, path):
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def derive(rounds):
    """Adds what follows from the figures of one round: latency over the direct run's, and what spoils a round."""
    for one in rounds:
        direct = at(one, ("direct", "rate", "latency"))
        for name, result in one.items():
            parts = [part for part in result.values() if isinstance(part, dict)]
            result["bad"] = sum(part.get("bad", 0) for part in parts) + (at(result, ("alone", "retry", "bad")) or 0)
            result["other_cores"] = max((part.get("other_cores", 0) for part in parts), default=0)
            mine = at(result, ("rate", "latency"))
            if direct and mine and name != "direct":
                for key in ("p50", "p99"):
                    result["rate"][f"added_{key}"] = mine[key] - direct[key]


def summary(rounds):
    """Per gateway and measure: median, lowest, highest. Bad answers are added up."""
    names = sorted({name for one in rounds for name in one if name != "direct"},
                   key=lambda name: ["nginx", "envoy", "claviger"].index(name))
    result = {}
    for name in names:
        result[name] = {}
        for title, path, _ in MEASURES:
            values = [v for v in (at(one.get(name), path) for one in rounds) if v is not None]
            if values:
                middle = sum(values) if path == ("bad",) else statistics.median(values)
                result[name][title] = {"median": middle, "min": min(values), "max": max(values)}
    return result


def budget(found):
    """What the project holds itself to. A row: what, limit, measured, unit, whether it is met; None: no peer to compare with."""
    def value(name, title):
        return at(found, (name, title, "median"))

    def compared(title, name="nginx"):
        mine, theirs = value("claviger", title), value(name, title)
        return None if mine is None or not theirs else mine / theirs

    def per_stream():
        # fewer open streams than asked for say nothing
        full = (value("claviger", "slow streams open") or 0) >= 1000
        return value("claviger", "kB per open stream") if full else None

    def over(title):
        mine, theirs = value("claviger", title), value("nginx", title)
        return None if mine is None or theirs is None else (mine - theirs) / 1000

    rows = [
        ("CPU per request, small, against nginx", 1.5, compared(MEASURES[0][0]), "×"),
        ("CPU per request, small, against Envoy", 1.0, compared(MEASURES[0][0], "envoy"), "×"),
        ("CPU per request, 30 KB, against nginx", 1.5, compared(MEASURES[1][0]), "×"),
        ("requests per second on one core, against nginx (at least)", -0.65, compared(MEASURES[2][0]), "×"),
        ("latency p50 at 500 req/s, over nginx", 0.2, over(MEASURES[5][0]), "ms"),
        ("latency p99 at 500 req/s, over nginx", 1.0, over(MEASURES[6][0]), "ms"),
        ("CPU per chunk, paced, against nginx", 1.5, compared(MEASURES[8][0]), "×"),
        ("CPU per chunk, saturated, against nginx", 1.5, compared(MEASURES[9][0]), "×"),
        ("RSS idle", 20, value("claviger", "RSS idle, MB"), "MB"),
        ("memory per open stream, 1 000 open", 20, per_stream(), "kB"),
        ("start to ready, 1 000 credentials", 100, value("claviger", "start to ready with 1 000 credentials, ms"), "ms"),
        ("two attempts against twice one", 1.1, value("claviger", "two attempts against twice one"), "×"),
    ]

    def met(limit, measured):
        if measured is None:
            return None
        return measured >= -limit if limit < 0 else measured <= limit

    return [{"what": what, "limit": abs(limit), "at_least": limit < 0, "measured": measured, "unit": unit,
             "met": met(limit, measured)} for what, limit, measured, unit in rows]


def table(rows):
    """A Markdown table that is also readable as it is."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths)) + "|", *lines[1:]]


def measures(found, spread=True):
    rows = [["measure", *found]]
    for title, _, digits in MEASURES:
        cells = [shown(found[name].get(title), digits, spread) for name in found]
        if any(cell != "–" for cell in cells):
            rows.append([title, *cells])
    return table(rows)


def shown(figure, digits, spread):
    if figure is None:
        return "–"
    text = f"{figure['median']:,.{digits}f}"
    if spread and figure["min"] != figure["max"]:
        text += f" ({figure['min']:,.{digits}f}–{figure['max']:,.{digits}f})"
    return text


def judged(rows):
    words = {True: "met", False: "**missed**", None: "not compared"}
    lines = [["budget", "limit", "measured", ""]]
    for row in rows:
        digits = 2 if row["unit"] in ("×", "ms") and row["limit"] < 50 else 1
        measured = "–" if row["measured"] is None else f"{row['measured']:.{digits}f} {row['unit']}"
        lines.append([row["what"], f"{'≥' if row['at_least'] else '≤'} {row['limit']:g} {row['unit']}", measured,
                      words[row["met"]]])
    return table(lines)
