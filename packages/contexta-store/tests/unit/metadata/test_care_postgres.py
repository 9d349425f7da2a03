"""Check, repair and migrate a ledger on PostgreSQL."""

import pytest

from contexta.contract.errors import MigrationError, StoreAccessError
from contexta.store.metadata import (
    MetadataStore,
    MetadataStoreConfig,
    MigrationStep,
    inspect_schema,
    migrate_for,
)
from contexta.store.metadata._schema_marks import stored_version
from contexta.store.metadata.migrations import STEP_IMPLEMENTATIONS, STEP_REGISTRY


@pytest.fixture
def config(new_schema):
    return MetadataStoreConfig(**new_schema)


@pytest.fixture
def filled(config, make):
    with MetadataStore(config) as store:
        make.fill(store)
        yield store


def run_sql(store, *statements):
    with store._backend.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def codes(store):
    return [issue.code for issue in store.check_integrity().issues]


def test_a_healthy_ledger_is_silent(filled):
    """Tables, indexes, views, rows and registers are all as they should be."""
    assert filled.check_integrity().issues == ()


def test_damage_is_found_mended_and_can_be_put_back(filled):
    """The same findings and repairs as in SQLite, in one transaction, without a copy."""
    run_sql(
        filled,
        "UPDATE ledger_environment_snapshots SET payload = payload || ' '",
        "DELETE FROM run_tags",
        "INSERT INTO run_params VALUES ('run:p.ghost', 'a', 'b', NULL)",
    )
    found = codes(filled)
    result = filled.apply_repairs(filled.plan_repairs(), dry_run=False)
    after = codes(filled)
    undone = filled.undo_repairs(result.repair_id, dry_run=False)

    assert found == ["orphan_run_facts", "run_facts_mismatch", "metadata_row_damaged"]
    assert (result.backup_path, len(result.changes), after) == (None, 3, [])
    assert len(undone.changes) == 3
    assert codes(filled) == found


def test_a_missing_index_is_found(filled):
    """Its name is told."""
    run_sql(filled, "DROP INDEX ledger_runs_by_start", "DROP VIEW repair_audit")
    issues = [(issue.code, issue.details["name"]) for issue in filled.check_integrity().issues]

    assert issues == [("missing_index", "ledger_runs_by_start"), ("missing_view", "repair_audit")]


def test_a_step_is_applied_whole_or_not_at_all(config, filled, monkeypatch):
    """A step that fails leaves its version, and no table; then it can be tried again."""
    monkeypatch.setitem(STEP_REGISTRY, ("1", "2"), MigrationStep("1", "2", "Add", "own-2"))

    def broken(connection):
        connection.exec_driver_sql("CREATE TABLE own (a int)")
        raise RuntimeError("no power")

    monkeypatch.setitem(STEP_IMPLEMENTATIONS, "own-2", broken)
    with pytest.raises(MigrationError):
        migrate_for(config, target_version="2")
    between = inspect_schema(config).current_version
    monkeypatch.setitem(
        STEP_IMPLEMENTATIONS,
        "own-2",
        lambda connection: connection.exec_driver_sql("CREATE TABLE own (a int)"),
    )
    result = migrate_for(config, target_version="2")
    with filled._backend.read() as connection:
        version = stored_version(connection)
    history = filled.duckdb.query_all("SELECT step_id, status FROM migration_history")

    assert (between, version) == ("1", "2")
    assert (result.changed, result.warnings, result.backup_path) == (
        True,
        ("no_automatic_copy",),
        None,
    )
    assert history == (("own-2", "failed"), ("own-2", "applied"))


def test_copies_are_left_to_the_server(filled, tmp_path):
    """The error names pg_dump."""
    with pytest.raises(StoreAccessError) as caught:
        filled.backup_to(tmp_path / "copy")

    assert caught.value.code == "metadata_store_not_a_file"
    assert "pg_dump" in caught.value.message
