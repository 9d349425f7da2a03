"""What is missing beside a number, counted over records."""

import json
import pickle

from contexta.interpretation import QueryService
from contexta.interpretation.completeness import Completeness, completeness_of
from contexta.interpretation.repositories import ObservationRecord


def degraded(run, key, marker="capture_gap", **payload):
    """A degraded record of a run."""
    return ObservationRecord(
        f"record:{run.run_id.partition(':')[2]}.degraded-{key}",
        run.run_id,
        None,
        "degraded",
        key,
        "2026-01-31T12:00:00Z",
        completeness_marker="partial",
        degradation_marker=marker,
        payload=payload,
    )


def counted(make, records, *, status="completed", keys=None, **things):
    """Completeness of one run with these records."""
    run = make.run("r", status=status)
    repository = make.repository(runs=[run], records=records(run), **things)
    return completeness_of(QueryService(repository), [run.run_id], keys)


def test_nothing_recorded_of_a_gap_is_complete(make):
    """A run whose records say nothing of a gap is complete."""
    found = counted(make, lambda run: [make.metric(run, "loss", 0.5)])

    assert found == Completeness(runs=1, records=1)
    assert found.complete


def test_run_named_twice_counts_once(make):
    """A run id that is given twice counts once."""
    run = make.run("r")
    service = QueryService(make.repository(runs=[run]))

    assert completeness_of(service, [run.run_id, run.run_id]).runs == 1


def test_unknown_run_is_named(make):
    """An unknown run is in the notes."""
    service = QueryService(make.repository())

    assert completeness_of(service, ["run:p.x"]).notes == ("run_unknown:run:p.x",)


def test_metric_that_a_run_lacks_is_missing(make):
    """Each metric asked for that a run has not counts as missing."""
    found = counted(make, lambda run: [make.metric(run, "loss", 1.0)], keys=["loss", "acc", "f1"])

    assert (found.records, found.missing) == (1, 2)


def test_record_taken_an_hour_after_is_late(make):
    """A record taken more than an hour after what it tells of is late."""

    def records(run):
        return [
            ObservationRecord(
                "record:p.r.e1",
                run.run_id,
                None,
                "event",
                "seen",
                "2026-01-31T10:00:00Z",
                payload={"recorded_at": "2026-01-31T11:00:01Z"},
            )
        ]

    assert counted(make, records).late == 1


def test_partial_and_sampled_records_are_clipped(make):
    """Records of which a part was kept are clipped, degraded records are not."""

    def records(run):
        return [
            make.metric(run, "loss", 1.0, completeness_marker="sampled"),
            make.event(run, "text", completeness_marker="partial"),
            degraded(run, "x.y"),
        ]

    found = counted(make, records)

    assert (found.clipped, found.degraded) == (2, 1)


def test_nan_and_infinity_are_nonfinite(make):
    """NaN and infinities count as non-finite, for the metrics asked for."""

    def records(run):
        values = [float("nan"), float("inf"), 1.0]
        return [
            *(make.metric(run, "loss", value) for value in values),
            make.metric(run, "other", float("nan")),
        ]

    assert counted(make, records).nonfinite == 3
    assert counted(make, records, keys=["loss"]).nonfinite == 2


def test_imported_and_replayed_records_are_imported(make):
    """Records that say that they came from elsewhere count as imported."""

    def records(run):
        return [
            degraded(run, "a.b", origin_marker="imported"),
            degraded(run, "c.d", origin_marker="replayed"),
            degraded(run, "e.f", origin_marker="explicit_capture"),
        ]

    assert counted(make, records).imported == 2


def test_losses_that_capture_reported_are_lost(make):
    """The count of a loss record is the number of lost records."""

    def records(run):
        return [degraded(run, "capture.records_lost", attributes={"count": 7})]

    assert counted(make, records).lost == 7


def test_interrupted_and_open_runs_are_told_apart(make):
    """A run whose process died counts as dead writer, one that goes on as open."""
    dead = counted(make, lambda run: [], status="interrupted")
    going = counted(make, lambda run: [], status="open")

    assert (dead.dead_writers, dead.open_runs) == (1, 0)
    assert (going.dead_writers, going.open_runs) == (0, 1)


def test_missing_bodies_count_unless_metrics_are_asked(make):
    """An artifact without its body counts, but not beside a metric."""
    run = make.run("r")
    lost = make.artifact(run, "m", "model", body_missing=True)
    service = QueryService(make.repository(runs=[run], artifacts=[lost]))

    assert completeness_of(service, [run.run_id]).missing_bodies == 1
    assert completeness_of(service, [run.run_id], []).missing_bodies == 0


def test_sum_adds_counts_and_joins_notes():
    """The sum of two answers adds the counts and keeps each note once."""
    left = Completeness(runs=1, late=2, notes=("a", "b"))
    right = Completeness(runs=2, late=3, lost=1, notes=("b",))

    assert left + right == Completeness(runs=3, late=5, lost=1, notes=("a", "b"))
    assert (left + right).problems == {"late": 5, "lost": 1}


def test_completeness_pickles_and_is_json():
    """The counts pickle, and to_dict is JSON."""
    found = Completeness(runs=1, notes=["x"])

    assert pickle.loads(pickle.dumps(found)) == found
    assert json.loads(json.dumps(found.to_dict()))["notes"] == ["x"]
