"""A backup of what is being written holds all that was stored before it began."""

import errno
import os
import shutil
import threading

import pytest

from contexta.recovery import (
    BackupError,
    create_workspace_backup,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
    verify_backup,
)


def back_up(config, **options):
    return create_workspace_backup(config, plan_workspace_backup(config, **options))


def test_stores_that_are_open_and_written_meanwhile_are_copied_as_of_one_moment(
    config, workspace, open_stores, contents, tmp_path
):
    """Database and log used to be copied in the middle of a write, each of another moment."""
    done = threading.Event()
    with open_stores(workspace) as stores:
        before = stores.contents()

        def write():
            number = 0
            while not done.is_set():
                number += 1
                stores.add_run(f"later{number}")
                stores.add_event(f"later{number}", number)
                stores.add_artifact(f"later{number}", "body", b"%d" % number)

        writer = threading.Thread(target=write)
        writer.start()
        made = [back_up(config) for _ in range(3)]
        done.set()
        writer.join()
        stores.add_event("first", 1000)
        after = stores.contents()

    for number, one in enumerate(made):
        assert (one.status, one.warnings) == ("SUCCESS", ())
        target = tmp_path / str(number)
        plan = plan_restore(config, one.backup_ref, target_workspace=target)
        assert restore_workspace(config, plan).status == "SUCCESS"
        held = contents(target)
        for kind in before:
            assert set(before[kind]) <= set(held[kind]) <= set(after[kind])
        runs = {ref.removeprefix("run:p.") for ref in held["runs"]}
        assert {line.split(".")[1] for line in held["artifacts"]} <= runs
    assert contents(workspace) == after


def test_what_the_process_writes_after_a_backup_is_not_lost(config, workspace, open_stores):
    """Closing any descriptor of the database would drop the locks of the process on it."""
    with open_stores(workspace) as stores:
        back_up(config)
        stores.add_run("second")
        stores.add_event("second", 1)

    with open_stores(workspace) as stores:
        assert "run:p.second" in stores.contents()["runs"]


CALLS = ("write_all", "link", "fsync_file", "write_manifest", "publish")


def failing(monkeypatch, name, call_number, code):
    """Let one call of the system fail, counted from the start of the backup."""
    import contexta.recovery._build as build
    import contexta.recovery._store_files as store_files
    import contexta.recovery._sync as sync
    import contexta.recovery.backup as backup

    module = {
        "write_all": store_files,
        "link": os,
        "fsync_file": sync,
        "write_manifest": build,
        "publish": backup,
    }[name]
    real, calls = getattr(module, name), []

    def fails(*arguments, **options):
        calls.append(None)
        if len(calls) == call_number:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    monkeypatch.setattr(module, name, fails)
    return calls


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("code", "call_number"), [(errno.ENOSPC, 1), (errno.EIO, 3)])
def test_a_disk_that_is_full_or_fails_publishes_nothing_and_the_next_backup_works(
    config, workspace, monkeypatch, name, code, call_number
):
    """Errors of the system surfaced raw, and left folders that a restore accepted."""
    first = back_up(config) if name == "link" else None
    before = [] if first is None else [first.backup_ref]
    with monkeypatch.context() as patch:
        calls = failing(patch, name, call_number, code)
        if call_number == 3 and name in ("write_manifest", "publish"):
            back_up(config)
            assert len(calls) == 1
            return
        with pytest.raises(BackupError) as caught:
            back_up(config)

    wanted = "recovery_disk_full" if code == errno.ENOSPC else "recovery_io_failed"
    assert caught.value.code == wanted
    assert [one.backup_ref for one in list_backups(config)] == before
    assert back_up(config).status == "SUCCESS"
    assert all(verify_backup(config, one.backup_ref).ok for one in list_backups(config))


def test_a_disk_that_gives_back_other_bytes_than_were_written_publishes_nothing(
    config, workspace, monkeypatch
):
    """What was written used to be never read again."""
    import contexta.recovery._build as module

    sync = module.sync_files

    def rots(paths):
        paths = list(paths)
        sync(paths)
        victim = max(paths, key=lambda path: path.stat().st_size)
        body = bytearray(victim.read_bytes())
        body[len(body) // 2] ^= 4
        victim.write_bytes(body)

    with monkeypatch.context() as patch:
        patch.setattr(module, "sync_files", rots)
        with pytest.raises(BackupError) as caught:
            back_up(config)

    assert caught.value.code == "recovery_backup_unverified"
    assert list_backups(config) == ()


def test_a_file_that_becomes_a_link_while_it_is_copied_is_not_followed(
    config, workspace, tmp_path, monkeypatch
):
    import contexta.recovery._copy as module

    (tmp_path / "id_rsa").write_text("private")
    planted = workspace / "artifacts" / "planted"
    planted.write_text("mine")
    walk = module.walk_files

    def walks(top, take, warnings):
        for found in walk(top, take, warnings):
            if found.path == planted and not planted.is_symlink():
                planted.unlink()
                planted.symlink_to(tmp_path / "id_rsa")
            yield found

    monkeypatch.setattr(module, "walk_files", walks)

    made = back_up(config)

    assert made.warnings == ("link_skipped:workspace/artifacts/planted",)
    assert not [path for path in made.location.rglob("*") if path.name.startswith("planted")]


@pytest.mark.parametrize("form", ["directory", "archive"])
def test_a_backup_that_is_pruned_the_moment_it_is_published_was_made_nevertheless(
    config, workspace, monkeypatch, form
):
    """Another process may prune by a rule that keeps none of this label."""
    import contexta.recovery.backup as module

    publish = module.publish

    def published_and_pruned(packed, location):
        publish(packed, location)
        shutil.rmtree(location) if location.is_dir() else location.unlink()

    monkeypatch.setattr(module, "publish", published_and_pruned)

    made = back_up(config, form=form)

    assert (made.status, made.location.exists()) == ("SUCCESS", False)
    assert made.bytes_written > 0
