"""What asks before it changes something: a terminal, an answer, and the exit code."""

import os
import pty
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
_CTRL_C = b"\x03"


def _in_terminal(folder: Path, answer: bytes, *arguments: str) -> tuple[int, str]:
    """Run a command in a pseudo terminal and answer its question."""
    child, screen = pty.fork()
    if child == 0:
        # Tests that a shell started in the background inherit that Ctrl-C is ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(folder)
        os.execv(sys.executable, [sys.executable, "-m", "contexta", *arguments])
    shown, asked = b"", False
    while True:
        # Python looks for signals between its own steps: a Ctrl-C right before it waits for the
        # answer is seen with the next key only.  A person presses again, and so does this.
        if asked and answer == _CTRL_C and not select.select([screen], [], [], 1)[0]:
            os.write(screen, answer)
            continue
        try:
            piece = os.read(screen, 4096)
        except OSError:  # the other end was closed
            break
        if not piece:
            break
        shown += piece
        if not asked and b"[y/N]" in shown:
            os.write(screen, answer)
            asked = True
    os.close(screen)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()


@pytest.mark.parametrize(
    ("answer", "code", "left"), [(b"n\n", 1, True), (_CTRL_C, 130, True), (b"y\n", 0, False)]
)
def test_a_terminal_is_asked(call: Call, demo: Path, answer: bytes, code: int, left: bool) -> None:
    """The plan is shown, then the question; no keeps everything, yes does it."""
    done, shown = _in_terminal(demo.parent, answer, "erase", "night-04")
    runs = call("runs", "--format", "json").out

    assert code == done
    assert "artifact:vision.night-04.model" in shown
    assert "Erase 1 run for good?" in shown
    assert left is ("run:vision.night-04" in runs)


def test_json_is_never_mixed_with_a_question(call: Call, demo: Path) -> None:
    """A program gets one JSON document on stderr, nothing on stdout, and the plan in details."""
    import json

    done = call("erase", "night-04", "--format", "json")
    error = json.loads(done.err)["error"]

    assert (1, "") == (done.code, done.out)
    assert "confirmation_required" == error["code"]
    assert any("night-04" in line for line in error["details"]["plan"])
