"""What is missing, counted by the planes of a workspace."""

import pytest

from contexta.contract import DegradedPayload, DegradedRecord
from contexta.interpretation.completeness import Completeness, completeness_of
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.protocols import CompletenessReader
from contexta.interpretation.repositories._completeness import _gaps, run_of
from contexta.interpretation.trend import TrendService
from contexta.store.records import KnownGap

NAN = float("nan")


@pytest.fixture
def asked(space):
    """Ask for the completeness of runs."""
    return lambda *runs, keys=None: completeness_of(space.query, runs, keys)


def degraded(space, run, key, marker="capture_gap", **attributes):
    """Append a degraded record."""
    space.records.append(
        DegradedRecord(
            space.envelope(
                run,
                "degraded",
                key.replace(".", "-").replace("_", "-"),
                degradation_marker=marker,
                completeness_marker="partial",
            ),
            DegradedPayload(key, "capture", "error", "gone", attributes=attributes),
        )
    )


def test_repository_answers_from_its_counts(space):
    """The repository over the planes has the capability."""
    assert isinstance(space.repository, CompletenessReader)


def test_whole_run_is_complete(space, asked):
    """A run with nothing against it is complete, live and sealed."""
    run = space.run("run:p.a")
    space.points(run, "loss", [1.0, 0.5])
    live = asked(run)
    space.records.seal()

    assert live == asked(run) == Completeness(runs=1, records=2)


def test_counts_of_several_runs_come_together(space, asked):
    """Non-finite values, open runs and absent metrics of several runs are added."""
    runs = [space.run("run:p.a"), space.run("run:p.b", status="open"), space.run("run:p.c")]
    space.points(runs[0], "loss", [1.0, NAN])
    space.points(runs[1], "loss", [float("inf")])
    space.points(runs[1], "acc", [NAN])
    space.records.seal()
    found = asked(*runs, keys=["loss"])

    assert found == Completeness(runs=3, records=3, nonfinite=2, missing=1, open_runs=1)


def test_metric_in_two_stages_is_there_once(space, asked):
    """A key that two stages of a run have is not counted as two."""
    runs = [space.run("run:p.a"), space.run("run:p.b")]
    for name in ("train", "eval"):
        space.points(runs[0], "loss", [1.0], stage=space.stage(runs[0], name))

    assert asked(*runs, keys=["loss"]).missing == 1


def test_interrupted_runs_are_dead_writers(space, asked):
    """A run closed as interrupted counts, in a run list of any length."""
    runs = [
        space.run(f"run:p.r{n}", status="interrupted" if n < 2 else "completed") for n in range(20)
    ]

    assert asked(*runs).dead_writers == 2


def test_losses_and_degraded_records_are_counted(space, asked):
    """A loss record counts as one degraded record and as the records that it tells of."""
    run = space.run("run:p.a")
    degraded(space, run, "capture.records_lost", count=7)
    degraded(space, run, "data.rows_dropped", marker="partial_failure", count=100)
    found = asked(run)

    assert (found.degraded, found.lost, found.clipped) == (2, 7, 0)


def test_missing_body_counts_without_metric_keys(space, asked):
    """A body that is gone counts for its run, not for a metric and not for another run."""
    run, other = space.run("run:p.a"), space.run("run:p.b")
    receipt = space.artifact(run, "model", "model", b"weights")
    space.artifact(other, "data", "dataset", b"rows")
    digest = receipt.binding.hash_value
    (body,) = [path for path in space.root.rglob(f"{digest}*") if path.is_file()]
    body.parent.chmod(0o700)
    body.unlink()

    assert asked(run).missing_bodies == 1
    assert (asked(run, keys=["loss"]).missing_bodies, asked(other).missing_bodies) == (0, 0)


def test_damaged_part_is_named_for_the_runs_that_it_may_concern(space, asked):
    """A part that cannot be read counts once and is named; the other project is complete."""
    run, other = space.run("run:p.a"), space.run("run:q.b")
    space.points(run, "loss", [1.0, 2.0])
    space.points(other, "loss", [1.0])
    space.records.seal()
    (part,) = (space.root / "records").glob("metric/project=p/*.parquet")
    part.chmod(0o600)
    part.write_bytes(part.read_bytes()[:-50])
    list(space.repository.list_records(run_id=run))
    found = asked(run)

    assert (found.damaged_parts, found.complete) == (1, False)
    assert part.name in " ".join(found.notes)
    assert asked(other) == Completeness(runs=1, records=1)


def test_runs_are_named_as_everywhere(space, asked):
    """Ref, project and id, short id and unique name give one answer; an unknown name is refused."""
    run = space.run("run:p.a", name="nightly")
    space.points(run, "loss", [1.0, NAN])

    assert {asked(name) for name in (run, "p.a", "a", "nightly")} == {asked(run)}
    assert asked(run, "a") == asked(run)
    with pytest.raises(ResolutionError, match="not found"):
        asked("b")


def test_curve_of_a_damaged_part_says_so_the_first_time(space):
    """A curve whose points cannot be read names the damage and how many points there should be."""
    run = space.run("run:p.a")
    space.points(run, "loss", [1.0] * 500)  # short curves are in the index, too
    space.records.seal()
    (part,) = (space.root / "records").glob("metric/project=p/*.parquet")
    part.chmod(0o600)
    part.write_bytes(b"\0" * 40 + part.read_bytes()[40:])
    series = TrendService(space.query).get_step_series(run, "loss")
    (note,) = series.completeness_notes

    assert (series.points, series.completeness.damaged_parts) == ((), 1)
    assert (note.severity, note.summary) == ("error", "points_unreadable:loss")
    assert dict(note.details) == {"run_id": run, "stored": 500, "read": 0}


def test_memory_counts_as_the_planes_do(space, asked, make):
    """Counting records in memory and asking the planes give the same answer."""
    run = space.run("run:p.a", status="interrupted")
    space.points(run, "loss", [1.0, NAN])
    degraded(space, run, "capture.records_lost", count=3)
    records = list(space.repository.list_records(run_id=run))
    memory = make.repository(runs=[space.repository.get_run(run)], records=records)
    counted = completeness_of(replace_repository(space, memory), [run])

    assert counted == asked(run)


def replace_repository(space, repository):
    """A query service like that of the workspace over another repository."""
    return type(space.query)(repository)


def test_gaps_of_the_sequence_are_lost_records_and_files_are_counted_once():
    """A gap counts its records; what cannot be read counts by file, however often it is met."""
    found = _gaps(
        [
            KnownGap("sequence_gap", "records 3 to 7 are missing", 1, None, 3, 7),
            KnownGap("invalid_json_line", "page 1", 1, details={"path": "/a.parquet"}),
            KnownGap("invalid_json_line", "page 2", 1, details={"path": "/a.parquet"}),
        ]
    )

    assert (found[0], found[1]) == (5, {"/a.parquet"})
    assert found[2][-1] == "sequence_gap: records 3 to 7 are missing"


def test_damaged_binding_counts_for_its_run(space, asked):
    """A binding that cannot be read is damage of its run, and of no metric."""
    run, other = space.run("run:p.a"), space.run("run:p.b")
    space.artifact(run, "model", "model", b"weights")
    space.artifact(other, "data", "dataset", b"rows")
    space.repository.list_artifacts()  # so that the list knows whose binding it is
    for path in (space.root / "artifacts").rglob("*.json"):
        if '"artifact:p.a.model"' in path.read_text() and not path.name.startswith("_"):
            path.chmod(0o600)
            path.write_text("{")
    found = asked(run)

    assert (found.damaged_parts, found.missing_bodies) == (1, 0)
    assert (asked(run, keys=[]).complete, asked(other).complete) == (True, True)


@pytest.mark.parametrize(
    ("ref", "run"),
    [
        ("run:p.a", "run:p.a"),
        ("stage:p.a.train", "run:p.a"),
        ("artifact:p.a.model", "run:p.a"),
        ("relation:p.a", None),
        ("provenance:p.a", None),
        ("deployment:p.live", None),
        ("project:p", None),
    ],
)
def test_only_what_lies_under_a_run_is_of_a_run(ref, run):
    """A relation or a deployment belongs to no run, whatever its name looks like."""
    assert run_of(ref) == run
