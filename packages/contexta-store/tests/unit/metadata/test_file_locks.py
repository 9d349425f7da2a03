"""The locks of SQLite belong to the process: any close of the file would free them all."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from contexta.contract.errors import StoreAccessError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.metadata._errors import database_error
from contexta.store.metadata._sqlite_engine import SqliteEngine
from contexta.store.metadata._sqlite_files import ReadOnlyFile
from contexta.store.testing import ModelFactory

make = ModelFactory()
_TRY = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
    except OSError:
        print("locked")
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


def is_locked(path):
    """Tell whether another process is kept from closing the log for good."""
    command = [sys.executable, "-c", _TRY, str(path)]
    return subprocess.run(command, check=True, capture_output=True).stdout == b"locked\n"


def test_no_call_frees_the_locks_of_this_process(path):
    """Reads, checks, copies, migrations and further opens leave a live connection its lock."""
    config = MetadataStoreConfig(database_path=path)
    reading = config.model_copy(update={"read_only": True})
    with MetadataStore(config) as store, closing(sqlite3.connect(path)) as live:
        make.fill(store)
        live.execute("SELECT count(*) FROM ledger_runs").fetchall()
        MetadataStore(config).close()
        with MetadataStore(reading) as reader:
            reader.runs.list_runs()
            reader.check_integrity()
        store.inspect_schema(config)
        store.migrate()
        store.backup_to(path.parent / "copy.sqlite")
        store.apply_deletion(store.plan_deletion(["environment:p.r.e"], erase=True))
        store.apply_repairs(store.plan_repairs(), dry_run=False)

        assert is_locked(path)


def test_a_private_copy_frees_no_locks_and_holds_what_only_the_log_has(path):
    """Between the creation of the log and that of its index, another thread may want a copy."""
    with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
        make.fill(store)
        store.checkpoint()
        store.runs.put_run(make.run("late"))
        index = path.with_name(path.name + "-shm")
        index.rename(index.with_suffix(".away"))
        file = ReadOnlyFile(path, timeout=5)
        with file.connection() as connection:
            found = connection.execute("SELECT ref FROM ledger_runs ORDER BY ref").fetchall()
        file.close()
        locked = is_locked(path)
        index.with_suffix(".away").rename(index)

    assert found == [("run:p.late",), ("run:p.r",)]
    assert locked


def test_whoever_creates_the_file_second_frees_no_locks(path, monkeypatch):
    """Two threads that open a new ledger at once both see no file."""
    engine = SqliteEngine(path, read_only=False, synchronous="full", busy_timeout_seconds=5)
    with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
        make.fill(store)
        monkeypatch.setattr(type(path), "exists", lambda _: False)
        engine.make_room()

        assert is_locked(path)


def test_a_dangling_link_is_not_followed(path):
    """A ledger is not created at a place that somebody else chose."""
    path.symlink_to(path.parent / "elsewhere")
    engine = SqliteEngine(path, read_only=False, synchronous="full", busy_timeout_seconds=5)
    with pytest.raises(StoreAccessError):
        engine.make_room()

    assert not os.path.lexists(path.parent / "elsewhere")


def test_a_reader_that_others_outrun_is_told_to_call_again():
    """SQLite gives up after ten seconds; nothing is wrong with the ledger."""
    error = sqlite3.OperationalError("locking protocol")
    error.sqlite_errorcode = sqlite3.SQLITE_PROTOCOL
    found = database_error("ledger.sqlite", error)

    assert (found.code, found.retryable) == ("metadata_store_busy", True)
