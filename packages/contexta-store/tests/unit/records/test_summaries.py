"""Summaries: last by observed time, spread around the mean, non-finite values apart."""

import math

import pytest

from contexta.store.records import SeriesContext, derive_record_ref

CONTEXT = SeriesContext("run:demo.run-1", "demo", stage_execution_ref="stage:demo.run-1.train")


@pytest.mark.parametrize("sealed", [False, True])
def test_a_summary_says_what_the_points_say(store, sealed):
    """Count, first, last, extremes, mean and m2 over finite values; the rest is counted."""
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss", unit="nats")
    points = [(30, 3.0, 2), (10, 1.0, 0), (20, math.nan, 1), (30, 5.0, 3), (15, math.inf, 9)]
    for observed_us, value, step in points:
        writer.append_point(series, observed_us, value, step)
    if sealed:
        store.seal()
    (summary,) = store.metric_summaries(run_refs=["run:demo.run-1"], keys=["loss"])

    assert (summary.count, summary.nonfinite_count) == (5, 2)
    assert (summary.first, summary.last) == (1.0, 5.0)
    assert (summary.min, summary.max, summary.mean, summary.m2) == (1.0, 5.0, 3.0, 8.0)
    assert (summary.first_observed_us, summary.last_observed_us) == (10, 30)
    assert (summary.last_step, summary.unit) == (3, "nats")
    assert summary.last_record_ref == derive_record_ref("run:demo.run-1", "metric", 4)
    assert summary.stage_execution_ref == "stage:demo.run-1.train"


def test_a_metric_without_finite_values_has_no_extremes(store):
    """A diverged run is counted, not hidden and not averaged."""
    writer = store.writer()
    writer.append_point(writer.define_series(CONTEXT, "loss"), 1, math.nan)
    (summary,) = store.metric_summaries()

    assert (summary.count, summary.nonfinite_count) == (1, 1)
    assert (summary.min, summary.max, summary.mean, summary.m2) == (None, None, None, None)
    assert math.isnan(summary.last)


def test_stages_are_summarized_apart_and_in_order(store):
    """One summary per run, stage and key, sorted by those; a point outside a stage has none."""
    writer = store.writer()
    outside = SeriesContext("run:demo.run-1", "demo")
    for context, key in [(CONTEXT, "b"), (CONTEXT, "a"), (outside, "z")]:
        writer.append_point(writer.define_series(context, key), 1, 1.0)
    found = [(s.stage_execution_ref, s.metric_key) for s in store.metric_summaries()]

    assert found == [
        (None, "z"),
        ("stage:demo.run-1.train", "a"),
        ("stage:demo.run-1.train", "b"),
    ]


def test_the_first_point_is_of_its_own_series_when_pieces_overlap(store):
    """A later part with an earlier point does not mix up series, whatever order keys come in."""
    writer = store.writer()
    outside = SeriesContext("run:demo.run-1", "demo")
    places = [(outside, "z", 0.0), (CONTEXT, "a", 100.0), (CONTEXT, "z", 200.0)]
    for moments in [(5,), (1, 9)]:
        for context, key, offset in places:
            series = writer.define_series(context, key)
            for moment in moments:
                writer.append_point(series, moment, offset + moment)
        store.seal()
    found = [(s.metric_key, s.first, s.last) for s in store.metric_summaries()]

    assert found == [("z", 1.0, 9.0), ("a", 101.0, 109.0), ("z", 201.0, 209.0)]


@pytest.mark.parametrize("sealed", [False, True])
def test_points_of_the_run_itself_are_told_from_those_of_its_stages(store, sealed):
    """`of_no_stage` leaves out the points of stages; without it all points of the run come."""
    writer = store.writer()
    outside = SeriesContext("run:demo.run-1", "demo")
    for context, value in [(CONTEXT, 1.0), (outside, 2.0)]:
        writer.append_point(writer.define_series(context, "z"), 1, value)
    if sealed:
        store.seal()
    own = store.series("run:demo.run-1", "z", of_no_stage=True)

    assert own["value"].to_pylist() == [2.0]
    assert store.series("run:demo.run-1", "z")["value"].to_pylist() == [1.0, 2.0]


def test_counts_are_by_type(store, metric):
    """Only the records of the run are counted."""
    store.append_many([metric(1), metric(2), metric(3, run="run-2")])

    assert store.record_counts("run:demo.run-1") == {
        "event": 0,
        "metric": 2,
        "span": 0,
        "degraded": 0,
    }


def test_the_table_of_figures_says_what_the_summaries_say(store, add_points):
    """One row per run, stage and key, in the order of the summaries, sealed or not."""
    for run in ("run:demo.b", "run:demo.a"):
        add_points(store, 3, run=run, key="loss")
        add_points(store, 2, run=run, key="acc")
        store.seal()
    add_points(store, 2, run="run:demo.a", key="loss")
    wanted = store.metric_summaries(keys=["loss"])
    names = ["run_ref", "stage_execution_ref", "metric_key", "count", "nonfinite_count"]
    names += ["first", "last", "min", "max", "mean"]

    assert store.metric_table(keys=["loss"]).select(names).to_pylist() == [
        {name: getattr(row, name) for name in names[5:]}
        | {name: getattr(row, name) for name in names[:5]}
        for row in wanted
    ]
    assert store.metric_table(["run:demo.a"])["metric_key"].to_pylist() == ["acc", "loss"]
    assert store.metric_table(["run:demo.none"]).num_rows == 0
