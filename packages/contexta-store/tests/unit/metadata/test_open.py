"""Opening: new, absent, read-only, foreign, newer and damaged files."""

import os
import sqlite3
import stat

import pytest

from contexta.contract.errors import (
    ReadOnlyStoreError,
    SchemaVersionError,
    StoreAccessError,
)
from contexta.store.metadata import MetadataStoreConfig, SchemaInspection, inspect_schema


def listing(folder):
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_files_are_private(path, opened, make, umask):
    """The folder is 0700 and every file of the ledger 0600, whatever the umask."""
    old = os.umask(umask)
    try:
        make.fill(opened())
    finally:
        os.umask(old)

    modes = {stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    assert (stat.S_IMODE(path.parent.stat().st_mode), modes) == (0o700, {0o600})


@pytest.mark.parametrize("settings", [{"auto_create": False}, {"read_only": True}])
def test_absent_file_is_refused_and_nothing_created(tmp_path, path, opened, settings):
    """Without leave to create, an absent ledger is `metadata_store_missing`; no folder appears."""
    with pytest.raises(StoreAccessError) as caught:
        opened(**settings)

    assert caught.value.code == "metadata_store_missing"
    assert list(tmp_path.iterdir()) == []


def test_read_only_in_memory_is_refused(opened):
    """There is nothing to read in a new database in memory."""
    with pytest.raises(StoreAccessError):
        opened(database_path=":memory:", read_only=True)


def test_read_only_reads_everything_and_changes_no_byte(path, opened, make):
    """All reads work on a closed ledger, and the folder has the same bytes afterwards."""
    with opened() as writable:
        make.fill(writable)
        models = writable.build_run_snapshot("run:p.r")
    before = listing(path.parent)
    with opened(read_only=True) as store:
        snapshot = store.build_run_snapshot("run:p.r")
        report = store.check_integrity()
        rows = store.duckdb.query_all("SELECT ref FROM runs")
        inspection = inspect_schema(store.config)
        during = listing(path.parent)

    assert (snapshot, report.ok, rows, inspection.supported) == (
        models,
        True,
        (("run:p.r",),),
        True,
    )
    assert before == during == listing(path.parent)


def test_read_only_refuses_every_write(path, opened, make):
    """Puts, lifecycle calls and SQL are refused; the data stays."""
    with opened() as writable:
        make.fill(writable)
    store = opened(read_only=True)
    for call in (
        lambda: store.projects.put_project(make.project()),
        lambda: store.stages.put_many([make.stage()]),
        lambda: store.runs.create_run(make.run()),
        lambda: store.runs.close_run("run:p.r", status="failed", ended_at="2027-01-01T00:00:00Z"),
        lambda: store.runs.update_tags("run:p.r", {"a": "b"}),
    ):
        with pytest.raises(ReadOnlyStoreError) as caught:
            call()
        assert caught.value.code == "metadata_store_read_only"

    assert store.runs.get_run("run:p.r").status == "open"


def test_read_only_follows_a_living_writer(opened, make):
    """A reader sees what writers of other stores commit, also after they close and come back."""
    writer = opened()
    writer.projects.put_project(make.project())
    reader = opened(read_only=True)
    seen = [len(reader.runs.list_runs())]
    writer.runs.put_run(make.run("a"))
    seen.append(len(reader.runs.list_runs()))
    writer.close()
    seen.append(len(reader.runs.list_runs()))
    with opened() as again:
        again.runs.put_run(make.run("b"))
    seen.append(len(reader.runs.list_runs()))

    assert seen == [0, 1, 1, 2]


def test_foreign_database_is_refused_and_untouched(path, opened):
    """A database of another program is not opened, in any mode, and keeps its bytes."""
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE runs (a)")
    connection.close()
    before = listing(path.parent)
    for settings in ({}, {"read_only": True}):
        with pytest.raises(StoreAccessError) as caught:
            opened(**settings)
        assert caught.value.code == "metadata_store_foreign_database"

    assert listing(path.parent) == before


def test_newer_schema_is_refused_by_name_and_untouched(path, opened):
    """A schema of a newer release is refused, in any mode, and no byte changes."""
    opened().close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE schema_metadata SET store_schema_version = '2'")
    connection.close()
    before = listing(path.parent)
    for settings in ({}, {"read_only": True}):
        with pytest.raises(SchemaVersionError) as caught:
            opened(**settings)
        assert caught.value.code == "metadata_store_schema_version_unsupported"
        assert dict(caught.value.details)["current_version"] == "2"

    assert listing(path.parent) == before


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 90]
)
def test_a_file_that_is_no_database_is_refused(path, opened, content):
    """Garbage is `metadata_store_open_failed`, and stays as it is."""
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreAccessError) as caught:
        opened()
    with pytest.raises(StoreAccessError) as inspected:
        inspect_schema(MetadataStoreConfig(database_path=path))

    codes = (caught.value.code, inspected.value.code)
    assert codes == ("metadata_store_open_failed", "metadata_schema_inspection_failed")
    assert path.read_bytes() == content


def test_a_folder_in_place_of_the_file_is_our_error(path, opened):
    """A folder at the path raises our error."""
    path.mkdir(parents=True)
    with pytest.raises(StoreAccessError):
        opened()


def test_a_file_in_place_of_the_folder_is_our_error(path, opened):
    """A file where the folder should be raises our error."""
    path.parent.touch()
    with pytest.raises(StoreAccessError):
        opened()


def test_lost_version_row_is_named(path, opened):
    """A ledger without its version row is refused with a code of its own."""
    opened().close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM schema_metadata")
    connection.close()
    with pytest.raises(SchemaVersionError) as caught:
        opened()

    assert caught.value.code == "metadata_schema_metadata_missing"
    assert inspect_schema(MetadataStoreConfig(database_path=path)).notes == (
        "schema_version_row_missing",
    )


def test_inspection_tells_the_situations_apart(path, opened):
    """Absent, in memory, current, and asked for another version; also while a writer is open."""
    config = MetadataStoreConfig(database_path=path)
    absent = inspect_schema(config)
    store = opened()

    assert absent == SchemaInspection(False, None, "1", False, True, ("store_missing",))
    assert store.inspect_schema(config) == SchemaInspection(True, "1", "1", False, True)
    assert inspect_schema(config, target_version="9").notes == ("unsupported_migration_path",)
    memory = inspect_schema(MetadataStoreConfig(database_path=":memory:"))
    assert memory.notes == ("in_memory_store",)


def test_full_disk_is_a_clear_error_and_writing_goes_on_afterwards(opened, make):
    """When the database cannot grow, the put fails whole; the same handle works later."""
    store = opened()
    make.fill(store)
    with store._backend.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreAccessError) as caught:
        store.runs.put_run(make.run("big", description="x" * 100_000))
    readable = store.runs.get_run("run:p.r").name
    with store._backend.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    store.runs.put_run(make.run("big", description="x" * 100_000))

    assert (caught.value.code, caught.value.retryable) == ("store_disk_full", True)
    assert readable == "r"
    assert store.check_integrity().ok
