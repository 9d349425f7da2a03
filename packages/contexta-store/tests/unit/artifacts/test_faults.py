"""Disks that refuse, media that cannot be written."""

import errno
import os
import random

import pytest

from contexta.contract.errors import ContextaError, StoreAccessError
from contexta.store.artifacts import RemovalPolicy

REF = "artifact:p.r.m"
CODES = {
    errno.ENOSPC: "store_disk_full",
    errno.EIO: "store_io_failed",
    errno.EACCES: "store_permission_denied",
    errno.EROFS: "store_permission_denied",
}
CALLS = ("open", "write", "replace", "mkdir", "chmod", "fsync")


@pytest.fixture
def fail(monkeypatch):
    """Let the n-th changing call from now on fail, once; return how many were made."""

    def arm(number, code):
        made = [0]

        def counted(original, name):
            def called(*arguments, **more):
                flags = arguments[1] if name == "open" and len(arguments) > 1 else 0
                if name != "open" or flags & os.O_CREAT:
                    made[0] += 1
                    if made[0] == number:
                        raise OSError(code, os.strerror(code))
                return original(*arguments, **more)

            return called

        patch = pytest.MonkeyPatch()
        for name in CALLS:
            patch.setattr(os, name, counted(getattr(os, name), name))
        return patch, made

    return arm


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
def test_a_refusal_at_any_step_is_our_error_and_leaves_nothing_half(
    store, manifest, source, fail, code
):
    """Either the put was refused with a code, or it is whole; the next one works."""
    number, failed = 0, True
    while failed:
        number += 1
        ref = f"artifact:p.r.n{number}"
        source.write_bytes(b"%d" % number * 1000)
        patch, made = fail(number, code)
        try:
            store.put_artifact(manifest(f"n{number}"), source)
            refused = None
        except StoreAccessError as error:
            refused = error.code
        finally:
            patch.undo()
        failed = made[0] >= number
        staged = list(store.root_path.glob("staging/*"))

        assert refused in {None, CODES[code]}
        assert staged == []
        if refused is None:
            assert store.verify_artifact(ref).verified
        store.put_artifact(manifest(f"n{number}"), source)
    report = store.verify_all()

    assert number > 10
    assert (report.missing_refs, report.drifted_refs, report.damaged_bindings) == ((), (), ())


def test_a_full_disk_at_random_steps_of_everything_else(store, manifest, source, fail, tmp_path):
    """Exports, imports, removals, quarantine: our error or done, and what was stored stays."""
    dice = random.Random(7)
    store.put_artifact(manifest(), source)
    package = store.export_artifact(REF, export_root=tmp_path / "out").export_directory

    def work():
        store.export_artifact(REF, export_root=tmp_path / "out")
        store.put_artifact(manifest("n"), source)
        plan = store.plan_removal(RemovalPolicy(), named_refs=["artifact:p.r.n"])
        store.apply_removal_plan(plan, dry_run=False)
        store.import_export_package(package, conflict_policy="replace")
        store.collect_garbage(grace_seconds=0, dry_run=False)

    refused = 0
    for _ in range(30):
        patch, _ = fail(dice.randrange(1, 80), errno.ENOSPC)
        try:
            work()
        except ContextaError as error:
            refused += error.code == "store_disk_full"
        finally:
            patch.undo()
        assert store.read_artifact_bytes(REF) == source.read_bytes()
        assert store.verify_all().missing_refs == ()
    work()

    assert refused > 10
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["artifact__p.r.m"]


def everything(root):
    return {
        path: (path.lstat().st_mtime_ns, path.lstat().st_ctime_ns, path.lstat().st_ino)
        for path in (root, *root.rglob("*"))
    }


def test_a_read_only_store_writes_nothing_at_all(opened, manifest, source, root, tmp_path):
    """No file and no folder changes, whatever is read, checked, planned or exported."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_bytes(b"a")
    with opened() as store:
        store.put_artifact(manifest(), source)
        store.put_artifact(manifest("tree"), folder)
        store.put_artifact(manifest("gone"), folder / "a")
        plan = store.plan_removal(RemovalPolicy(), named_refs=["artifact:p.r.gone"])
        store.apply_removal_plan(plan, dry_run=False)
        package = store.export_artifact(REF, export_root=tmp_path / "out").export_directory
    (root / "_hashed.jsonl").unlink()
    before = everything(root)
    reader = opened(read_only=True)
    reader.read_artifact_bytes(REF)
    reader.read_artifact_range(REF, 1, 2)
    list(reader.iter_artifact_chunks(REF))
    reader.extract_artifact("artifact:p.r.tree", tmp_path / "extracted")
    reader.list_bindings()
    reader.list_tombstones()
    reader.list_quarantine()
    reader.audit_log()
    reader.verify_all()
    reader.inspect_store(deep=True)
    reader.inspect_store()
    reader.refresh_verification(REF)
    reader.apply_repair_plan(reader.build_repair_plan())
    reader.collect_garbage(grace_seconds=0)
    reader.apply_removal_plan(reader.plan_erasure("run:p.r"))
    reader.plan_retention()
    reader.migrate_bindings(dry_run=False)
    reader.export_artifact(REF, export_root=tmp_path / "out", archive=True)
    reader.import_export_package(package)
    reader.import_artifact(manifest(), source, conflict_policy="skip")
    reader.close()

    assert everything(root) == before
