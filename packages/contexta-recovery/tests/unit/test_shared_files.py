"""Backups share the files that are equal, and each stays complete in itself."""

import json
import os
import random
from dataclasses import replace

import pytest

from contexta.recovery import (
    create_key_file,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
    verify_backup,
)
from contexta.recovery._manifest import write_manifest
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._source import DirectorySource

NOISE = random.Random(1).randbytes(300_000)


def back_up(config, **options):
    return create_workspace_backup(config, plan_workspace_backup(config, **options))


def entries_of(backup):
    data = json.loads((backup / "manifest.json").read_text())
    return {entry["path"]: entry for entry in data["files"]}


def inodes(backup):
    return {
        path.relative_to(backup).as_posix(): path.stat().st_ino
        for path in backup.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


@pytest.fixture
def rich(config, workspace, open_stores):
    """A workspace with a body that compresses and one that does not."""
    with open_stores(workspace) as stores:
        stores.add_artifact("first", "text", b"the same words again\n" * 20_000)
        stores.add_artifact("first", "noise", NOISE)
    return workspace


def test_a_second_backup_of_the_same_writes_its_manifest_only(config, rich):
    """Every backup was a full copy: three times the size for unchanged data."""
    first, second = back_up(config), back_up(config)

    assert inodes(second.location) == inodes(first.location)
    assert second.bytes_written == (second.location / "manifest.json").stat().st_size
    assert second.details["linked_file_count"] == second.details["file_count"]


def test_what_changed_is_written_and_the_rest_is_linked(config, rich, open_stores):
    first = back_up(config)
    with open_stores(rich) as stores:
        stores.add_artifact("first", "more", NOISE[:200_000])

    second = back_up(config)

    assert 200_000 <= second.bytes_written < 250_000
    assert second.details["counts"]["artifacts"] == first.details["counts"]["artifacts"] + 1
    assert verify_backup(config, second.backup_ref).status == "SUCCESS"


def test_removing_one_backup_leaves_the_others_whole(config, rich, contents, tmp_path):
    import shutil

    before = contents(rich)
    first, second = back_up(config), back_up(config)
    shutil.rmtree(first.location)

    plan = plan_restore(config, second.backup_ref, target_workspace=tmp_path / "new")
    restore_workspace(config, plan)

    assert contents(tmp_path / "new") == before


def test_a_restored_workspace_shares_no_file_with_the_backup(config, rich, open_stores, tmp_path):
    """Else writing to it would change every backup at once."""
    made = back_up(config)

    plan = plan_restore(config, made.backup_ref, target_workspace=tmp_path / "new")
    restore_workspace(config, plan)

    restored = {path.stat().st_ino for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert restored & set(inodes(made.location).values()) == set()


def test_text_is_stored_compressed_and_parquet_and_noise_as_they_are(config, rich):
    """Parts stay plain, so that other tools read the records of a backup."""
    entries = entries_of(back_up(config).location)

    by_kind = {
        path.rsplit(".", 1)[-1] if "." in path.rsplit("/", 1)[-1] else str(entry["size"]): entry
        for path, entry in entries.items()
    }
    assert by_kind["420000"]["encoding"] == "zstd"
    assert by_kind["420000"]["stored_size"] < 42_000
    assert by_kind[str(len(NOISE))]["encoding"] == "plain"
    assert by_kind["parquet"]["encoding"] == "plain"
    assert by_kind["sqlite"]["stored"].endswith("ledger.sqlite.zst")


def test_a_stored_file_is_read_by_any_zstd_tool(config, rich):
    import pyarrow as pa

    location = back_up(config).location
    entry = next(one for one in entries_of(location).values() if one["size"] == 420_000)

    with pa.input_stream(str(location / entry["stored"]), compression="zstd") as file:
        assert file.read() == b"the same words again\n" * 20_000


@pytest.mark.parametrize("damage", ["flip", "cut", "link"])
def test_a_file_that_rots_in_an_earlier_backup_is_written_afresh_and_named(config, rich, damage):
    """A link to rot would carry it into every backup to come."""
    first = back_up(config)
    entry = next(one for one in entries_of(first.location).values() if one["size"] == len(NOISE))
    path = first.location / entry["stored"]
    body = bytearray(path.read_bytes())
    if damage == "link":
        os.replace(path, path.with_name("moved"))
        path.symlink_to("moved")
    else:
        body[1000] ^= 1
        path.write_bytes(body[:-1] if damage == "cut" else body)

    second = back_up(config)

    named = f"earlier_backup_damaged:{first.backup_ref}/{entry['stored']}"
    assert verify_backup(config, second.backup_ref).ok
    assert not verify_backup(config, first.backup_ref).ok
    assert second.warnings == (() if damage == "link" else (named,))
    assert back_up(config).warnings == ()


@pytest.mark.parametrize("code", ["EXDEV", "EMLINK", "EPERM"])
def test_where_links_are_impossible_files_are_copied(config, rich, monkeypatch, code):
    import errno

    back_up(config)

    def refuse(*arguments, **options):
        raise OSError(getattr(errno, code), "no link")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", refuse)
        second = back_up(config)

    assert second.details["linked_file_count"] == 0
    assert verify_backup(config, second.backup_ref).status == "SUCCESS"


def test_a_file_that_others_can_read_is_copied_and_not_linked(config, rich):
    """A link would share the access that they have."""
    first = back_up(config)
    for path in first.location.rglob("*"):
        if path.is_file():
            path.chmod(0o644)

    second = back_up(config)

    assert second.details["linked_file_count"] == 0
    assert {path.stat().st_mode & 0o077 for path in second.location.rglob("*")} == {0}


def test_an_unverifiable_manifest_is_no_reason_to_fail_and_none_to_link(config, rich):
    first = back_up(config)
    (first.location / "manifest.json").write_text("{}")

    second = back_up(config)

    assert (second.status, second.details["linked_file_count"]) == ("SUCCESS", 0)


def test_equal_files_in_one_backup_are_stored_once(config, workspace):
    (workspace / "exports").mkdir()
    for name in ("a.bin", "b.bin", "c.bin"):
        (workspace / "exports" / name).write_bytes(NOISE)

    made = back_up(config, include_exports=True)

    stored = [made.location / "workspace" / "exports" / name for name in ("a.bin", "b.bin")]
    assert stored[0].stat().st_ino == stored[1].stat().st_ino
    assert verify_backup(config, made.backup_ref).status == "SUCCESS"


def test_names_that_compressed_files_would_take_stay_free(config, workspace, tmp_path):
    """A file `a`, a file `a.zst` and a folder `b.zst` beside a file `b` all come back."""
    exports = workspace / "exports"
    (exports / "b.zst").mkdir(parents=True)
    text = {"a": b"A" * 50_000, "a.zst": b"Z" * 50_000, "b": b"B" * 50_000, "b.zst/c": b"C"}
    for name, body in text.items():
        (exports / name).write_bytes(body)

    for _ in range(2):
        made = back_up(config, include_exports=True)
        target = tmp_path / made.backup_ref
        restore_workspace(config, plan_restore(config, made.backup_ref, target_workspace=target))

        assert {name: (target / "exports" / name).read_bytes() for name in text} == text


def test_a_plane_that_is_as_before_is_not_opened_again(config, rich, monkeypatch, open_stores):
    """Reading every record takes longer than copying them."""
    import contexta.recovery._build as module

    opened = []
    inspect = module.inspect_plane

    def watch(layout, plane):
        opened.append(plane)
        return inspect(layout, plane)

    monkeypatch.setattr(module, "inspect_plane", watch)
    first = back_up(config)
    second = back_up(config)
    with open_stores(rich) as stores:
        stores.add_event("first", 77)
    third = back_up(config)

    assert opened[:4] == ["metadata", "records", "artifacts", "records"]
    assert "artifacts" not in opened[3:]
    assert second.details["counts"] == first.details["counts"]
    assert third.details["counts"]["records"] == first.details["counts"]["records"] + 1


@pytest.mark.parametrize("facts", [{}, {"run_count": "many"}, {"run_count": -1}, {"other": 1}])
def test_findings_that_are_none_are_not_taken_over(config, rich, facts):
    """Another release, or another hand, wrote them."""
    first = back_up(config)
    manifest = load_manifest(DirectorySource(first.location)).manifest
    found = {name: one._replace(facts=facts) for name, one in manifest.inspections.items()}
    write_manifest(first.location, replace(manifest, inspections=found))

    second = back_up(config)

    assert second.details["counts"] == first.details["counts"]
    assert second.details["linked_file_count"] == second.details["file_count"]


def test_damage_of_the_workspace_is_said_again_without_opening_it_again(config, rich):
    body = next(path for path in (rich / "artifacts" / "objects").rglob("*") if path.is_file())
    body.chmod(0o600)
    body.write_bytes(b"changed")

    first, second = back_up(config), back_up(config)

    assert first.warnings == second.warnings == ("artifacts:drift_count=1",)


def test_opening_a_backup_to_inspect_it_never_touches_earlier_ones(config, rich, open_stores):
    """The stores are opened on copies, or on links to files that no store writes."""
    first = back_up(config)
    before = {path: path.read_bytes() for path in first.location.rglob("*") if path.is_file()}
    with open_stores(rich) as stores:
        stores.add_event("first", 78)
        stores.add_artifact("first", "late", b"late")

    back_up(config)

    assert {path: path.read_bytes() for path in before} == before


def test_names_of_every_length_and_of_no_text_come_back(config, workspace, tmp_path):
    """A name that leaves no room for `.zst`, a name that is no UTF-8, one with a line break."""
    exports = workspace / "exports"
    exports.mkdir()
    names = ["n" * 255, "m" * 252, os.fsdecode(b"caf\xe9"), "two\nlines", "-rf", " "]
    for name in names:
        (exports / name).write_bytes(b"text " * 5000)

    made = back_up(config, include_exports=True)
    target = tmp_path / "new"
    restore_workspace(config, plan_restore(config, made.backup_ref, target_workspace=target))

    assert sorted(path.name for path in (target / "exports").iterdir()) == sorted(names)
    assert {(target / "exports" / name).read_bytes() for name in names} == {b"text " * 5000}


def test_lists_that_a_store_derives_are_left_out(config, rich, contents):
    """They change when a store is only read, and would have a plane opened for nothing."""
    contents(rich)
    (rich / "artifacts" / "_catalogue.json").write_text("{}")
    (rich / "artifacts" / "_hashed.jsonl").write_text("")

    paths = entries_of(back_up(config).location)

    assert [path for path in paths if "_catalogue" in path or "_hashed" in path] == []


def test_a_file_that_only_begins_like_text_is_stored_as_it_is(config, workspace):
    """Compression must save a tenth of the whole file."""
    (workspace / "exports").mkdir()
    body = b"a" * (1 << 20) + random.Random(2).randbytes(12 << 20)
    (workspace / "exports" / "mixed.bin").write_bytes(body)

    made = back_up(config, include_exports=True)

    entry = entries_of(made.location)["workspace/exports/mixed.bin"]
    assert (entry["encoding"], entry["stored_size"]) == ("plain", len(body))
    assert verify_backup(config, made.backup_ref).status == "SUCCESS"


def test_equal_files_of_an_encrypted_backup_meet_in_one_name(config, workspace, tmp_path):
    """They are named by their content and written by two threads at once."""
    pytest.importorskip("cryptography", reason="the extra `encryption` is not installed")
    exports = workspace / "exports"
    exports.mkdir()
    for number in range(30):
        (exports / f"{number}.bin").write_bytes(NOISE[: 100_000 + number % 3])
    key = tmp_path / "backup.key"
    create_key_file(key)

    for _ in range(3):
        plan = plan_workspace_backup(config, include_exports=True)
        made = create_workspace_backup(config, plan, key_file=key)

        assert verify_backup(config, made.backup_ref, key_file=key).status == "SUCCESS"
    assert made.bytes_written < 100_000


def test_equal_files_that_rot_in_an_encrypted_backup_are_written_afresh_once(
    config, workspace, tmp_path
):
    pytest.importorskip("cryptography", reason="the extra `encryption` is not installed")
    exports = workspace / "exports"
    exports.mkdir()
    for number in range(4):
        (exports / f"{number}.bin").write_bytes(NOISE)
    key = tmp_path / "backup.key"
    create_key_file(key)

    def back_up_sealed():
        plan = plan_workspace_backup(config, include_exports=True)
        return create_workspace_backup(config, plan, key_file=key)

    first = back_up_sealed()
    path = max(
        (path for path in first.location.rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )
    body = bytearray(path.read_bytes())
    body[1000] ^= 1
    path.write_bytes(body)

    second = back_up_sealed()

    assert len(second.warnings) == 1
    assert verify_backup(config, second.backup_ref, key_file=key).ok
    assert not verify_backup(config, first.backup_ref, key_file=key).ok
