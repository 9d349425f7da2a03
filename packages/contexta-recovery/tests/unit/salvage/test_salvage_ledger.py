"""What becomes of a damaged ledger: repaired, taken from an earlier backup, or made anew."""

import sqlite3
from contextlib import closing

import pytest

from contexta.contract import EnvironmentSnapshot, LineageEdge

LEDGER = "metadata/ledger.sqlite"


def overwrite(root, old, new):
    """Change bytes inside of a row without SQLite noticing."""
    path = root / LEDGER
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))


def zero_table(root, table):
    """Zero the first page of a table."""
    path = root / LEDGER
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    data = bytearray(path.read_bytes())
    data[(page - 1) * size : page * size] = bytes(size)
    path.write_bytes(data)


def zero_header(root):
    path = root / LEDGER
    data = path.read_bytes()
    path.write_bytes(bytes(100) + data[100:])


def lost(result, place):
    return next(item for item in result.lost if item.place == place)


@pytest.fixture
def known_backups(session_stores, template, tmp_path):
    """A configuration whose folder of backups has one of the workspace."""
    return session_stores.config(tmp_path / "nowhere", backup_root=template.backup.parent)


def test_a_damaged_row_is_made_anew_from_the_records(damaged, target, run_salvage, look):
    """The row itself stays in the table of repairs; name and times come from ref and records."""
    overwrite(damaged, b'"name":"first"', b'"name":"fjrst"')

    result = run_salvage(damaged)
    found = look(target)

    assert (found.errors, result.ledger_source) == ([], "source")
    item = lost(result, "run:p.first")
    assert (item.plane, item.reason, item.run_refs) == (
        "metadata",
        "row_rebuilt",
        ("run:p.first",),
    )
    run = found.runs["run:p.first"]
    assert (run.name, run.status) == ("first", "interrupted")
    assert run.metadata["salvage"]["rebuilt_from"] == "records"
    assert run.started_at == "2026-01-01T00:00:00.000000Z"
    assert found.noted("run:p.first") == {"run:p.first"}
    assert found.runs["run:p.second"].status == "open"


def test_a_damaged_row_is_taken_from_an_earlier_backup(
    damaged, target, run_salvage, look, known_backups, template
):
    overwrite(damaged, b'"name":"first"', b'"name":"fjrst"')

    result = run_salvage(damaged, config=known_backups)
    found = look(target)

    item = lost(result, "run:p.first")
    assert (item.reason, template.backup.name in item.message) == ("row_older", True)
    run = found.runs["run:p.first"]
    assert (run.name, run.status, dict(run.metadata)) == ("first", "open", {})
    assert found.errors == []


def test_a_damaged_project_does_not_cost_its_runs(damaged, target, run_salvage, look):
    """Runs whose project is gone used to be a reason to remove them."""
    with closing(sqlite3.connect(damaged / LEDGER)) as connection, connection:
        connection.execute("UPDATE ledger_projects SET name = 'q'")

    result = run_salvage(damaged)
    found = look(target)

    assert lost(result, "project:p").reason == "row_rebuilt"
    assert (found.errors, len(found.runs)) == ([], 2)
    assert found.projects[0].tags["salvage"].startswith("rebuilt")
    assert found.runs["run:p.first"].status == "open"


def test_an_unreadable_ledger_is_taken_from_the_nearest_earlier_backup(
    damaged, target, run_salvage, look, known_backups, template, session_stores
):
    """Runs that the backup does not know are made from their records."""
    with session_stores.open(damaged) as stores:
        stores.add_run("third")
        stores.add_event("third", 1)
    zero_header(damaged)

    result = run_salvage(damaged, config=known_backups)
    found = look(target)

    assert (found.errors, result.ledger_source) == ([], template.backup.name)
    assert template.backup.name in lost(result, LEDGER).message
    assert found.runs["run:p.first"].status == "open"
    assert found.runs["run:p.third"].status == "interrupted"
    assert found.noted("run:p.third") == {"run:p.third"}
    assert {note.payload.issue_key for note in found.notes} == {"recovery.ledger_lost"}


def test_rows_that_prove_themselves_are_kept_of_an_unreadable_ledger(
    damaged, target, run_salvage, look
):
    """One damaged page costs the rows in it, not the ledger."""
    zero_table(damaged, "ledger_stage_executions")

    result = run_salvage(damaged)
    found = look(target)

    assert (found.errors, result.ledger_source) == ([], "rebuilt")
    assert any(note.startswith("ledger_rows_rescued:") for note in result.notes)
    assert found.runs["run:p.first"].status == "open"
    assert found.stages == {"stage:p.first.train", "stage:p.second.train"}
    assert lost(result, "stage:p.first.train").reason == "row_rebuilt"
    assert (target / "metadata" / "backups" / "ledger-damaged.sqlite").is_file()


def test_without_ledger_and_backup_everything_is_made_from_the_records(
    damaged, target, run_salvage, look
):
    """Names from refs, times from records, a marker in each row."""
    (damaged / LEDGER).unlink()

    result = run_salvage(damaged)
    found = look(target)

    assert (found.errors, result.ledger_source) == ([], "rebuilt")
    assert set(found.runs) == {"run:p.first", "run:p.second"}
    assert found.stages == {"stage:p.first.train", "stage:p.second.train"}
    assert found.samples == 2
    assert [project.name for project in found.projects] == ["p"]
    assert all(run.metadata["salvage"] for run in found.runs.values())
    assert lost(result, LEDGER).reason == "file_missing"


def test_a_run_that_was_deleted_does_not_come_back(
    damaged, target, run_salvage, look, session_stores
):
    with session_stores.open(damaged) as stores:
        plan = stores.metadata.plan_deletion(["run:p.second"])
        stores.metadata.apply_deletion(plan)
    overwrite(damaged, b'"name":"first"', b'"name":"fjrst"')

    run_salvage(damaged)

    assert set(look(target).runs) == {"run:p.first"}


def test_a_relation_whose_end_is_lost_goes_with_it(
    damaged, target, run_salvage, look, session_stores
):
    with session_stores.open(damaged) as stores:
        stores.metadata.environments.put_environment_snapshot(
            EnvironmentSnapshot(
                environment_snapshot_ref="environment:p.first.here",
                run_ref="run:p.first",
                captured_at="2026-01-01T00:00:00.000000Z",
                python_version="3.11.0",
                platform="marked-platform",
            )
        )
        stores.metadata.relations.put_relation(
            LineageEdge(
                relation_ref="relation:p.ran-in",
                relation_type="used",
                source_ref="run:p.first",
                target_ref="environment:p.first.here",
                recorded_at="2026-01-01T00:00:00.000000Z",
                origin_marker="explicit",
                confidence_marker="high",
            )
        )
    overwrite(damaged, b"marked-platform", b"marked-platfirm")

    result = run_salvage(damaged)

    assert look(target).errors == []
    assert lost(result, "environment:p.first.here").reason == "row_damaged"
    assert lost(result, "relation:p.ran-in").reason == "row_without_owner"


def test_fewer_runs_than_the_manifest_says_are_noticed(
    target, run_salvage, session_stores, tmp_path
):
    """A run without records leaves no trace but the count."""
    from contexta.recovery import create_workspace_backup, plan_workspace_backup

    root = tmp_path / "third" / ".contexta"
    with session_stores.open(root) as stores:
        stores.add_run("kept")
        stores.add_event("kept", 1)
        stores.add_run("silent")
    config = session_stores.config(root, backup_root=tmp_path / "third-backups")
    location = create_workspace_backup(config, plan_workspace_backup(config)).location
    next(location.glob(f"workspace/{LEDGER}*")).unlink()

    result = run_salvage(location)

    item = lost(result, "runs")
    assert (item.reason, item.count) == ("count_differs", 1)
