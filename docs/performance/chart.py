#!/usr/bin/env python3
"""Pictures of the figures: bars of gateways side by side, and lines of how cost grows. Python 3.9+, nothing to install.

    docs/performance/chart.py FIGURES.json [FOLDER]     draws those of a figures.json (renew.py makes one)
"""

import json
import math
import sys
from pathlib import Path

FONT = 'font-family="system-ui, -apple-system, Segoe UI, sans-serif" font-size="12"'
CARD, LINE, INK, SOFT = "#ffffff", "#d8dee4", "#1f2328", "#59636e"
COLOURS = {"nginx": "#8c959f", "envoy": "#bf8700", "claviger": "#0969da"}
# measure, how it is called, digits, factor of nginx that is the limit, or the limit itself
BARS = [
    ("CPU µs per request, small", "CPU per request, small, µs", 1, ("nginx", 1.5)),
    ("CPU µs per request, 30 KB", "CPU per request, 30 KB, µs", 1, ("nginx", 1.5)),
    ("CPU µs per chunk, paced", "CPU per chunk, paced, µs", 1, ("nginx", 1.5)),
    ("CPU µs per chunk, saturated", "CPU per chunk, saturated, µs", 1, ("nginx", 1.5)),
    ("RSS idle, MB", "memory idle, MB", 1, (None, 20)),
    ("kB per open stream", "memory per open stream, kB", 1, (None, 20)),
    ("start to ready, ms", "start to ready, ms", 0, (None, 100)),
]
# curve, x, y, title, what names a line, whether y is logarithmic too
LINES = [
    ("bodies", "bytes", "cpu_us", "CPU µs per request by body, bytes", None, True),
    ("bodies", "bytes", "peak_mb", "RSS at most, MB, by body, bytes", None, False),
    ("credentials", "credentials", "cpu_us", "CPU µs per request by credentials", None, False),
    ("credentials", "credentials", "ready_ms", "start to ready, ms, by credentials", None, False),
    ("streams", "streams", "rss_mb", "RSS MB by open streams", "version", False),
    ("workers", "workers", "rps", "requests per second by worker threads", None, False),
]


def text(x, y, words, size=12, fill=INK, anchor="start", extra=""):
    words = str(words).replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{extra}>{words}</text>'


def framed(width, height, title, parts):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {FONT} '
        f'role="img" aria-labelledby="title"><title id="title">{title}</title>',
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" fill="{CARD}" stroke="{LINE}"/>',
        text(16, 28, title, 16, extra=' font-weight="600"'), *parts, "</svg>"]) + "\n"


def bars(summary):
    """One group of bars per measure, each to its own scale, with the limit of the budget as a line."""
    names, left, full, lane = list(summary), 230, 430, 14
    group = lane * len(names) + 18
    out, x = [], 16
    for name in names:
        out.append(f'<rect x="{x}" y="44" width="12" height="12" rx="2" fill="{COLOURS[name]}"/>')
        out.append(text(x + 17, 54, name))
        x += 40 + 8 * len(name)
    out.append(f'<path d="M{x + 6} 43V58" stroke="#cf222e" stroke-width="2" stroke-dasharray="4 3"/>')
    out.append(text(x + 15, 54, "limit of the budget", fill=SOFT))
    top = 78
    for title, words, digits, (of, limit) in BARS:
        values = {name: summary[name][title]["median"] for name in names if title in summary[name]}
        if "claviger" not in values or min(values.values()) < 0:
            continue
        bound = limit if of is None else values.get(of) and limit * values[of]
        scale = full / max([*values.values(), bound or 0])
        out.append(text(left - 12, top + group / 2 - 4, words, anchor="end"))
        for number, (name, value) in enumerate(values.items()):
            y = top + number * lane
            out.append(f'<rect x="{left}" y="{y}" width="{max(1, value * scale):.1f}" height="{lane - 3}" rx="2" fill="{COLOURS[name]}"/>')
            out.append(text(left + value * scale + 6, y + lane - 5, f"{value:,.{digits}f}", 11, SOFT))
        if bound:
            at = left + bound * scale
            out.append(f'<path d="M{at:.1f} {top - 4}V{top + lane * len(names) + 1}" stroke="#cf222e" stroke-width="2" stroke-dasharray="4 3"/>')
        top += group
    return framed(760, top + 6, "Beside plain reverse proxies (less is better)", out)


def panel(points, x, y, width, height, title, steep):
    """Lines over a logarithmic x, with y from nothing or, if `steep`, logarithmic as well. `points`: name of the line to its (x, y)."""
    every = [point for line in points.values() for point in line]
    low, high = (math.log10(max(1, pick(p[0] for p in every))) for pick in (min, max))
    most = max(p[1] for p in every) or 1
    least = 10 ** math.floor(math.log10(min(p[1] for p in every))) if steep else 0

    def up(value):
        share = math.log(max(value, least) / least) / math.log(most / least) if steep else value / most
        return y + height - share * height * 0.9

    def place(point):
        across = 0.5 if high == low else (math.log10(max(1, point[0])) - low) / (high - low)
        return x + across * width, up(point[1])

    out = [text(x - 34, y - 14, title, 12, extra=' font-weight="600"')]
    for value in (least, math.sqrt(least * most) if steep else most / 2, most):
        line = up(value)
        out.append(f'<path d="M{x} {line:.1f}H{x + width}" stroke="{LINE}"/>')
        out.append(text(x - 6, line + 4, short(value), 10, SOFT, "end"))
    for value in sorted({point[0] for point in every}):
        out.append(text(place((value, 0))[0], y + height + 15, short(value), 10, SOFT, "middle"))
    for number, (name, line) in enumerate(points.items()):
        colour = ["#0969da", "#bf8700"][number % 2]
        where = [place(point) for point in sorted(line)]
        out.append(f'<path d="M{" L".join(f"{a:.1f} {b:.1f}" for a, b in where)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in where]
        if name:
            out.append(text(x + 8, y + 10 + 14 * number, name, 11, colour))
    return out


def short(value):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def lines(growth):
    shown = [one for one in LINES if one[0] in growth]
    out = []
    for number, (name, across, up, title, by, steep) in enumerate(shown):
        points = {}
        for row in growth[name]:
            points.setdefault(row[by] if by else "", []).append((row[across], row[up]))
        out += panel(points, 60 + 375 * (number % 2), 76 + 190 * (number // 2), 290, 120, title, steep)
    return framed(760, 60 + 190 * ((len(shown) + 1) // 2), "How cost grows", out)


def pictures(data):
    """File name to picture, of everything there are figures for."""
    found = {}
    if "compared" in data:
        found["compared.svg"] = bars(data["compared"]["summary"])
    if data.get("growth", {}).get("growth"):
        found["growth.svg"] = lines(data["growth"]["growth"])
    return found


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    where = Path(sys.argv[2] if len(sys.argv) == 3 else ".")
    for name, picture in pictures(json.loads(Path(sys.argv[1]).read_text())).items():
        (where / name).write_text(picture)
        print("wrote", where / name)
