"""Equal files that threads bring at once are stored once, whichever is first."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from contexta.recovery._known import KnownFiles
from contexta.recovery._progress import Reporter
from contexta.recovery._store_files import FileStore

BODY = os.urandom(50_000)
LONGEST_WAIT_SECONDS = 60


@pytest.fixture
def store(tmp_path):
    (tmp_path / "backup").mkdir()
    return FileStore(tmp_path / "backup", KnownFiles(), Reporter())


def put(store, folder, name, body):
    """Write a file and store it."""
    path = folder / name
    path.write_bytes(body)
    fd = os.open(path, os.O_RDONLY)
    try:
        return store.put(fd, name, zip_it=False)
    finally:
        os.close(fd)


def put_both(store, folder, monkeypatch, bodies, first_write):
    """Store two files; `first_write` runs while the first is written and the other hashed."""
    is_writing, is_hashed = threading.Event(), threading.Event()
    write, take_hash = store._write, store._hash

    def slow_write(*arguments, **options):
        if not is_writing.is_set():
            is_writing.set()
            assert is_hashed.wait(LONGEST_WAIT_SECONDS), "the second file was not hashed"
            first_write()
        return write(*arguments, **options)

    def hash_and_tell(*arguments):
        found = take_hash(*arguments)
        is_hashed.set()
        return found

    monkeypatch.setattr(store, "_write", slow_write)
    monkeypatch.setattr(store, "_hash", hash_and_tell)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(put, store, folder, "a", bodies[0])
        assert is_writing.wait(LONGEST_WAIT_SECONDS)
        second = pool.submit(put, store, folder, "b", bodies[1])
    return first, second


def nothing():
    """Let the first write go on."""


def fail():
    """Be a disk that is full."""
    raise OSError(28, "No space left on device")


def test_a_file_waits_for_an_equal_one_that_is_being_written(store, tmp_path, monkeypatch):
    put_both(store, tmp_path, monkeypatch, (BODY, BODY), nothing)

    inodes = [(store.payload / name).stat().st_ino for name in ("a", "b")]
    assert inodes[0] == inodes[1]


def test_files_of_one_size_and_other_content_are_both_stored(store, tmp_path, monkeypatch):
    other = BODY[::-1]

    put_both(store, tmp_path, monkeypatch, (BODY, other), nothing)

    assert [(store.payload / name).read_bytes() for name in ("a", "b")] == [BODY, other]


def test_a_first_file_that_fails_holds_up_no_other(store, tmp_path, monkeypatch):
    first, second = put_both(store, tmp_path, monkeypatch, (BODY, BODY), fail)

    assert isinstance(first.exception(), OSError)
    assert (store.payload / second.result().stored).read_bytes() == BODY


def test_empty_files_wait_for_nothing(store, tmp_path):
    entries = [put(store, tmp_path, name, b"") for name in ("a", "b")]

    assert [(entry.size, (store.payload / entry.stored).stat().st_nlink) for entry in entries] == [
        (0, 1),
        (0, 1),
    ]
