"""The gateway under callgrind: how many instructions and allocations some requests take. No clock is asked."""

import re
import subprocess
from pathlib import Path

from .machine import Child

# entries of the allocators that a Rust program may use; calls from one of them to another are its own affair
ALLOCATOR = re.compile(r"_*(mi_|rjem_|je_)?\w*(malloc|calloc|realloc|memalign|zalloc|new_aligned)\w*$")
INSIDE = re.compile(r"_*(mi|rjem|je)_|_+libc_|_int_|malloc|calloc|realloc|sysmalloc|tcache")


class Profile:
    """A command that runs under callgrind, one thread at a time, and is asked for counts between loads."""

    def __init__(self, argv, work, **how):
        self.out = Path(work, "callgrind")
        options = [f"--callgrind-out-file={self.out}", "--separate-threads=no", "--compress-pos=no"]
        self.child = Child(["valgrind", "--tool=callgrind", *options, *argv], log=Path(work, "log"), **how)
        self.dumps = 0

    def control(self, word):
        told = subprocess.run(["callgrind_control", word, str(self.child.pid)], capture_output=True, text=True, timeout=120)
        if told.returncode or "OK" not in told.stdout:
            raise RuntimeError(f"callgrind_control {word}: {told.stdout}{told.stderr}")

    def zero(self):
        self.control("--zero")

    def counts(self):
        """Instructions and allocations since the last time, and what they were spent on."""
        self.control("--dump")
        self.dumps += 1
        return read(Path(f"{self.out}.{self.dumps}"))


def read(path):
    """A profile of callgrind: total, calls of the allocator, own instructions of each function."""
    names, own, allocations, total = {}, {}, 0, 0
    function = callee = ""
    inclusive = False

    def named(text):
        number, _, name = text.partition(" ")
        if name:
            names[number] = name
        return names.get(number, number)

    with open(path, errors="replace") as file:
        for line in file:
            if line.startswith("fn="):
                function = named(line[3:].strip())
            elif line.startswith("cfn="):
                callee = named(line[4:].strip())
            elif line.startswith("calls="):
                # the next line is what the call cost, which counts for the callee
                inclusive = True
                if ALLOCATOR.match(callee) and not INSIDE.match(function):
                    allocations += int(line[6:].split()[0])
            elif line.startswith(("totals:", "summary:")):
                total = max(total, int(line.split()[1]))
            elif line[:1].isdigit():
                if not inclusive:
                    own[function] = own.get(function, 0) + int(line.split()[-1])
                inclusive = False
    return {"instructions": total, "allocations": allocations, "own": own}
