"""The machine as /proc tells it: processes with their CPU time and memory, and children that are ended by their own id."""

import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parents[2]


def stat(pid):
    text = Path(f"/proc/{pid}/stat").read_text()
    rest = text[text.rindex(")") + 2:].split()
    # rest[0] is field 3 of proc(5): parent 4, session 6, utime to cstime 14 to 17, threads 20
    return {"parent": int(rest[1]), "session": int(rest[3]), "cpu": sum(map(int, rest[11:15])), "threads": int(rest[17])}


def tree(root):
    """The process and everything in the session it leads."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                one = stat(name)
            except (OSError, ValueError, IndexError):
                continue
            if one["session"] == root or int(name) == root:
                found[int(name)] = one
    return found


def cpu_s(root):
    """CPU seconds of the process tree so far."""
    return sum(one["cpu"] for one in tree(root).values()) / TICK


def busy_s():
    """CPU seconds that the whole machine has spent so far."""
    with open("/proc/stat") as file:
        fields = [int(field) for field in file.readline().split()[1:8]]
    return sum(fields[i] for i in (0, 1, 2, 5, 6)) / TICK


def rss_mb(root, field="VmRSS"):
    """Memory of the process tree, now or (VmHWM) at most so far; pages that processes share count for each."""
    total = 0
    for pid in tree(root):
        try:
            found = re.search(field + r":\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        except OSError:
            continue
        total += int(found.group(1)) if found else 0
    return total / 1024


class Child:
    """A process that leads its own session, perhaps pinned to CPUs."""

    def __init__(self, argv, cpus=None, env=None, cwd=None, log=None):
        self.log = log
        out = open(log, "ab") if log else subprocess.DEVNULL
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=cwd,
            env=dict(os.environ, **(env or {})), start_new_session=True, preexec_fn=pinned(cpus))
        self.pid = self.process.pid

    def alive(self):
        return self.process.poll() is None

    def said(self):
        return Path(self.log).read_text(errors="replace")[-2000:] if self.log else ""

    def stop(self):
        for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            for pid in tree(self.pid):
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
            end = time.monotonic() + patience
            while time.monotonic() < end:
                self.process.poll()
                if not tree(self.pid):
                    return
                time.sleep(0.02)


def pinned(cpus):
    """What a child does before it begins; None: it may run anywhere."""
    return (lambda: os.sched_setaffinity(0, cpus)) if cpus else None


def run(argv, cpus=None, timeout=300):
    """Runs a program to its end and gives what it printed."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=timeout, preexec_fn=pinned(cpus))
    if done.returncode:
        raise RuntimeError(f"{argv[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def get(port, target, method="GET", timeout=5):
    """Status and body of a request without body to a port of this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as conn:
        conn.sendall(f"{method} {target} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n".encode())
        got = b""
        while b"\r\n\r\n" not in got or len(got.partition(b"\r\n\r\n")[2]) < length_of(got):
            piece = conn.recv(65536)
            if not piece:
                break
            got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1."):
        raise OSError("no answer")
    return int(head.split()[1]), body


def length_of(got):
    found = re.search(rb"\ncontent-length: *(\d+)", got.partition(b"\r\n\r\n")[0], re.I)
    return int(found.group(1)) if found else 1 << 60


def free_ports(count, first=18200, last=31900):
    """Ports in a row that nobody listens on, below those that connections get."""
    for begin in range(first, last, count):
        if all(is_free(port) for port in range(begin, begin + count)):
            return list(range(begin, begin + count))
    raise RuntimeError("no free ports")


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def cpus():
    """CPUs for mock and load, and for the gateway; None twice on a machine with one."""
    mine = sorted(os.sched_getaffinity(0))
    return ({mine[0]}, {mine[1]}) if len(mine) > 1 else (None, None)


def raise_files():
    """As many open files as we may have, for us and our children."""
    import resource
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def program(variable, name, profile="release", package=None):
    """A program of ours: the one the variable names, else built now."""
    if os.environ.get(variable):
        return Path(os.environ[variable]).resolve()
    subprocess.run(["cargo", "build", "--quiet", "--profile", profile, "-p", package or name], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    return (ROOT / target / profile / name).resolve()


def described():
    """What a reader of the figures has to know of the machine."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return {"cpu": model.group(1) if model else platform.machine(), "cpus": len(os.sched_getaffinity(0)),
            "memory_gib": round(int(memory.group(1)) / 2**20, 1), "kernel": platform.release().partition("-")[0],
            "system": system_name(), "date": time.strftime("%Y-%m-%d %H:%M %Z"), "commit": commit()}


def system_name():
    try:
        return re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text()).group(1)
    except (OSError, AttributeError):
        return platform.system()


def commit():
    if not shutil.which("git"):
        return "unknown"
    def git(*args):
        return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
