"""How the cost of Claviger grows: one curve for each thing that can become large."""

from . import machine
from .gateways import config
from .report import table

BODIES = [1_000, 10_000, 100_000, 1_000_000, 3_000_000, 10_000_000]
CREDENTIALS = [1, 10, 100, 1000, 10_000]
STREAMS = [1, 10, 100, 1000, 10_000]
WORKERS = [1, 2, 3, 4]
# small, so that the larger bodies pass it: from there on memory must not grow with the body
CAP = "limits: { bufferBody: 1MiB }\n"


def started(bench, gateway, **options):
    workers = options.pop("workers", 1)
    ready = gateway.start(bench, workers=workers, config=config(**options))
    bench.measured(gateway, conns=16, seconds=bench.times["warm"])
    return ready


def bodies(bench, gateway):
    """CPU and memory against the size of the request's body; above 1 MiB it is not kept, and streams through."""
    rows = []
    for size in BODIES:
        started(bench, gateway, limits=CAP)
        got = bench.measured(gateway, conns=8, seconds=bench.times["large"], bytes=size)
        rows.append({"bytes": size, "cpu_us": got["cpu_us"], "ns_per_byte": got["cpu_us"] * 1000 / size, "rps": got["rps"],
                     "peak_mb": machine.rss_mb(gateway.child.pid, "VmHWM"), "bad": got["bad"]})
        gateway.stop()
    return rows


def credentials(bench, gateway):
    """CPU, memory and start against the number of credentials of one provider."""
    rows = []
    for count in CREDENTIALS:
        ready = started(bench, gateway, credentials=count)
        idle = machine.rss_mb(gateway.child.pid)
        got = bench.measured(gateway, conns=16, seconds=bench.times["small"])
        rows.append({"credentials": count, "cpu_us": got["cpu_us"], "rps": got["rps"], "rss_mb": idle, "ready_ms": ready,
                     "bad": got["bad"]})
        gateway.stop()
    return rows


def streams(bench, gateway):
    """Memory against open streams. Both sides of an HTTP/1.1 stream take a file; HTTP/2 callers share theirs."""
    rows = []
    for count in STREAMS:
        for version in ("HTTP/1.1", "HTTP/2"):
            most = (bench.files - 200) // 2
            reached = min(count, most) if version == "HTTP/1.1" else min(count, bench.files - 500)
            connections = max(1, reached // 500) if version == "HTTP/2" else 0
            reached = reached // connections * connections if connections else reached
            started(bench, gateway)
            got = bench.slow_streams(gateway, reached, bench.times["slow"], connections)
            rows.append({"streams": count, "version": version, "open": got["open"], "rss_mb": got["with_mb"],
                         "kb_per_stream": got["kb_per_stream"], "after_mb": got["after_mb"]})
            gateway.stop()
    return rows


def workers(bench, gateway):
    """CPU and throughput against threads, which may run on every CPU (load and mock take one of them)."""
    rows = []
    for count in WORKERS:
        ready = gateway.start(bench, workers=count, config=config(), pinned=False)
        bench.measured(gateway, conns=64, seconds=bench.times["warm"])
        got = bench.measured(gateway, conns=64, seconds=bench.times["small"])
        rows.append({"workers": count, "cpu_us": got["cpu_us"], "rps": got["rps"], "cores": got["cores"],
                     "p99_us": got["latency"]["p99"], "rss_mb": machine.rss_mb(gateway.child.pid), "ready_ms": ready,
                     "bad": got["bad"]})
        gateway.stop()
    return rows


def versions(bench, gateway):
    """CPU per small request and per chunk for each pair of HTTP versions."""
    rows = []
    for inward in ("HTTP/1.1", "HTTP/2"):
        for outward in ("HTTP/1.1", "HTTP/2"):
            started(bench, gateway, egress="egress: { http2: true }\n" if outward == "HTTP/2" else "")
            many = {"http2": True, "conns": 2, "streams": 32} if inward == "HTTP/2" else {"conns": 64}
            got = bench.measured(gateway, seconds=bench.times["small"], **many)
            many = {"http2": True, "conns": 1, "streams": 32} if inward == "HTTP/2" else {"conns": 32}
            flow = bench.measured(gateway, {"stream": 1, "chunks": 200, "delay_ms": 5}, seconds=bench.times["paced"], events=202,
                                  **many)
            rows.append({"in": inward, "out": outward, "cpu_us": got["cpu_us"], "rps": got["rps"],
                         "cpu_us_chunk": flow["cpu_us_chunk"], "bad": got["bad"] + flow["bad"]})
            gateway.stop()
    return rows


CURVES = {"bodies": bodies, "credentials": credentials, "streams": streams, "workers": workers, "versions": versions}
TITLES = {
    "bytes": ("body, bytes", ",.0f"), "cpu_us": ("CPU µs per request", ",.1f"), "ns_per_byte": ("ns per byte", ".2f"),
    "rps": ("requests per second", ",.0f"), "rss_mb": ("RSS, MB", ".1f"), "peak_mb": ("RSS at most, MB", ".1f"), "bad": ("bad answers", "d"),
    "credentials": ("credentials", ",d"), "ready_ms": ("start to ready, ms", ".0f"), "streams": ("streams asked for", ",d"),
    "version": ("callers speak", "s"), "open": ("open", ",d"), "kb_per_stream": ("kB per stream", ".1f"),
    "after_mb": ("RSS when they have ended, MB", ".1f"), "workers": ("worker threads", "d"), "cores": ("cores used", ".2f"),
    "p99_us": ("latency p99, µs", ",.0f"), "in": ("callers speak", "s"), "out": ("providers speak", "s"),
    "cpu_us_chunk": ("CPU µs per chunk", ".2f"),
}


def run(bench, gateway, names, say):
    result = {}
    for name in names:
        say(f"growth: {name}")
        try:
            result[name] = CURVES[name](bench, gateway)
        finally:
            gateway.stop()
    return result


def rows(curve):
    return [[TITLES[key][0] for key in curve[0]]] + [[format(row[key], TITLES[key][1]) for key in row] for row in curve]


def text(found):
    lines = []
    for name, curve in found.items():
        lines += [f"{name}: {CURVES[name].__doc__.strip()}", "", *table(rows(curve)), ""]
    return lines
