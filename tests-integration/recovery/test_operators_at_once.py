"""Backups, prunes, verifications and restores at once do not get in each other's way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from _backup_forms import ALL, CAN_SEAL, NEEDS_CRYPTOGRAPHY, verify
from _rich_workspace import contents, fill, settings

from contexta.recovery import list_backups

SCRIPT = str(Path(__file__).with_name("_operator.py"))
TASKS = ("backup", "backup", "prune", "prune", "restore")


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.name)
def test_operators_at_once(tmp_path, form, kills):
    """Two back up what shares its bytes, two prune, one verifies and restores the newest."""
    if form.is_sealed and not CAN_SEAL:
        pytest.skip(NEEDS_CRYPTOGRAPHY)
    fill(tmp_path / "home", ("one", "two"))
    config = form.configure(settings(tmp_path / "home", backup_root=tmp_path / "backups"), tmp_path)
    form.back_up(config)
    times = 3 * kills
    operators = [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(tmp_path), form.name, task, str(times)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for task in TASKS
    ]
    said = [process.communicate(timeout=1200)[0].split("\n") for process in operators]
    left = [verify(config, one.backup_ref).status for one in list_backups(config)]
    hidden = [path for path in (tmp_path / "backups").iterdir() if path.name.startswith(".part")]
    restored = [contents(path) for path in tmp_path.glob("restored-*")]

    assert [["done", ""]] * len(TASKS) == said
    assert {"SUCCESS"} == set(left)
    assert [] == hidden
    assert restored
    assert all(contents(tmp_path / "home") == one for one in restored)
