"""Hostile texts in data, labels and folder names never act on the terminal."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

_RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_FOLDER = "ev\x1b[2Jil \u202egnp"


@pytest.mark.parametrize(
    "command",
    [
        ("artifact", "list"),
        ("artifact", "verify"),
        ("backup", "create", "--label", "x\x1b]0;t\x07y"),
        ("backup", "list"),
        ("backup", "verify", "no\x1b[2Jpe"),
        ("check",),
        ("compact",),
        ("config", "show"),
        ("doctor", "--utc"),
        ("erase", "odd", "--dry-run"),
        ("erase", "n\x1b[2Jo"),
        ("erased",),
        ("init",),
        ("quarantine", "list"),
        ("recover", "dead-letters", "list"),
        ("recover", "outbox", "list"),
        ("recover", "replay"),
        ("recover", "salvage", "gone\x1b[2J", "--target-workspace", "t"),
        ("rename", "odd", "\x1b[31m"),
        ("repair", "plan"),
        ("restore", "plan", "x\x1b[2J"),
        ("retain", "runs", "--keep-last", "0"),
        ("tag", "odd"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_control_character_comes_out(
    call: Call, made_lab: Path, project: Path, command: tuple[str, ...], form: str
) -> None:
    """In a folder with a hostile name, over hostile runs: nothing raw on stdout or stderr."""
    root = shutil.copytree(made_lab, project / _FOLDER / ".contexta")
    done = call(*command, "--workspace", str(root), "--format", form)

    assert not _RAW.search(done.out + done.err)
    assert "internal_error" not in done.err
