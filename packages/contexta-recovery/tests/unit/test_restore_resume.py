"""A restore goes on where a killed one stopped."""

import os
import signal

import pytest

import contexta.recovery._apply as apply_module
import contexta.recovery._swap as swap_module
import contexta.recovery._work as work_module
from contexta.recovery import (
    RestoreError,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
)


def back_up(config):
    return create_workspace_backup(config, plan_workspace_backup(config))


def killed(monkeypatch, module, name, function):
    """Run a function in a child that is killed as soon as it calls `module.name`."""
    pid = os.fork()
    if pid == 0:
        monkeypatch.setattr(module, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        function()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status)


def work_of(workspace):
    return workspace.with_name(f".{workspace.name}.restore")


def staged_files(workspace):
    new = work_of(workspace) / "new"
    return {path: path.stat().st_ino for path in new.rglob("*") if path.is_file()}


@pytest.fixture
def stopped(config, workspace, populate, monkeypatch):
    """A restore that was killed when all was staged and nothing exchanged."""
    ref = back_up(config).backup_ref
    populate(workspace, "second")
    plan = plan_restore(config, ref)
    run = lambda: restore_workspace(config, plan)  # noqa: E731
    killed(monkeypatch, apply_module, "back_up_target", run)
    return plan


def read_files(monkeypatch):
    """Note which files of a backup are read from now on."""
    import contexta.recovery._verify as verify_module

    found = []
    real = verify_module.check_entry

    def noted(source, entry, *arguments):
        found.append(entry.path)
        return real(source, entry, *arguments)

    monkeypatch.setattr(verify_module, "check_entry", noted)
    return found


def test_files_that_were_staged_are_not_copied_again(
    config, workspace, stopped, monkeypatch, contents
):
    """What verifies in the working folder is kept; nothing of it is read from the backup."""
    staged = staged_files(workspace)
    read = read_files(monkeypatch)

    result = restore_workspace(config, stopped)

    read = [path for path in read if "/config/" not in path]
    kept = set(staged.values()) & {path.stat().st_ino for path in workspace.rglob("*")}
    assert len(staged) > 5
    assert len(kept) == len(staged)
    assert ("resumed" in result.notes, contents(workspace)["runs"]) == (True, ["run:p.first"])
    assert not work_of(workspace).exists()


def test_a_staged_file_that_rotted_meanwhile_is_copied_again(config, workspace, stopped, contents):
    """Half a file, a changed one and a foreign one are all replaced or removed."""
    part = next((work_of(workspace) / "new" / "records").rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-3] + b"xyz")
    mark = work_of(workspace) / "new" / "workspace.json"
    mark.write_bytes(mark.read_bytes()[:5])
    (work_of(workspace) / "new" / "foreign.txt").write_text("x")

    result = restore_workspace(config, stopped)

    assert result.applied
    assert contents(workspace)["runs"] == ["run:p.first"]
    assert not (workspace / "foreign.txt").exists()


def test_files_staged_from_another_backup_are_not_used(config, workspace, stopped, contents):
    other = back_up(config).backup_ref

    result = restore_workspace(config, plan_restore(config, other))

    assert "resumed" not in result.notes
    assert contents(workspace)["runs"] == ["run:p.first", "run:p.second"]


def test_what_the_user_deleted_since_does_not_come_back(config, workspace, monkeypatch):
    """Survivors are carried over anew: the working folder of a killed restore has old ones."""
    (workspace / "old-note.txt").write_text("x")
    ref = back_up(config).backup_ref
    plan = plan_restore(config, ref)
    killed(monkeypatch, apply_module, "run_swaps", lambda: restore_workspace(config, plan))
    assert (work_of(workspace) / "new" / "old-note.txt").exists()
    (workspace / "old-note.txt").unlink()

    restore_workspace(config, plan)

    assert not (workspace / "old-note.txt").exists()


def test_killed_after_the_exchange_the_same_plan_finishes(
    config, workspace, populate, monkeypatch, contents
):
    """The target is no longer what the plan saw, but what the plan made of it."""
    ref = back_up(config).backup_ref
    populate(workspace, "second")
    plan = plan_restore(config, ref)
    killed(monkeypatch, apply_module, "settle", lambda: restore_workspace(config, plan))
    assert contents(workspace)["runs"] == ["run:p.first"]

    result = restore_workspace(config, plan)

    assert result.applied
    assert contents(workspace)["runs"] == ["run:p.first"]
    assert not work_of(workspace).exists()


def test_what_was_written_after_a_killed_restore_makes_its_plan_stale(
    config, workspace, populate, monkeypatch, contents
):
    """A run that was added to the restored state is not replaced by calling again."""
    ref = back_up(config).backup_ref
    populate(workspace, "second")
    plan = plan_restore(config, ref)
    killed(monkeypatch, apply_module, "settle", lambda: restore_workspace(config, plan))
    populate(workspace, "third")

    with pytest.raises(RestoreError) as caught:
        restore_workspace(config, plan)

    assert caught.value.code == "recovery_plan_stale"
    assert contents(workspace)["runs"] == ["run:p.first", "run:p.third"]


def test_killed_while_the_old_state_is_removed_the_next_call_removes_it(
    config, workspace, populate, monkeypatch, contents
):
    """Half an old state is never taken for a staged backup."""
    ref = back_up(config).backup_ref
    populate(workspace, "second")
    plan = plan_restore(config, ref)
    killed(monkeypatch, work_module, "remove_tree", lambda: restore_workspace(config, plan))

    result = restore_workspace(config, plan_restore(config, ref))

    assert ("resumed" in result.notes, contents(workspace)["runs"]) == (False, ["run:p.first"])
    assert not work_of(workspace).exists()


def test_killed_between_two_renames_the_next_call_finishes(
    config, workspace, populate, monkeypatch, contents
):
    """Without an atomic exchange there is a moment without the target, and only then."""
    location = back_up(config).location
    elsewhere = workspace.parent.parent / "kept"
    location.rename(elsewhere)
    populate(workspace, "second")
    plan = plan_restore(config, elsewhere)

    def run():
        real = os.replace

        def dying(source, target):
            if str(source).endswith("/new"):
                os.kill(os.getpid(), signal.SIGKILL)
            real(source, target)

        swap_module.os.replace = dying
        restore_workspace(config, plan)

    pid = os.fork()
    if pid == 0:
        swap_module.exchange = lambda first, second: False
        run()
        os._exit(0)
    os.waitpid(pid, 0)
    assert not workspace.exists()

    assert restore_workspace(config, plan_restore(config, elsewhere)).applied
    assert contents(workspace)["runs"] == ["run:p.first"]
