"""Run a program under strace: record what it does to files, or kill it at one call.

strace numbers calls per thread and per name, so a boundary is a name and an ordinal.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

CHANGING = (
    *("write", "writev", "pwrite64", "pwritev", "ftruncate", "fallocate", "copy_file_range"),
    *("fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat", "symlink"),
    *("unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "openat", "sendfile", "chmod", "fchmod"),
)
TRACKING = ("lseek", "close", "dup", "dup2", "dup3", "fcntl")
_LINE = re.compile(r"(\d+) +(\d+\.\d+) (\w+)\((.*)\) += (-?\d+)(.*)", re.DOTALL)
_UNFINISHED = re.compile(r"(\d+) +(\d+\.\d+) (\w+)\((.*?) <unfinished \.\.\.>", re.DOTALL)
_RESUMED = re.compile(r"(\d+) +(\d+\.\d+) <\.\.\. (\w+) resumed>(.*)", re.DOTALL)
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PLACE = re.compile(r"<((?:\\x[0-9a-f]{2})*)>")


class Call(NamedTuple):
    """One system call that succeeded, in order of completion.

    `descriptors` are the numbers of its arguments that are open files, `folders` where those
    are; `texts` its strings; `ordinal` counts calls of this name by this thread from 1.
    """

    thread: int
    at: float
    name: str
    arguments: str
    result: int
    ordinal: int

    @property
    def texts(self) -> list[bytes]:
        return [_bytes(found) for found in _TEXT.findall(self.arguments)]

    @property
    def places(self) -> list[str]:
        return [_bytes(found).decode() for found in _PLACE.findall(self.arguments)]

    @property
    def descriptor(self) -> int:
        return int(re.match(r"\d+", self.arguments).group())

    def numbers_behind_text(self) -> list[int]:
        """Return the plain numbers that follow the first string."""
        return [int(n) for n in re.findall(r"(?<![\w<])\d+", self.arguments.rsplit('"', 1)[-1])]


def is_available() -> bool:
    """Whether strace is installed and may trace."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def record(program: Sequence[str], trace: Path, **options: object) -> Iterator[Call]:
    """Run a Python program to its end and yield its calls on files."""
    wanted = ",".join((*CHANGING, *TRACKING))
    # A program that was traced must have stayed alive: nothing is learned from half a run.
    command = ["strace", "-f", "-qq", "-xx", "-y", "-ttt", "-s", "16777216", "-o", str(trace)]
    subprocess.run(
        [*command, "-e", f"trace={wanted}", sys.executable, *program], check=True, **options
    )
    return calls_in(trace)


def kill_at(name: str, ordinal: int, program: Sequence[str], **options: object) -> int:
    """Run a Python program and kill it when a thread enters its nth call of a name."""
    inject = ["-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={ordinal}"]
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", *inject]
    return subprocess.run([*command, sys.executable, *program], check=False, **options).returncode


def fail_at(name: str, ordinal: str, error: str, program: Sequence[str], **options: object) -> int:
    """Run a Python program and let its nth (or `n+`) calls of a name fail with an errno."""
    inject = ["-e", f"trace={name}", "-e", f"inject={name}:error={error}:when={ordinal}"]
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", *inject]
    return subprocess.run([*command, sys.executable, *program], check=False, **options).returncode


def changes(calls: Sequence[Call], root: Path) -> list[int]:
    """Return the positions of the calls that change something below a folder."""
    inside = str(root.resolve())
    found = []
    for position, call in enumerate(calls):
        if call.name in TRACKING:
            continue
        if call.name == "openat" and "O_CREAT" not in call.arguments:
            continue
        paths = [*call.places, *(text.decode("utf-8", "replace") for text in call.texts[:2])]
        if any(path.startswith(inside) for path in paths):
            found.append(position)
    return found


def boundaries(calls: Sequence[Call], root: Path) -> list[tuple[str, int]]:
    """Return name and ordinal of each changing call of the main thread below a folder."""
    own = [calls[position] for position in changes(calls, root)]
    return [(call.name, call.ordinal) for call in own if call.thread == calls[0].thread]


def calls_in(trace: Path) -> Iterator[Call]:
    """Parse a trace. Calls that failed are counted for the ordinals and left out."""
    counts: Counter[tuple[int, str]] = Counter()
    started: dict[int, tuple[str, str]] = {}
    with trace.open("rb") as lines:
        for raw in lines:
            line = raw.decode("ascii").rstrip("\n")
            if unfinished := _UNFINISHED.fullmatch(line):
                started[int(unfinished[1])] = (unfinished[3], unfinished[4])
                continue
            if resumed := _RESUMED.fullmatch(line):
                name, arguments = started.pop(int(resumed[1]))
                line = f"{resumed[1]} {resumed[2]} {name}({arguments}{resumed[4]}"
            match = _LINE.fullmatch(line)
            if match is None:
                continue
            thread, name, result = int(match[1]), match[3], int(match[5])
            counts[thread, name] += 1
            if result >= 0:
                ordinal = counts[thread, name]
                yield Call(thread, float(match[2]), name, match[4], result, ordinal)


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
