"""Runs whose process died, read before anybody may write that down."""

import pytest

from contexta.contract import Run
from contexta.interpretation import RunListQuery

DEAD = "0" * 32


def open_run(workspace, name, writer_id):
    run = Run(
        run_ref=f"run:p.{name}",
        project_ref="project:p",
        name=name,
        status="open",
        started_at=workspace.at(),
    )
    workspace.metadata.runs.create_run(run, writer_id=writer_id)


@pytest.fixture
def mixed(space):
    """One run of a dead writer, one of a living one, one that nobody holds, one completed."""
    space.project("p")
    open_run(space, "dead", DEAD)
    open_run(space, "living", space.records.writer().writer_id)
    open_run(space, "unheld", None)
    space.run("run:p.done", minute=1)
    return space


def test_an_open_run_without_its_process_reads_as_interrupted(mixed):
    """A living process and a run that no process holds stay open."""
    statuses = {run.name: run.status for run in mixed.repository.list_runs()}

    assert statuses == {
        "dead": "interrupted",
        "living": "open",
        "unheld": "open",
        "done": "completed",
    }


def test_one_run_reads_like_the_list(mixed):
    """A snapshot's run has the same status as the listing."""
    assert "interrupted" == mixed.query.get_run_snapshot("dead").run.status


@pytest.mark.parametrize(
    ("status", "names"),
    [("open", ["living", "unheld"]), ("interrupted", ["dead"]), ("completed", ["done"])],
)
def test_filters_see_the_true_status(mixed, status, names):
    """A status filter counts what is shown, not what was last written."""
    found = mixed.query.list_runs(query=RunListQuery(status=status))

    assert names == sorted(run.name for run in found)


def test_limits_apply_after_the_status_is_known(mixed):
    """One page of open runs is full although a dead one comes first."""
    found = mixed.query.list_runs(query=RunListQuery(status="open", limit=2))

    assert 2 == len(found)


def test_reading_changes_nothing(mixed):
    """The stored status stays until a writable open settles it."""
    mixed.repository.list_runs()

    assert "open" == mixed.metadata.runs.get_run("run:p.dead").status
