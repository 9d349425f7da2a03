"""Start work in forks of one prepared process; trace, kill or disturb it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from _strace import CHANGING, TRACKING, Call, calls_in, changes

ZYGOTE = str(Path(__file__).with_name("_zygote.py"))
_PATIENCE_SECONDS = 600.0


class Ended(NamedTuple):
    """How work ended: the exit code, -9 when it was killed, and what it said."""

    code: int
    said: str


class Forking:
    """The prepared process. `output` receives what the work in progress says."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self._process, self._output = process, output

    def _start(self, name: str, folder: Path, *, stopped: bool = False) -> int:
        self._output.unlink(missing_ok=True)
        assert self._process.stdin is not None
        line = json.dumps([name, str(folder), stopped, str(self._output)])
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the prepared process ended; its traceback is above"
        return line

    def _ended(self) -> Ended:
        code = os.waitstatus_to_exitcode(int(self._answer()))
        said = self._output.read_text() if code > 0 else ""
        return Ended(code, said)

    def run(self, name: str, folder: Path) -> tuple[Ended, float]:
        """Work to the end; return how it ended and the seconds it took."""
        started = time.perf_counter()
        self._start(name, folder)
        return self._ended(), time.perf_counter() - started

    def kill_after(self, seconds: float, name: str, folder: Path) -> Ended:
        """Work, and be killed after so many seconds, unless done by then."""
        pid = self._start(name, folder)
        with suppress(ProcessLookupError):  # done by then, perhaps before it can be looked at
            handle = os.pidfd_open(pid)
            try:
                time.sleep(seconds)
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)
        return self._ended()

    def traced(self, options: Sequence[str], name: str, folder: Path) -> Ended:
        """Work under strace, from before its first call on."""
        pid = self._start(name, folder, stopped=True)
        _wait_for(lambda: _status(pid, "State").startswith(("T", "t")))
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-p", str(pid), *options])
        try:
            _wait_for(lambda: _status(pid, "TracerPid") != "0")
            os.kill(pid, signal.SIGCONT)
            return self._ended()
        finally:
            tracer.wait(timeout=_PATIENCE_SECONDS)

    def calls(
        self,
        name: str,
        folder: Path,
        trace: Path,
        *,
        texts: int = 300,
        killed_at: tuple[str, int] | None = None,
    ) -> list[Call]:
        """Work, to the end or to a kill; return the calls on files, so many bytes of each text."""
        wanted = ",".join((*CHANGING, *TRACKING))
        options = ["-xx", "-y", "-ttt", "-s", str(texts), "-o", str(trace), "-e", f"trace={wanted}"]
        if killed_at is not None:
            options += ["-e", f"inject={killed_at[0]}:signal=SIGKILL:when={killed_at[1]}"]
        ended = self.traced(options, name, folder)
        assert ended.code == (0 if killed_at is None else -9), ended.said
        return list(calls_in(trace))

    def kill_at(self, point: tuple[str, int], name: str, folder: Path) -> Ended:
        """Work, and be killed when a thread enters its nth call of a name."""
        call, ordinal = point
        return self._injected(call, f"signal=SIGKILL:when={ordinal}", name, folder)

    def fail_at(self, call: str, when: str, error: str, name: str, folder: Path) -> Ended:
        """Work while the nth call of a name (`n+`: and every later one) fails with an errno."""
        return self._injected(call, f"error={error}:when={when}", name, folder)

    def _injected(self, call: str, what: str, name: str, folder: Path) -> Ended:
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:{what}"]
        return self.traced(["-o", "/dev/null", *inject], name, folder)


@contextmanager
def forking(folder: Path) -> Iterator[Forking]:
    """Start the prepared process; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, ZYGOTE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Forking(process, folder / "output")
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=_PATIENCE_SECONDS)
        assert process.stdout is not None
        process.stdout.close()


def points_of(calls: Sequence[Call], root: Path) -> list[tuple[str, int]]:
    """Return each name and ordinal with which a thread changes something below a folder.

    Of threads that do the same work, the first to get there is the one that is met.
    """
    found = (calls[position] for position in changes(calls, root))
    return list(dict.fromkeys((call.name, call.ordinal) for call in found))


def copied(base: Path, folder: Path) -> Path:
    """Copy a prepared folder, names of one file included, in the place of an earlier copy."""
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    subprocess.run(["cp", "-a", str(base), str(folder)], check=True)
    return folder


def _status(pid: int, field: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return value.strip()
    return ""


def _wait_for(condition) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the traced process does not get there"
        time.sleep(0.001)
