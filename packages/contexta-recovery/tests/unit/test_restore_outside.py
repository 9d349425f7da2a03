"""What a restore brings to folders outside the workspace: an outbox elsewhere, files beside."""

import os
import shutil
import stat

import pytest

from contexta.recovery import (
    RestoreError,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    replay_outbox,
    restore_workspace,
)
from contexta.recovery._survivors import add_beside
from contexta.recovery.outbox import append_entry


def back_up(config):
    return create_workspace_backup(config, plan_workspace_backup(config))


def restore(config, ref):
    return restore_workspace(config, plan_restore(config, ref))


def entry(number):
    return {"replay_ref": f"r{number}", "family": "RECORD", "payload": number}


def test_an_outbox_elsewhere_keeps_its_deliveries_and_gets_the_restored_ones(
    config_at, root, populate, tmp_path
):
    """It used to be written before anything was verified, or stopped the restore."""
    config = config_at(root, outbox_root=tmp_path / "queue")
    populate(root)
    append_entry(tmp_path / "queue", entry(1))
    ref = back_up(config).backup_ref
    (tmp_path / "queue" / "failed_deliveries.jsonl").unlink()
    append_entry(tmp_path / "queue", entry(2))

    result = restore(config, ref)

    assert result.applied
    assert not (root / "recovery" / "outbox").exists()
    assert [one.replay_ref for one in replay_outbox(config).entries] == ["r2", "r1"]


def test_a_refused_restore_does_not_touch_an_outbox_elsewhere(config_at, root, populate, tmp_path):
    config = config_at(root, outbox_root=tmp_path / "queue")
    populate(root)
    append_entry(tmp_path / "queue", entry(1))
    location = back_up(config).location
    (tmp_path / "queue" / "failed_deliveries.jsonl").unlink()
    next((location / "workspace" / "records").rglob("*.parquet*")).unlink()

    with pytest.raises(RestoreError):
        restore(config, location.name)

    assert not (tmp_path / "queue" / "failed_deliveries.jsonl").exists()


def test_what_lies_outside_is_brought_there_for_good_and_a_killed_call_leaves_nothing(
    tmp_path, monkeypatch, synced
):
    """Killed before a rename, the next call needs the same name for its half-done file."""
    staged, live = tmp_path / "staged", tmp_path / "live"
    (staged / "reports").mkdir(parents=True)
    (staged / "reports" / "one.html").write_text("report")
    (staged / "queue.jsonl").write_text('{"a": 1}\n')
    (live / "reports").mkdir(parents=True)
    (live / "queue.jsonl").write_text('{"b": 2}\n')
    real, to_come = os.replace, {live / "queue.jsonl", live / "reports" / "one.html"}

    def killed(source, target):
        if target in to_come:
            to_come.remove(target)
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", killed)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            add_beside(staged, live)
    synced.clear()
    add_beside(staged, live)
    unchanged = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*"))
    left = sorted(path.relative_to(live).as_posix() for path in live.rglob("*"))

    assert ["queue.jsonl", "reports", "reports/one.html"] == left == unchanged
    assert '{"a": 1}\n' == (staged / "queue.jsonl").read_text()
    assert ['{"b": 2}', '{"a": 1}'] == (live / "queue.jsonl").read_text().splitlines()
    assert {live.stat().st_ino, (live / "reports").stat().st_ino} <= synced


def test_what_is_brought_outside_is_never_readable_by_others(tmp_path, monkeypatch):
    """Not while it is copied either, whatever the umask."""
    staged, live = tmp_path / "staged", tmp_path / "live"
    staged.mkdir()
    (staged / "one.html").write_text("report")
    copy, modes = shutil.copyfileobj, []

    def looked_at(source, target):
        modes.append(stat.S_IMODE(os.fstat(target.fileno()).st_mode))
        copy(source, target)

    monkeypatch.setattr(shutil, "copyfileobj", looked_at)
    before = os.umask(0)
    try:
        add_beside(staged, live)
    finally:
        os.umask(before)

    assert [0o600] == modes
    assert 0o600 == stat.S_IMODE((live / "one.html").stat().st_mode)
