"""One measurement at a time: mock and load on one side, a gateway between them, and what it used."""

import json
import shutil
import statistics
import tempfile
import time

from . import machine
from .machine import Child, cpu_s

# what is quick counts for nothing but whether it works
TIMES = {"full": {"warm": 1.0, "small": 5, "large": 4, "rate": 5, "paced": 5, "burst": 4, "slow": 2.5, "retry": 8000, "starts": 7},
         "quick": {"warm": 0.4, "small": 1.5, "large": 1.2, "rate": 2, "paced": 1.5, "burst": 1, "slow": 1, "retry": 2000, "starts": 3}}
CONNECTIONS, STREAMS, CHUNKS, PACE_MS = 64, 32, 200, 5
SMALL, LARGE, SLOW_STREAMS, RATE = 300, 30_000, 1000, 500
# the kernel may hold a proxy's core for other work; from here on a figure is marked
DISTURBED = 0.15


class Bench:
    """What stays the same over all measurements."""

    def __init__(self, tool, times="full"):
        self.tool, self.times = str(tool), TIMES[times]
        self.load_cpus, self.gateway_cpus = machine.cpus()
        self.files = machine.raise_files()
        self.work = tempfile.mkdtemp(prefix="claviger-bench-")
        self.ports = machine.free_ports(3)
        self.starts = 0
        self.mock = Child([self.tool, "mock", "--listen", f"127.0.0.1:{self.ports[0]}"], cpus=self.load_cpus)
        end = time.monotonic() + 5
        while time.monotonic() < end and machine.is_free(self.ports[0]):
            time.sleep(0.01)

    def close(self):
        self.mock.stop()
        shutil.rmtree(self.work, ignore_errors=True)

    def set(self, **script):
        machine.get(self.ports[0], "/__set?" + "&".join(f"{k}={v}" for k, v in script.items()), "POST")

    def stats(self):
        return json.loads(machine.get(self.ports[0], "/__stats")[1])

    def load_argv(self, port, options):
        words = [self.tool, "load", "--to", f"127.0.0.1:{port}"]
        for name, value in options.items():
            words += [f"--{name}"] if value is True else [f"--{name}", value]
        return words

    def load(self, port, **options):
        return json.loads(machine.run(self.load_argv(port, options), cpus=self.load_cpus))

    def measured(self, gateway, script=None, **options):
        """The report of a load, and with it the gateway's CPU: all of it until it is quiet again."""
        self.set(**(script or {}))
        pid = gateway.child.pid if gateway else None
        before, mine = (cpu_s(pid) if pid else 0), self.own_cpu()
        busy, began = machine.busy_s(), time.monotonic()
        report = self.load(self.ports[1] if gateway else self.ports[0], **options)
        wall, at_end = time.monotonic() - began, (cpu_s(pid) if pid else 0)
        other = machine.busy_s() - busy - (at_end - before) - (self.own_cpu() - mine)
        self.quiet(pid)
        report["mock"] = self.stats()
        report["other_cores"] = round(max(other, 0) / wall, 3)
        if pid:
            report["cpu_s"] = cpu_s(pid) - before
            report["cores"] = (at_end - before) / report["wall_s"]
            report["cpu_us"] = report["cpu_s"] * 1e6 / max(1, report["requests"])
            report["cpu_us_chunk"] = report["cpu_s"] * 1e6 / max(1, report["chunks"])
        return report

    def own_cpu(self):
        import os
        return sum(os.times()[:4]) + cpu_s(self.mock.pid)

    def quiet(self, pid, patience=10):
        """Waits until the gateway has worked off what the load left behind."""
        end = time.monotonic() + patience
        while pid and time.monotonic() < end:
            before = cpu_s(pid)
            time.sleep(0.15)
            if cpu_s(pid) - before <= 0.01 and self.stats()["open"] == 0:
                return

    def slow_streams(self, gateway, count, seconds, http2_connections=0):
        """RSS with `count` streams open in which little happens."""
        self.set(stream=1, chunks=1000, delay_ms=2000 if count <= 1000 else 10_000)
        before = machine.rss_mb(gateway.child.pid)
        speed = max(200, count / 8)
        many = {"http2": True, "conns": http2_connections, "streams": count // http2_connections, "ramp": 20} \
            if http2_connections else {"conns": count, "ramp": speed}
        load = Child(self.load_argv(self.ports[1], dict(many, events=1002, requests=count)), cpus=self.load_cpus)
        try:
            end, opened = time.monotonic() + 15 + count / 200, 0
            while time.monotonic() < end and opened < count and load.alive():
                time.sleep(0.2)
                opened = self.stats()["open"]
            time.sleep(seconds)
            opened, with_them = self.stats()["open"], machine.rss_mb(gateway.child.pid)
        finally:
            load.stop()
        self.quiet(gateway.child.pid, 20)
        return {"open": opened, "before_mb": before, "with_mb": with_them, "after_mb": machine.rss_mb(gateway.child.pid),
                "kb_per_stream": (with_them - before) * 1024 / max(1, opened)}


def side_by_side(bench, gateway):
    """All that is compared between gateways, in one start of one of them; None: the load straight at the mock."""
    seconds, result = bench.times, {}
    rate = {"conns": 16, "rate": RATE, "bytes": SMALL}
    if gateway is None:
        bench.measured(None, conns=16, seconds=seconds["warm"])
        return {"rate": bench.measured(None, seconds=seconds["rate"], **rate),
                "small": bench.measured(None, conns=CONNECTIONS, seconds=seconds["warm"], bytes=SMALL)}
    result["ready_ms"] = gateway.start(bench)
    try:
        time.sleep(1)
        result["idle_mb"] = machine.rss_mb(gateway.child.pid)
        burst = {"conns": STREAMS, "events": CHUNKS + 2, "bytes": SMALL}
        bench.measured(gateway, {"stream": 1, "chunks": CHUNKS}, **dict(burst, seconds=seconds["warm"] / 2))
        bench.measured(gateway, conns=CONNECTIONS, seconds=seconds["warm"], bytes=SMALL)
        result["small"] = bench.measured(gateway, conns=CONNECTIONS, seconds=seconds["small"], bytes=SMALL)
        bench.measured(gateway, conns=CONNECTIONS, seconds=seconds["warm"] / 2, bytes=LARGE)
        result["large"] = bench.measured(gateway, conns=CONNECTIONS, seconds=seconds["large"], bytes=LARGE)
        result["rate"] = bench.measured(gateway, seconds=seconds["rate"], **rate)
        result["paced"] = bench.measured(gateway, {"stream": 1, "chunks": CHUNKS, "delay_ms": PACE_MS},
                                         **dict(burst, seconds=seconds["paced"]))
        result["burst"] = bench.measured(gateway, {"stream": 1, "chunks": CHUNKS}, **dict(burst, seconds=seconds["burst"]))
        result["after_mb"] = machine.rss_mb(gateway.child.pid)
        result["slow"] = bench.slow_streams(gateway, SLOW_STREAMS, seconds["slow"])
    finally:
        gateway.stop()
    return result


def alone(bench, gateway, config):
    """What only a gateway with credentials can be asked: its start with many of them, and what a second attempt costs."""
    ready = []
    for _ in range(bench.times["starts"]):
        ready.append(gateway.start(bench, config=config(1000)))
        gateway.stop()
    return {"ready_1000_ms": statistics.median(ready), "retry": retry(bench, gateway, config)}


def retry(bench, gateway, config):
    """CPU per request when each first attempt is refused, against twice that of requests which succeed at once.

    Each refusal takes a credential out for good, so there are many: one that came back soon would be waited for.
    """
    result = {"bad": 0}
    for kind, script in (("429", {"refuse": 429, "rest_ms": 3_600_000}), ("401", {"refuse": 401})):
        gateway.start(bench, config=config(20_000))
        try:
            plain = {"conns": 16, "bytes": SMALL, "numbered": True, "requests": bench.times["retry"]}
            bench.measured(gateway, conns=16, seconds=bench.times["warm"], bytes=SMALL)
            before = bench.measured(gateway, **plain)
            second = bench.measured(gateway, script, **plain)
            after = bench.measured(gateway, **plain)
        finally:
            gateway.stop()
        usual = (before["cpu_us"] + after["cpu_us"]) / 2
        result[kind] = {"plain_us": usual, "second_us": second["cpu_us"], "ratio": second["cpu_us"] / (2 * usual),
                        "attempts": second["mock"]["requests"] / max(1, second["requests"])}
        result["bad"] += second["bad"]
    result["ratio"] = max(result["429"]["ratio"], result["401"]["ratio"])
    return result
