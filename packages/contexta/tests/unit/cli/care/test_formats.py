"""A form that a result does not have is refused before anything is done."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.mark.parametrize("form", ["csv", "ndjson"])
@pytest.mark.parametrize(
    "command",
    [
        ("archive", "day-1"),
        ("artifact", "register", "model_bundle", "m.bin", "--run", "day-1"),
        ("backup", "create"),
        ("compact", "--full"),
        ("demo", "-w", "new"),
        ("erase", "day-1", "--yes"),
        ("rename", "day-1", "other"),
        ("repair", "apply", "--yes"),
        ("retain", "artifacts", "--keep-last", "0", "--apply", "--yes"),
        ("retain", "runs", "--keep-last", "0", "--apply", "--yes"),
        ("tag", "day-1", "a=b"),
    ],
    ids=" ".join,
)
def test_nothing_is_done_for_a_form_that_is_not_there(
    call: Call, made_lab: Path, project: Path, command: tuple[str, ...], form: str
) -> None:
    """Exit code 2, and every file is as it was."""
    shutil.copytree(made_lab, project / ".contexta")
    Path("m.bin").write_bytes(b"weights")

    def files() -> dict[str, bytes]:
        found = (path for path in project.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in found if "-shm" not in path.name}

    before = files()
    done = call(*command, "--format", form)

    assert before == files()
    assert (2, "") == (done.code, done.out)
