"""The processes under test: a scripted provider, and the gateway in front of it. Both listen on free loopback ports
and end with the test that started them."""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

# Loopback only: a proxy named in the environment must not see these requests.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url, body=None, timeout=5):
    """Status and bytes of a GET, or of a POST with this JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json"} if data else {})
    try:
        with _OPENER.open(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def wait_until(condition, what, seconds=10):
    """Asks until `condition` gives something true, and returns it."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        pause.wait(0.01)


def free_ports(count):
    """Ports nobody listens on. All are taken before any is given back, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Upstream:
    """A scripted provider (`scripted-upstream`): knows `tokens`, misbehaves as each is told to."""

    def __init__(self, tokens):
        program = os.environ["SCRIPTED_UPSTREAM_BIN"]
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), f"{program} said {line!r}"
        self.url = line.removeprefix("listening on ").strip()
        self.tokens = dict(tokens)
        self._post("/__script", {"tokens": self.tokens})

    def seen(self):
        """Every request that arrived, in order, and how it ended."""
        return json.loads(fetch(self.url + "/__seen")[1])

    def set_token(self, token, script):
        """Changes how one token behaves from now on."""
        self.tokens[token] = script
        self._post(f"/__token/{token}", script)

    def clear(self):
        """Forgets what arrived."""
        self._post("/__reset", {})

    def _post(self, path, body):
        status, answer = fetch(self.url + path, body)
        assert status == 200, answer

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Gateway:
    """A `claviger serve` with this configuration; `listen` and `admin` are filled in."""

    def __init__(self, config):
        self.folder = tempfile.TemporaryDirectory(prefix="claviger-sdk-")
        folder = pathlib.Path(self.folder.name)
        self.said = folder / "said.log"
        data, admin = free_ports(2)
        config = {"listen": f"127.0.0.1:{data}", "admin": {"listen": f"127.0.0.1:{admin}"}, **config}
        (folder / "claviger.yaml").write_text(json.dumps(config))
        with open(self.said, "wb") as said:
            self.process = subprocess.Popen(
                [os.environ["CLAVIGER_BIN"], "serve", "--config", folder / "claviger.yaml"], stdout=said, stderr=said
            )
        self.url = f"http://127.0.0.1:{data}"
        self.admin = f"http://127.0.0.1:{admin}"
        try:
            wait_until(self._ready, "the gateway is ready")
        except BaseException:
            self.stop()
            raise

    def _ready(self):
        assert self.process.poll() is None, f"the gateway did not start:\n{self.log()}"
        try:
            return fetch(self.admin + "/readyz")[0] == 200
        except OSError:
            return False

    def state(self):
        """The admin port's picture."""
        return json.loads(fetch(self.admin + "/state")[1])

    def credentials(self):
        """All credentials in that picture."""
        return [one for provider in self.state()["providers"] for one in provider["credentials"]]

    def log(self):
        """Everything the process has printed."""
        return self.said.read_text(errors="replace")

    def stop(self):
        """Ends the process; says how it ended."""
        self.process.terminate()
        try:
            code = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        log = self.log()
        self.folder.cleanup()
        return code, log
