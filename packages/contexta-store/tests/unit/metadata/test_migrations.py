"""Ledgers of an older schema: inspected, copied, migrated, or left as they are."""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from contexta.contract.errors import (
    MigrationError,
    ReadOnlyStoreError,
    SchemaVersionError,
    StoreError,
    ValidationError,
)
from contexta.store.metadata import (
    MetadataStore,
    MetadataStoreConfig,
    MigrationHistoryRow,
    MigrationPlan,
    MigrationStep,
    dry_run_migration_for,
    inspect_schema,
    migrate_for,
    plan_migration_for,
)
from contexta.store.metadata.migrations import STEP_IMPLEMENTATIONS, STEP_REGISTRY

DUMP = Path(__file__).parent / "golden" / "schema-0.sql"
RUNS = ["run:p.r", "run:p.r-2", "run:p.r-3", "run:p.typed"]


@pytest.fixture
def old(path):
    """A ledger as the release before migrations wrote it."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(DUMP.read_text("utf-8"))
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
    return MetadataStoreConfig(database_path=path)


def listing(folder):
    return {
        str(entry.relative_to(folder)): entry.read_bytes()
        for entry in folder.rglob("*")
        if entry.is_file()
    }


def history(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT step_id, status FROM migration_history").fetchall()


def shape(path):
    """What SQLite makes of each table, index and view."""
    found = {}
    with closing(sqlite3.connect(path)) as connection:
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master"):
            if kind == "table":
                columns = connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,))
                found[name] = (columns.fetchall(), "WITHOUT ROWID" in sql)
            else:
                found[name] = " ".join((sql or "").split())
    return found


def test_an_old_ledger_is_version_0_and_inspecting_changes_no_byte(old, path):
    """Inspection, plan and dry run tell what is to be done; nothing is created or changed."""
    before = listing(path.parent)
    inspection = inspect_schema(old)
    plan = plan_migration_for(old)
    dry = dry_run_migration_for(old)

    facts = (inspection.current_version, inspection.target_version)
    assert facts == (plan.current_version, plan.target_version) == ("0", "1")
    assert (inspection.requires_migration, inspection.supported) == (True, True)
    assert [step.step_id for step in plan.steps] == ["0001"]
    assert (dry.applied_steps, dry.dry_run, dry.changed, dry.history_rows) == (
        plan.steps,
        True,
        False,
        (),
    )
    assert listing(path.parent) == before


def test_planning_for_an_absent_ledger_creates_nothing(tmp_path, path):
    """There is nothing to do for an absent ledger or for one in memory."""
    plans = [
        plan_migration_for(MetadataStoreConfig(database_path=place)) for place in (path, ":memory:")
    ]

    assert plans == [MigrationPlan(None, "1")] * 2
    assert list(tmp_path.iterdir()) == []


def test_a_migrated_ledger_is_like_a_new_one_and_keeps_every_row(old, path, tmp_path):
    """Its tables, indexes and views equal those of a new ledger; all models are readable."""
    result = migrate_for(old)
    MetadataStore(MetadataStoreConfig(database_path=tmp_path / "new.sqlite")).close()
    with MetadataStore(old) as store:
        runs = store.runs.list_runs(order_by="ref")
        snapshot = store.build_run_snapshot("run:p.r")
        report = store.check_integrity()

    assert (result.changed, result.current_version, result.target_version) == (True, "0", "1")
    assert shape(path) == shape(tmp_path / "new.sqlite")
    assert [run.run_ref.text for run in runs] == RUNS
    assert (runs[3].params["layers"], runs[3].tags["ünï"]) == (3, "ⓒ")
    assert (len(snapshot.relations), len(snapshot.provenance), len(snapshot.samples)) == (2, 2, 1)
    assert report.issues == ()
    assert history(path) == [("0001", "applied")]


def test_the_copy_that_is_taken_first_is_the_old_ledger(old):
    """It lies in backups/ beside the ledger, has the hash that the history names, and opens."""
    result = migrate_for(old)
    copy = result.backup_path
    notes = result.history_rows[0].notes

    assert copy.parent == old.resolved_database_path().parent / "backups"
    assert notes["backup"] == f"backups/{copy.name}"
    assert notes["sha256"] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert inspect_schema(MetadataStoreConfig(database_path=copy)).current_version == "0"
    assert migrate_for(MetadataStoreConfig(database_path=copy)).changed


def test_auto_migrate_migrates_at_open(old, path):
    """Without it the error says how; with it the old ledger opens, and its copy is kept."""
    with pytest.raises(SchemaVersionError) as refused:
        MetadataStore(old)
    with MetadataStore(old.model_copy(update={"auto_migrate": True})) as store:
        refs = [run.run_ref.text for run in store.runs.list_runs(order_by="ref")]

    assert refused.value.code == "metadata_store_schema_version_unsupported"
    assert "auto_migrate=True" in refused.value.message
    assert refs == RUNS
    assert len(list((path.parent / "backups").iterdir())) == 1


def test_auto_migrate_in_a_read_only_store_changes_nothing(old, path):
    """A read-only open of an old ledger is refused, whatever auto_migrate says."""
    before = listing(path.parent)
    settings = old.model_copy(update={"auto_migrate": True, "read_only": True})
    with pytest.raises(SchemaVersionError):
        MetadataStore(settings)
    with pytest.raises(ReadOnlyStoreError) as refused:
        migrate_for(settings)
    dry = dry_run_migration_for(settings)

    assert refused.value.code == "metadata_migration_read_only"
    assert [step.step_id for step in dry.applied_steps] == ["0001"]
    assert listing(path.parent) == before


def test_a_dry_run_works_while_another_process_writes(old, path):
    """An open write transaction of someone else does not stop planning."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM run_tags")
        dry = dry_run_migration_for(old)
        other.execute("ROLLBACK")

    assert len(dry.applied_steps) == 1


def test_planning_works_on_an_open_read_only_store(opened):
    """A current ledger that is open, also read-only, can be inspected and planned for."""
    opened()
    store = opened(read_only=True)
    inspected = store.inspect_schema(store.config)

    assert (inspected.current_version, inspected.supported) == ("1", True)
    assert store.plan_migration().steps == store.dry_run_migration().applied_steps == ()


def test_migrating_a_current_ledger_changes_nothing(store):
    """The result says so, and there is no copy."""
    result = store.migrate()

    assert (result.changed, result.warnings) == (False, ("no_schema_changes_required",))
    assert result.backup_path is None


def test_a_failed_step_is_undone_recorded_and_can_be_tried_again(old, path, monkeypatch):
    """Two failures leave version 0 and two rows of history; the third try succeeds."""
    right = STEP_IMPLEMENTATIONS["0001"]

    def broken(connection):
        right(connection)
        connection.exec_driver_sql("DELETE FROM ledger_runs")
        raise RuntimeError("no power")

    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setitem(STEP_IMPLEMENTATIONS, "0001", broken)
            with pytest.raises(MigrationError) as caught:
                migrate_for(old)
        assert caught.value.code == "metadata_migration_step_failed"
        assert caught.value.details["error_type"] == "RuntimeError"
        assert inspect_schema(old).current_version == "0"
    result = migrate_for(old)
    with MetadataStore(old) as store:
        refs = [run.run_ref.text for run in store.runs.list_runs(order_by="ref")]
        ok = store.check_integrity().ok

    assert (result.changed, refs, ok) == (True, RUNS, True)
    assert history(path) == [("0001", "failed"), ("0001", "failed"), ("0001", "applied")]


def test_a_step_without_code_is_named_before_anything_happens(old, path, monkeypatch):
    """Neither a copy nor a change is made."""
    monkeypatch.delitem(STEP_IMPLEMENTATIONS, "0001")
    with pytest.raises(MigrationError) as caught:
        migrate_for(old)

    assert caught.value.code == "metadata_migration_step_missing"
    assert not (path.parent / "backups").exists()


def test_a_step_of_ones_own_is_run(old, path, monkeypatch):
    """A step in the registry is found, also behind another one, and applied."""
    step = MigrationStep("1", "2", "Add a table", "own-2")
    monkeypatch.setitem(STEP_REGISTRY, ("1", "2"), step)
    monkeypatch.setitem(
        STEP_IMPLEMENTATIONS,
        "own-2",
        lambda connection: connection.exec_driver_sql("CREATE TABLE own (a)"),
    )
    result = migrate_for(old, target_version="2")

    assert [row.step_id for row in result.history_rows] == ["0001", "own-2"]
    assert inspect_schema(old, target_version="2").supported
    assert "own" in shape(path)
    with pytest.raises(SchemaVersionError):
        MetadataStore(old)


def test_of_many_migrators_one_does_it(old, path):
    """Four at once: one result says changed, all end well, and there is one copy."""
    results = []

    def migrate():
        results.append(migrate_for(old).changed)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == [False, False, False, True]
    assert history(path) == [("0001", "applied")]
    assert len(list((path.parent / "backups").iterdir())) == 1


_KILLED = """
import os, signal, sys
from contexta.store.metadata import MetadataStoreConfig, migrate_for
from contexta.store.metadata import _copy, _migrate, migrations

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

right = migrations.STEP_IMPLEMENTATIONS["0001"]
place = sys.argv[2]
if place == "copy":
    _copy.fsync_file = die
elif place == "step":
    def stop(connection):
        right(connection)
        die()
    migrations.STEP_IMPLEMENTATIONS["0001"] = stop
elif place == "version":
    _migrate.set_version = die
elif place == "history":
    _migrate.record_step = die
migrate_for(MetadataStoreConfig(database_path=sys.argv[1]))
"""


@pytest.mark.parametrize("place", ["copy", "step", "version", "history"])
def test_a_killed_migration_leaves_the_old_version(old, path, place):
    """Killed in the copy or inside of the step, the ledger is as before, and the next try works."""
    child = subprocess.run([sys.executable, "-c", _KILLED, str(path), place], check=False)
    version = inspect_schema(old).current_version
    result = migrate_for(old)
    with MetadataStore(old) as store:
        report = store.check_integrity()

    assert child.returncode == -signal.SIGKILL
    assert (version, result.changed, report.issues) == ("0", True, ())


def test_a_foreign_or_newer_database_is_refused_and_untouched(path):
    """Migrating, with auto_migrate at open too, changes no byte of what is not ours or newer."""
    path.parent.mkdir()
    for script, error, code in (
        ("CREATE TABLE runs (a)", MigrationError, "metadata_migration_unsupported_store"),
        (
            DUMP.read_text("utf-8").replace("VALUES('1',", "VALUES('7',"),
            MigrationError,
            "metadata_migration_path_missing",
        ),
    ):
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
        before = listing(path.parent)
        settings = MetadataStoreConfig(database_path=path, auto_migrate=True)
        with pytest.raises(error) as caught:
            migrate_for(settings)
        with pytest.raises(StoreError, match=r"another program|'7'"):
            MetadataStore(settings)
        assert caught.value.code == code

        assert listing(path.parent) == before


def test_an_unknown_revision_is_newer(path, opened):
    """Tables of a later revision are refused, though the public version is the same."""
    opened().close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
        connection.commit()
    with pytest.raises(SchemaVersionError) as caught:
        opened()

    assert caught.value.details["current_version"] == "1 (revision 0002)"


def test_a_ledger_that_lost_its_version_is_not_supported(path, opened):
    """Inspection says so, and nothing is planned."""
    opened().close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM schema_metadata")
        connection.commit()
    settings = MetadataStoreConfig(database_path=path)
    inspection = inspect_schema(settings)
    with pytest.raises(MigrationError) as caught:
        plan_migration_for(settings)

    assert (inspection.supported, inspection.notes) == (False, ("schema_version_row_missing",))
    assert caught.value.code == "metadata_migration_unsupported_store"


def test_models_check_their_fields():
    """Blank steps and unknown statuses are refused; notes are sorted; plans compute themselves."""
    with pytest.raises(ValidationError):
        MigrationStep("", "1", "d", "s")
    with pytest.raises(ValidationError):
        MigrationHistoryRow("s", "0", "1", "d", "done", "2026-01-01T00:00:00Z")
    row = MigrationHistoryRow("s", "0", "1", "d", "failed", "t", {"b": 1, "a": 2})

    assert list(row.notes) == ["a", "b"]
    assert MigrationPlan("0", "1").requires_migration
    assert not MigrationPlan("1", "1", requires_migration=True).requires_migration


def test_alembic_is_imported_only_to_migrate(path):
    """Opening, reading and checking a ledger leave it alone."""
    code = (
        "import sys; from contexta.store.metadata import MetadataStore, MetadataStoreConfig\n"
        f"with MetadataStore(MetadataStoreConfig(database_path={str(path)!r})) as store:\n"
        "    store.check_integrity(); store.plan_migration(); store.migrate()\n"
        "print('alembic' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ
    )

    assert found.stdout == "False\n"
