"""Flipped bytes."""

import random

import pytest

from contexta.contract.errors import ContextaError, IntegrityError


def flip(path, needle):
    data = bytearray(path.read_bytes())
    at = bytes(data).index(needle)
    data[at] ^= 1
    path.write_bytes(data)


@pytest.fixture
def damaged(path, opened, make):
    """A ledger whose second of three runs has a flipped byte in its payload."""
    with opened() as store:
        store.projects.put_project(make.project())
        for name in ("a", "b", "c"):
            store.runs.put_run(make.run(name, description=f"describe-{name}"))
    flip(path, b"describe-b")
    return opened()


def test_a_damaged_row_is_named_on_get(damaged):
    """The error names table and ref."""
    with pytest.raises(IntegrityError) as caught:
        damaged.runs.get_run("run:p.b")

    assert caught.value.code == "metadata_row_damaged"
    assert (caught.value.details["table"], caught.value.details["ref"]) == ("runs", "run:p.b")


def test_a_damaged_row_hides_no_other(damaged):
    """Lists leave it out and report it once; the check finds it."""
    names = [run.name for run in damaged.runs.list_runs()]
    damaged.runs.list_runs()
    (row,) = damaged.damage()
    codes = [issue.code for issue in damaged.check_integrity().issues]

    assert names == ["a", "c"]
    assert (row.table, row.ref) == ("runs", "run:p.b")
    assert codes == ["metadata_row_damaged"]


def test_putting_again_mends_a_damaged_row(damaged, make):
    """The right model over the damaged row makes the ledger whole."""
    damaged.runs.put_run(make.run("b", description="describe-b"))

    assert damaged.runs.get_run("run:p.b").description == "describe-b"
    assert damaged.check_integrity().ok


def test_any_flipped_byte_of_a_row_is_found_or_harmless(path, opened, make):
    """Over 60 flips anywhere in the file no read returns a value that was not stored."""
    with opened() as store:
        make.fill(store)
        right = store.build_run_snapshot("run:p.r")
    original = path.read_bytes()
    dice = random.Random(3)
    used = [at for at, byte in enumerate(original) if byte]
    for _ in range(60):
        data = bytearray(original)
        data[dice.choice(used)] ^= 1 << dice.randrange(8)
        path.write_bytes(data)
        try:
            with opened(read_only=True) as store:
                found = (store.runs.get_run("run:p.r"), store.projects.get_project("project:p"))
                stages = store.stages.list_stage_executions("run:p.r")
        except ContextaError:
            continue

        assert found == (right.run, right.project)
        assert stages in ((), right.stages)


def test_check_finds_what_sql_can_break(path, opened, make):
    """Dangling parents, drifted columns, drifted facts and backward times are all reported."""
    import sqlite3

    with opened() as store:
        make.fill(store)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM ledger_projects")
        connection.execute("UPDATE ledger_runs SET ended_us = 0")
        connection.execute("DELETE FROM run_tags")
        connection.execute("DELETE FROM ledger_stage_executions")
        connection.execute("DELETE FROM ledger_relations")
        connection.execute(
            "INSERT INTO ledger_mentions VALUES ('no ref', 'no', 'evidence', 0, NULL)"
        )
    connection.close()
    store = opened()
    codes = [issue.code for issue in store.check_integrity().issues]
    quick = [issue.code for issue in store.check_integrity(full=False).issues]

    assert codes == [
        "missing_run_project",
        "missing_provenance_relation",
        "missing_batch_stage",
        "missing_sample_stage",
        "missing_deployment_project",
        "malformed_registered_ref",
        "run_time_window_inverted",
        "metadata_row_damaged",
        "metadata_row_damaged",
    ]
    assert set(quick) == set(codes) - {"malformed_registered_ref", "metadata_row_damaged"}


def test_report_counts_by_severity(store, make):
    """A warning alone makes a report not ok, and counts as a warning."""
    make.fill(store)
    store.deployments.put_deployment_execution(make.deployment("d2", run_ref="run:p.ghost"))
    report = store.check_integrity()

    assert (report.ok, dict(report.issue_counts)) == (False, {"error": 0, "warning": 1})
    assert [issue.code for issue in report.issues] == ["missing_deployment_run"]


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        (
            "UPDATE ledger_lifecycle_history SET changed_us = 0",
            lambda store: [
                *store.list_lifecycle_changes("run:p.r"),
                *store.history("run:p.r"),
            ],
        ),
        ("UPDATE ledger_tombstones SET reason = 'other'", lambda store: store.list_tombstones()),
        ("UPDATE ledger_tombstones SET actor = 'x'", lambda store: store.find_tombstone("run:p.b")),
        ("UPDATE run_writers SET writer_id = 'x'", lambda store: store.runs.open_run_writers()),
        (
            "UPDATE ledger_mentions SET ref = 'artifact:p.r.other'",
            lambda store: [ref for ref in store.list_registered_refs() if "artifact" in ref],
        ),
    ],
)
def test_rows_besides_the_entities_are_never_served_when_damaged(
    path, opened, make, statement, read
):
    """History, tombstones, writers and mentions are left out, reported, and found by the check."""
    import sqlite3

    with opened() as store:
        make.fill(store)
        store.runs.put_run(make.run("b"))
        store.apply_deletion(store.plan_deletion(["run:p.b"]))
        store.runs.create_run(make.run("w"), writer_id="1" * 32)
        store.runs.close_run("run:p.r", status="completed", ended_at="2026-01-02T00:00:00Z")
        before = read(store)
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    store = opened()
    after = read(store)

    assert before
    assert not after
    assert store.damage()
    assert "metadata_row_damaged" in [issue.code for issue in store.check_integrity().issues]


def test_a_check_that_cannot_be_run_hides_no_other(path, opened, make):
    """A table that is gone is reported, and so is a damaged row in another."""
    import sqlite3

    with opened() as store:
        make.fill(store)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE ledger_citations")
        connection.execute("UPDATE ledger_runs SET name = 'other'")
    connection.close()
    codes = {issue.code for issue in opened().check_integrity().issues}

    assert {"check_failed", "missing_table", "metadata_row_damaged"} <= codes
