import hashlib
import json
from dataclasses import replace

import pytest

from contexta.recovery import BackupError, RestoreError
from contexta.recovery._manifest import FileEntry, Manifest, StoredFile
from contexta.recovery._sealing import LIST_NAME, BackupSealing, seal_manifest
from contexta.recovery._unlock import open_backup
from contexta.recovery.keys import BackupKey, create_key_file, read_key_file

ENCODING = "plain+sealed"
FILES = {"workspace/records/secret name": b"content", "workspace/metadata/x": b"y" * 3000}


@pytest.fixture
def key_file(tmp_path):
    create_key_file(tmp_path / "backup.key")
    return tmp_path / "backup.key"


def sealed_entry(folder, path, content, sealing):
    sha256 = hashlib.sha256(content).hexdigest()
    name = sealing.stored_name(sha256, ENCODING)
    out = bytearray()
    writer = sealing.writer(out.extend)
    writer.write(content)
    writer.finish()
    write(folder / name, out)
    digest = hashlib.sha256(out).hexdigest()
    return FileEntry(path, len(content), sha256, name, len(out), digest, ENCODING)


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def manifest_of(entries):
    return Manifest(
        backup_ref="b",
        created_at="2026-01-01T00:00:00.000000Z",
        workspace_root="/w",
        workspace_id=None,
        profile_name="local",
        included_sections=("config",),
        store_schema_versions={"metadata": "1"},
        planes={"metadata": True},
        counts={"runs": 1},
        files=tuple(entries),
    )


def make(folder, key_file, files=FILES):
    """Write an encrypted backup and return its manifest with the files."""
    sealing = BackupSealing(read_key_file(key_file, BackupError))
    whole = manifest_of(
        sealed_entry(folder, path, content, sealing) for path, content in files.items()
    )
    readable, sealed_list = seal_manifest(whole, sealing)
    write(folder / LIST_NAME, sealed_list)
    write(folder / "manifest.json", readable.to_bytes())
    return whole


@pytest.fixture
def backup(tmp_path, key_file):
    make(tmp_path / "b", key_file)
    return tmp_path / "b"


def rewrite(backup, edit):
    """Change the readable manifest and fit its digest, as somebody without the key can."""
    loaded = open_backup(backup, BackupError, needs_files=False).loaded.manifest
    write(backup / "manifest.json", edit(loaded).to_bytes())


def test_with_the_key_every_file_is_known(tmp_path, key_file):
    whole = make(tmp_path / "b", key_file)

    opened = open_backup(tmp_path / "b", BackupError, key_file=key_file)

    assert sorted(opened.loaded.manifest.files) == sorted(whole.files)
    assert not opened.is_locked
    for entry in opened.loaded.manifest.files:
        with opened.source.open(entry.stored, entry.stored_size) as stored:
            assert opened.source.sealing.reader(stored).read() == FILES[entry.path]


def test_without_the_key_nothing_of_paths_and_contents_is_readable(backup):
    everything = b"".join(path.read_bytes() for path in backup.rglob("*") if path.is_file())
    names = " ".join(str(path) for path in backup.rglob("*"))
    digests = [hashlib.sha256(content).hexdigest() for content in FILES.values()]

    for told in ("secret name", "content", "metadata/x", *digests):
        assert told.encode() not in everything
        assert told not in names
    assert open_backup(backup, BackupError, needs_files=False).is_locked


def test_a_missing_key_is_refused_with_the_id_of_the_right_one(backup, key_file):
    with pytest.raises(RestoreError) as caught:
        open_backup(backup, RestoreError)

    assert caught.value.code == "recovery_key_missing"
    assert caught.value.details["key_id"] == read_key_file(key_file, BackupError).key_id


@pytest.mark.parametrize("needs_files", [True, False])
def test_a_wrong_key_is_refused(backup, tmp_path, needs_files):
    create_key_file(tmp_path / "other.key")

    with pytest.raises(RestoreError) as caught:
        open_backup(backup, RestoreError, key_file=tmp_path / "other.key", needs_files=needs_files)

    assert caught.value.code == "recovery_key_wrong"


def test_the_configured_key_is_used_unless_another_is_given(backup, key_file, tmp_path, root):
    class Section:
        backup_key_file = key_file

    class Config:
        recovery = Section()

    create_key_file(tmp_path / "other.key")

    assert not open_backup(backup, BackupError, config=Config()).is_locked
    with pytest.raises(BackupError) as caught:
        open_backup(backup, BackupError, config=Config(), key_file=tmp_path / "other.key")
    assert caught.value.code == "recovery_key_wrong"


def test_a_readable_backup_needs_no_key_file_to_be_there(tmp_path):
    """After a disaster the configured key file may be gone; old readable backups still restore."""
    write(tmp_path / "b" / "manifest.json", manifest_of([]).to_bytes())

    opened = open_backup(tmp_path / "b", RestoreError, key_file=tmp_path / "gone")

    assert opened.loaded.manifest is not None


def kinds(backup, key_file):
    loaded = open_backup(backup, BackupError, key_file=key_file).loaded
    assert loaded.manifest is None
    return [(one.kind, one.place) for one in loaded.problems]


@pytest.mark.parametrize(
    "edit",
    [
        lambda one: replace(one, counts={"runs": 7}),
        lambda one: replace(one, damage=("records:x",)),
        lambda one: replace(one, backup_ref="other"),
        lambda one: replace(one, sealed_files=one.sealed_files[1:]),
        lambda one: replace(
            one, sealed_files=(*one.sealed_files, StoredFile("workspace/z", 1, "0" * 64))
        ),
        lambda one: replace(one, encryption={**one.encryption, "hmac": "0" * 64}),
        lambda one: replace(one, encryption={**one.encryption, "hmac": None}),
        lambda one: replace(one, encryption={**one.encryption, "more": 1}),
    ],
)
def test_an_edit_that_fits_the_digests_is_found_with_the_key(backup, key_file, edit):
    """A digest is no secret; the HMAC is."""
    rewrite(backup, edit)

    assert open_backup(backup, BackupError, needs_files=False).loaded.manifest is not None
    assert kinds(backup, key_file) == [("manifest_edited", "manifest.json")]


def test_the_list_of_another_backup_is_not_taken(backup, key_file, tmp_path):
    """Whoever can write both backups could otherwise restore yesterday's files as today's."""
    make(tmp_path / "old", key_file, {"workspace/a": b"old"})
    old = (tmp_path / "old" / LIST_NAME).read_bytes()
    (backup / LIST_NAME).write_bytes(old)
    stored = StoredFile(LIST_NAME, len(old), hashlib.sha256(old).hexdigest())
    rewrite(
        backup,
        lambda one: replace(
            one,
            sealed_files=(*(s for s in one.sealed_files if s.stored != LIST_NAME), stored),
        ),
    )

    assert kinds(backup, key_file) == [("manifest_edited", "manifest.json")]


def test_a_damaged_list_is_named(backup, key_file):
    raw = bytearray((backup / LIST_NAME).read_bytes())
    raw[50] ^= 1
    (backup / LIST_NAME).write_bytes(raw)

    assert kinds(backup, key_file) == [("hash_differs", LIST_NAME)]


@pytest.mark.parametrize("cut", [0, 10])
def test_a_list_that_was_cut_or_removed_is_named(backup, key_file, cut):
    raw = (backup / LIST_NAME).read_bytes()
    (backup / LIST_NAME).unlink()
    if cut:
        (backup / LIST_NAME).write_bytes(raw[:-cut])

    kind = "size_differs" if cut else "file_missing"
    assert kinds(backup, key_file) == [(kind, LIST_NAME)]


def resealed(backup, key_file, data):
    """Write a list as only the holder of the key can."""
    sealing = BackupSealing(read_key_file(key_file, BackupError))
    out = bytearray()
    writer = sealing.list_writer(out.extend)
    writer.write(data)
    writer.finish()
    write(backup / LIST_NAME, out)
    stored = StoredFile(LIST_NAME, len(out), hashlib.sha256(out).hexdigest())

    def edit(one):
        others = (s for s in one.sealed_files if s.stored != LIST_NAME)
        new = replace(one, sealed_files=(*others, stored))
        return replace(new, encryption={**new.encryption, "hmac": sealing.mac(new)})

    rewrite(backup, edit)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"files": [{"path": "../x"}], "inspections": {}}).encode(),
        json.dumps({"files": [], "inspections": {"metadata": {}}}).encode(),
        json.dumps({"files": [], "inspections": []}).encode(),
    ],
)
def test_a_list_that_makes_no_sense_is_a_problem_not_a_crash(backup, key_file, data):
    resealed(backup, key_file, data)

    assert kinds(backup, key_file) == [("manifest_invalid", LIST_NAME)]


def test_a_list_that_names_other_stored_files_is_refused(backup, key_file):
    whole = open_backup(backup, BackupError, key_file=key_file).loaded.manifest
    entries = [entry._asdict() for entry in whole.files]
    entries[0]["stored"] = "workspace/sealed/00/elsewhere"
    resealed(backup, key_file, json.dumps({"files": entries, "inspections": {}}).encode())

    assert kinds(backup, key_file) == [("manifest_invalid", LIST_NAME)]


def test_a_newer_scheme_is_refused_by_name(backup, key_file):
    rewrite(backup, lambda one: replace(one, encryption={**one.encryption, "scheme": "new"}))

    problem = open_backup(backup, BackupError, key_file=key_file).loaded.problems[0]

    assert (problem.kind, "'new'" in problem.message) == ("manifest_invalid", True)


@pytest.mark.parametrize("encryption", [{}, {"key_id": 5}, {"key_id": None, "scheme": []}])
def test_nonsense_about_encryption_is_a_coded_error(backup, key_file, encryption):
    rewrite(backup, lambda one: replace(one, encryption=encryption))

    with pytest.raises(BackupError) as caught:
        open_backup(backup, BackupError, key_file=key_file)

    assert caught.value.code == "recovery_key_wrong"


def test_names_tell_nothing_but_equality_under_one_key():
    one, other = BackupSealing(BackupKey(bytes(32))), BackupSealing(BackupKey(b"x" * 32))

    assert one.stored_name("a" * 64, ENCODING) == one.stored_name("a" * 64, ENCODING)
    names = {
        one.stored_name("a" * 64, ENCODING),
        one.stored_name("b" * 64, ENCODING),
        one.stored_name("a" * 64, "zstd+sealed"),
        other.stored_name("a" * 64, ENCODING),
    }
    assert len(names) == 4


def test_a_file_of_the_backup_is_not_taken_for_the_list(backup, key_file):
    """Each kind of file is sealed for its purpose."""
    sealing = BackupSealing(read_key_file(key_file, BackupError))
    out = bytearray()
    writer = sealing.writer(out.extend)
    writer.write(b'{"files": [], "inspections": {}}')
    writer.finish()
    write(backup / LIST_NAME, out)
    stored = StoredFile(LIST_NAME, len(out), hashlib.sha256(out).hexdigest())

    def edit(one):
        others = (s for s in one.sealed_files if s.stored != LIST_NAME)
        new = replace(one, sealed_files=(*others, stored))
        return replace(new, encryption={**new.encryption, "hmac": sealing.mac(new)})

    rewrite(backup, edit)

    assert kinds(backup, key_file) == [("hash_differs", LIST_NAME)]


@pytest.mark.parametrize("key_id", ["\x1b[2J", "a" * 10_000, 7, None, "0123456789abcdeF"])
def test_a_key_id_that_is_none_is_never_shown(backup, key_file, key_id):
    """Who wrote the manifest could otherwise write to the terminal of who lists backups."""
    rewrite(backup, lambda one: replace(one, encryption={**one.encryption, "key_id": key_id}))

    with pytest.raises(BackupError) as caught:
        open_backup(backup, BackupError)

    assert caught.value.details["key_id"] == "unknown"
