"""Repairs: planned, previewed, tried, applied, audited, undone."""

import json
import sqlite3
from contextlib import closing

import pytest

from contexta.contract.errors import IntegrityError, NotFoundError, ReadOnlyStoreError
from contexta.store.metadata import (
    MetadataStore,
    MetadataStoreConfig,
    RepairPlan,
    plan_repairs,
    preview_repairs,
)


def run_sql(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def codes(store):
    return [issue.code for issue in store.check_integrity().issues]


def rows(path, table):
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute(f"SELECT * FROM {table}").fetchall())


@pytest.fixture
def filled(path, opened, make):
    """The path of a closed ledger with one of everything."""
    with opened() as store:
        make.fill(store)
    return path


def test_a_healthy_ledger_needs_no_repair(store, make):
    """Its plan is empty, and its preview says that there is nothing to do."""
    make.fill(store)
    plan = store.plan_repairs()
    preview = store.preview_repairs()

    assert plan == RepairPlan(ok=True) == plan_repairs() == preview.plan
    assert (preview.summary_lines, preview_repairs(None).summary_lines) == (
        ("Nothing to do.",),
    ) * 2
    assert store.apply_repairs(plan, dry_run=False).changed is False


def test_a_plan_has_a_candidate_for_each_finding(filled, opened):
    """In the order of the report; the preview counts them and shows one line each."""
    run_sql(filled, "DELETE FROM ledger_projects", "DROP INDEX run_tags_by_value")
    store = opened()
    plan = store.plan_repairs()
    preview = store.preview_repairs(plan)

    assert [candidate.issue_code for candidate in plan.candidates] == [
        "missing_run_project",
        "missing_deployment_project",
        "missing_index",
    ]
    assert plan.actions == ("review_or_remove_run", "review_or_remove_deployment", "create_index")
    assert preview.summary_lines == (
        "3 repair candidates:",
        "review_or_remove_run: run:p.r (missing_run_project)",
        "review_or_remove_deployment: deployment:p.d (missing_deployment_project)",
        "create_index: <store> (missing_index)",
    )


def test_a_dry_run_tells_each_row_and_changes_none(filled, opened):
    """It is the default, works on a read-only store, and shows what applying then does."""
    run_sql(filled, "DELETE FROM run_tags", "DELETE FROM run_params")
    before = filled.read_bytes()
    with opened(read_only=True) as store:
        plan = store.plan_repairs()
        dry = store.apply_repairs(plan)
        with pytest.raises(ReadOnlyStoreError):
            store.apply_repairs(plan, dry_run=False)
    untouched = filled.read_bytes() == before
    with opened() as store:
        done = store.apply_repairs(plan, dry_run=False)
        after = codes(store)

    assert untouched
    assert (dry.dry_run, dry.changed, dry.repair_id, dry.backup_path) == (True, False, None, None)
    assert dry.changes == done.changes
    assert [(change.table, change.after) for change in done.changes] == [
        ("run_params", {"run_ref": "run:p.r", "key": "lr", "text": "0.1", "number": 0.1}),
        ("run_tags", {"run_ref": "run:p.r", "key": "team", "value": "a"}),
    ]
    assert after == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM run_tags", "run_facts_mismatch"),
        ("INSERT INTO run_tags VALUES ('run:p.ghost', 'a', 'b')", "orphan_run_facts"),
        ("INSERT INTO run_params VALUES ('run:p.r', 'extra', '1', 1.0)", "run_facts_mismatch"),
        ("INSERT INTO run_writers VALUES ('run:p.ghost', 'w', 1, x'00')", "orphan_run_writer"),
        ("INSERT INTO ledger_citations VALUES ('relation:p.e1', 'run:p.r', 'evidence')",
         "lineage_citations_mismatch"),
        ("INSERT INTO ledger_mentions VALUES ('no ref', 'no', 'evidence', 0, x'00')",
         "malformed_registered_ref"),
        ("UPDATE ledger_mentions SET ref_kind = 'run'", "registry_owner_mismatch"),
        ("DROP INDEX ledger_runs_by_start", "missing_index"),
        ("DROP VIEW runs", "missing_view"),
        ("UPDATE run_writers SET writer_id = 'other'", "metadata_row_damaged"),
        ("UPDATE ledger_runs SET name = 'other'", "metadata_row_damaged"),
    ],
)  # fmt: skip
def test_each_finding_that_a_program_can_mend_is_mended(filled, opened, make, statement, found):
    """The finding is there before and gone after; nothing else changes."""
    with opened() as store:
        store.runs.create_run(make.run("w"), writer_id="1" * 32)
    run_sql(filled, statement)
    with opened() as store:
        before = codes(store)
        result = store.apply_repairs(store.plan_repairs(), dry_run=False)
        after = codes(store)

    assert found in before
    assert result.changed
    assert found not in after


def test_a_damaged_row_is_quarantined_and_can_be_put_again(filled, opened, make):
    """It is in the audit, byte by byte; lists and gets do not know it; a put brings it back."""
    run_sql(filled, "UPDATE ledger_environment_snapshots SET payload = payload || ' '")
    store = opened()
    with pytest.raises(IntegrityError):
        store.environments.get_environment_snapshot("environment:p.r.e")
    result = store.apply_repairs(store.plan_repairs(), dry_run=False)
    gone = store.environments.find_environment_snapshot("environment:p.r.e")
    (audit,) = store.duckdb.query_all(
        "SELECT action, ref, before_json, after_json FROM repair_audit"
    )
    store.environments.put_environment_snapshot(make.environment())

    assert gone is None
    assert audit[:2] == ("quarantine_row", "environment:p.r.e")
    assert json.loads(audit[2])["payload"].endswith(" ")
    assert (audit[3], len(result.changes)) == (None, 1)
    assert store.environments.get_environment_snapshot("environment:p.r.e") == make.environment()
    assert codes(store) == []


def test_text_that_is_not_utf8_is_quarantined_and_put_back_byte_by_byte(filled, opened):
    """Also when the ref itself is damaged."""
    run_sql(filled, "UPDATE ledger_environment_snapshots SET ref = CAST(x'80e4' AS TEXT)")
    with opened() as store:
        damaged = rows_as_blobs(filled)
        result = store.apply_repairs(store.plan_repairs(), dry_run=False)
        left = rows_as_blobs(filled)
        healthy = codes(store)
        undone = store.undo_repairs(result.repair_id, dry_run=False)

    assert (left, healthy) == ([], [])
    assert undone.changed
    assert rows_as_blobs(filled) == damaged == [(b"\x80\xe4",)]


def rows_as_blobs(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT CAST(ref AS BLOB) FROM ledger_environment_snapshots"
        ).fetchall()


def test_removing_entities_must_be_named(filled, opened):
    """Without its name in `actions` a dangling run stays; with it the run and its facts go."""
    run_sql(filled, "DELETE FROM ledger_projects")
    store = opened()
    plan = store.plan_repairs()
    careful = store.apply_repairs(plan, dry_run=False)
    named = store.apply_repairs(plan, dry_run=False, actions={"review_or_remove_run"})
    tables = [change.table for change in named.changes]

    assert (careful.changed, len(careful.skipped)) == (False, 2)
    assert "name 'review_or_remove_run' in actions" in careful.skipped[0].reason
    assert tables == ["ledger_runs", "run_params", "run_tags"]
    assert [skip.reason for skip in named.skipped] == ["not among the actions"]
    assert store.runs.list_runs() == ()


def test_what_was_removed_can_be_put_back(filled, opened):
    """Undoing restores every row exactly; doing it twice changes nothing more."""
    tables = ("ledger_runs", "run_params", "run_tags")
    run_sql(filled, "DELETE FROM ledger_projects")
    store = opened()
    before = [rows(filled, table) for table in tables]
    done = store.apply_repairs(
        store.plan_repairs(), dry_run=False, actions={"review_or_remove_run"}
    )
    dry = store.undo_repairs(done.repair_id)
    undone = store.undo_repairs(done.repair_id, dry_run=False)
    again = store.undo_repairs(done.repair_id, dry_run=False)

    assert (len(dry.changes), dry.changed) == (3, False)
    assert (undone.changed, again.changed) == (True, False)
    assert [rows(filled, table) for table in tables] == before


def test_undoing_takes_no_place_that_was_taken(filled, opened, make):
    """A run that was put again stays; the undo says so."""
    run_sql(filled, "UPDATE ledger_runs SET name = 'other'")
    store = opened()
    done = store.apply_repairs(store.plan_repairs(), dry_run=False)
    store.runs.put_run(make.run(name="r", description="new"))
    undone = store.undo_repairs(done.repair_id, dry_run=False)

    reasons = {skip.reason for skip in undone.skipped}
    assert "another row has taken its place" in reasons
    assert store.runs.get_run("run:p.r").description == "new"


def test_an_unknown_repair_is_not_found(store):
    """`metadata_repair_not_found`."""
    with pytest.raises(NotFoundError) as caught:
        store.undo_repairs("nothing")

    assert caught.value.code == "metadata_repair_not_found"


def test_a_copy_from_before_the_repair_is_kept(filled, opened):
    """It still has the finding, and the ledger has it no more."""
    run_sql(filled, "DELETE FROM run_tags")
    with opened() as store:
        result = store.apply_repairs(store.plan_repairs(), dry_run=False)
    with MetadataStore(MetadataStoreConfig(database_path=result.backup_path)) as copy:
        found = codes(copy)

    assert result.backup_path.parent == filled.parent / "backups"
    assert found == ["run_facts_mismatch"]


def test_an_old_plan_does_no_harm(filled, opened, make):
    """What was mended since is skipped, not mended again."""
    run_sql(filled, "UPDATE ledger_environment_snapshots SET payload = '{}'")
    store = opened()
    plan = store.plan_repairs()
    store.environments.put_environment_snapshot(make.environment())
    result = store.apply_repairs(plan, dry_run=False)

    assert (result.changed, [skip.reason for skip in result.skipped]) == (
        False,
        ["its cause is gone"],
    )
    assert store.environments.exists_environment_snapshot("environment:p.r.e")


def test_what_only_a_person_can_decide_is_left_alone(filled, opened, make):
    """Evidence that leads nowhere is reported, and skipped."""
    with opened() as store:
        evidence = ["run:p.ghost"]
        store.relations.put_relation(
            make.relation("e1", "run:p.r", "artifact:p.r.m", evidence_refs=evidence)
        )
        plan = store.plan_repairs()
        result = store.apply_repairs(plan, dry_run=False, actions=set(plan.actions))

    assert [candidate.action for candidate in plan.candidates] == ["review_evidence"]
    assert [skip.reason for skip in result.skipped] == ["only a person can decide this"]
