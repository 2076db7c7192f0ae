"""Recorded cases and sample configurations against a real gateway process.

    check.py BINARY SHARED [-v]

Cases with calls of the plugin's own (signing in, fetching a file) are played too: the mock answers those calls as recorded.
"""
import concurrent.futures
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading

binary, shared = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
verbose = "-v" in sys.argv
sys.path.insert(0, os.path.join(shared, "exam"))
import golden  # noqa: E402

_ports, _lock = iter(range(20000, 32000)), threading.Lock()


def fresh_port():
    """A free port below the range the system hands out by itself: from there another case's mock, or any connection,
    may be given it before the gateway binds it, and two cases answer each other's requests. None is given twice."""
    with _lock:
        for port in _ports:
            with socket.socket() as s:
                try:
                    s.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue
    raise RuntimeError("no free port is left between 20000 and 32000")


golden.free_port = fresh_port

# Cases that do not pass, and why. They are played and told all the same; one that begins to pass must leave the list.
KNOWN = {
    # the recording demands a flaw: see MISJUDGED in crates/dialects/tests/golden.rs
    "bedrock-stream-text-tool-split": "misjudged", "claude-code-mode-stream": "misjudged",
    "triton-chat2-plain": "misjudged", "vertex-chat-thought": "misjudged", "vertex-chat-toolres2": "misjudged",
}


class Vendor(golden.Handler):
    """The mock vendor, and beside it whatever else the case's plugin called."""

    def answer(self):
        for side in self.server.case.get("side_calls") or []:
            if (self.command, self.headers.get("host", "").split(":")[0], self.path) == (side["method"], side["host"], side["path"]):
                return self.aside(side)
        return super().answer()

    def aside(self, side):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        expected = side.get("body_text")
        if expected is not None:
            told = {pair.split("=")[0] for pair in body.split("&")}
            if told != {pair.split("=")[0] for pair in expected.split("&")}:
                self.send_error(400)
                return
        answer = side["response"]["body_text"].encode()
        self.send_response(side["response"]["status"])
        for name, value in side["response"]["headers"].items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer


golden.Handler = Vendor


def runnable(case):
    return golden.runnable({**case, "side_calls": None})


def play_cases():
    cases = []
    for name in sorted(os.listdir(golden.GOLDEN)):
        if name.endswith(".json"):
            with open(os.path.join(golden.GOLDEN, name), encoding="utf-8") as f:
                cases += json.load(f)
    cases = [c for c in cases if runnable(c)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(zip(cases, pool.map(lambda c: golden.run(c, binary), cases)))
    table, bad, known = {}, 0, 0
    for case, wrong in found:
        row = table.setdefault(case["provider"], {"match": [0, 0], "improve": [0, 0]})[case["judgement"]]
        row[1] += 1
        row[0] += not wrong
        why = KNOWN.get(case["id"])
        if wrong and why:
            known += 1
            print("known: %s (%s): %s" % (case["id"], case["judgement"], why))
        elif wrong or why:
            bad += 1
            print("%s (%s): %s" % (case["id"], case["judgement"], "; ".join(wrong)[:600] or "passes, so it is not known to fail"))
    print("%-14s %10s %10s" % ("provider", "match", "improve"))
    for provider, row in sorted(table.items()):
        print("%-14s %10s %10s" % (provider, "%d/%d" % tuple(row["match"]), "%d/%d" % tuple(row["improve"])))
    print("%d of %d cases pass, %d are known not to" % (len(found) - bad - known, len(found), known))
    return len(found) - bad - known, bad


def samples():
    """The entries of the sample file; a small reader of its shape, so that nothing has to be installed."""
    path = os.path.join(shared, "reference", "higress-examples.yaml")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for entry in re.split(r"^- name: ", text, flags=re.M)[1:]:
        name, rest = entry.split("\n", 1)
        valid = re.search(r"^  valid: (true|false)", rest, re.M).group(1) == "true"
        config = rest.split("  config:", 1)[1]
        config = "\n".join(line for line in config.split("\n") if not line.startswith("#"))
        inline, _, block = config.partition("\n")
        lines = [line[4:] for line in block.split("\n")]
        yield name, valid, (inline.strip() + "\n" if inline.strip() else "") + "\n".join(lines)


def check_samples():
    good = bad = 0
    for name, valid, text in samples():
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(text)
            f.flush()
            out = subprocess.run([binary, "check", "--json", f.name], capture_output=True, text=True, timeout=60)
        found = [json.loads(line) for line in out.stdout.splitlines()]
        wrong = [p for p in found if p["severity"] == "error"]
        if valid == (not wrong):
            good += 1
        else:
            bad += 1
            print("sample %s: valid is %s, said %s" % (name, valid, [p["message"] for p in found][:3]))
    print("sample configurations: %d/%d get their verdict" % (good, good + bad))
    return good, bad


good, bad = play_cases()
fine, off = check_samples()
print("%d passed, %d failed" % (good + fine, bad + off))
sys.exit(1 if bad or off else 0)
