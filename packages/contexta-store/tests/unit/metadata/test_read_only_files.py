"""Reading a ledger changes no byte and no time of any file, whatever its writer left."""

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager

import pytest

from contexta.contract.errors import ContextaError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig


@pytest.fixture
def left_by_a_killed_writer(path, make, fork):
    """A ledger whose last puts are in the log only."""
    MetadataStore(MetadataStoreConfig(database_path=path)).close()
    child = fork()
    if child == 0:
        make.fill(MetadataStore(MetadataStoreConfig(database_path=path)))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert path.with_name("ledger.sqlite-wal").stat().st_size > 0
    return path.parent


def listing(folder):
    return {
        entry.name: (entry.stat().st_mtime_ns, entry.stat().st_mode, entry.read_bytes())
        for entry in folder.iterdir()
    }


def read_all(folder):
    config = MetadataStoreConfig(database_path=folder / "ledger.sqlite", read_only=True)
    with MetadataStore(config) as store:
        return (
            store.build_run_snapshot("run:p.r").run.name,
            store.check_integrity().ok,
            store.duckdb.query_one("SELECT count(*) FROM runs"),
        )


ALL = ("r", True, (1,))


def test_reading_after_a_killed_writer_touches_nothing(left_by_a_killed_writer):
    """Log and shared index keep bytes and times; everything that was confirmed is read."""
    before = listing(left_by_a_killed_writer)

    assert read_all(left_by_a_killed_writer) == ALL
    assert listing(left_by_a_killed_writer) == before


def test_a_copy_without_its_shared_index_is_readable(left_by_a_killed_writer, tmp_path):
    """Database and log suffice, as a copy has them; nothing is created beside them."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("ledger.sqlite", "ledger.sqlite-wal"):
        shutil.copy(left_by_a_killed_writer / name, copy)
    before = listing(copy)

    assert read_all(copy) == ALL
    assert listing(copy) == before


def test_the_private_copy_is_removed(left_by_a_killed_writer, tmp_path, monkeypatch):
    """The temporary copy goes with the store, and follows the files while it is open."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    left_by_a_killed_writer.joinpath("ledger.sqlite-shm").unlink()
    config = MetadataStoreConfig(
        database_path=left_by_a_killed_writer / "ledger.sqlite", read_only=True
    )
    with MetadataStore(config) as store:
        store.runs.get_run("run:p.r")
        during = len(list(temporary.iterdir()))
        modes = {entry.stat().st_mode & 0o077 for entry in temporary.iterdir()}
        with MetadataStore(config.model_copy(update={"read_only": False})) as writer:
            writer.runs.update_tags("run:p.r", {"new": "tag"})
        tags = store.runs.get_run("run:p.r").tags

    assert (during, modes, list(temporary.iterdir())) == (1, {0}, [])
    assert tags == {"team": "a", "new": "tag"}


@contextmanager
def read_only_mount(folder, target):
    target.mkdir()
    for command in (
        ["mount", "--bind", str(folder), str(target)],
        ["mount", "-o", "remount,ro,bind", str(target)],
    ):
        done = subprocess.run(command, check=False, capture_output=True)
        if done.returncode:
            subprocess.run(["umount", str(target)], check=False, capture_output=True)
            pytest.skip("this user may not mount")
    try:
        yield target
    finally:
        subprocess.run(["umount", str(target)], check=True)


@pytest.mark.parametrize("without", [[], ["-shm"], ["-shm", "-lock"], ["-lock"]])
@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount program")
def test_a_read_only_medium_is_readable(left_by_a_killed_writer, tmp_path, without):
    """Whichever side files came along; a writing open is refused with our error."""
    for suffix in without:
        (left_by_a_killed_writer / f"ledger.sqlite{suffix}").unlink()
    before = listing(left_by_a_killed_writer)
    with read_only_mount(left_by_a_killed_writer, tmp_path / "medium") as medium:
        found = read_all(medium)
        with pytest.raises(ContextaError) as caught:
            write_tag(medium)

    assert found == ALL
    assert caught.value.code in {"store_permission_denied", "metadata_store_read_only"}
    assert listing(left_by_a_killed_writer) == before


def write_tag(folder):
    config = MetadataStoreConfig(database_path=folder / "ledger.sqlite")
    with MetadataStore(config) as store:
        store.runs.update_tags("run:p.r", {"a": "b"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root passes the permission checks")
def test_a_folder_without_write_permission_is_readable(left_by_a_killed_writer):
    """Mode 0555 of the folder and 0444 of the files is enough for reading."""
    for entry in left_by_a_killed_writer.iterdir():
        entry.chmod(0o444)
    left_by_a_killed_writer.chmod(0o555)
    try:
        found = read_all(left_by_a_killed_writer)
    finally:
        left_by_a_killed_writer.chmod(0o755)

    assert found == ALL


def test_readers_see_no_error_while_writers_open_and_close(path, make, fork):
    """Log and shared index come and go 30 times; each read gives the state of some moment."""
    with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
        make.fill(store)
    child = fork()
    if child == 0:
        code = 1
        try:
            for number in range(30):
                with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
                    store.runs.update_tags("run:p.r", {f"n{number}": "x"})
            code = 0
        finally:
            os._exit(code)
    seen = [1]
    ended = 0
    while not ended:
        ended, status = os.waitpid(child, os.WNOHANG)
        config = MetadataStoreConfig(database_path=path, read_only=True)
        with MetadataStore(config) as store:
            seen.append(len(store.runs.get_run("run:p.r").tags))

    assert os.waitstatus_to_exitcode(status) == 0
    assert seen == sorted(seen)
    assert seen[-1] == 31
