"""Statistics over runs."""

import math

import pytest

from contexta.interpretation import AggregationService, QueryService


def service(make, runs, records=()):
    return AggregationService(QueryService(make.repository(runs=runs, records=records)))


def test_one_value_per_run(make):
    """Each run counts once, with its latest value; the standard deviation is of the population."""
    runs = [make.run("a"), make.run("b", minute=1), make.run("c", minute=2)]
    records = [make.metric(runs[0], "loss", v) for v in (9.0, 1.0)]
    records += [make.metric(runs[1], "loss", 3.0), make.metric(runs[2], "loss", math.nan)]
    found = service(make, runs, records).aggregate_metric("loss")

    assert (found.count, found.mean, found.std, found.min, found.max) == (2, 2.0, 1.0, 1.0, 3.0)
    assert found.p75 == pytest.approx(2.5)
    assert [n.summary for n in found.completeness_notes] == ["nonfinite_values_left_out:loss"]


def test_nothing_has_no_statistics(make):
    """The mean of no value is None, not zero."""
    found = service(make, [make.run("a")]).aggregate_metric("loss")

    assert (found.count, found.mean, found.std, found.p50) == (0, None, None, None)
    assert [n.summary for n in found.completeness_notes] == [
        "missing_metric_for_aggregate:loss",
        "aggregate_population_empty:loss",
    ]


def test_long_runs_do_not_outweigh_short_ones(make):
    """Stage statistics take one value per run, however many points it has."""
    runs = [make.run("a"), make.run("b", minute=1)]
    records = [make.metric(runs[0], "loss", 1.0, stage="train") for _ in range(50)]
    records += [make.metric(runs[1], "loss", 3.0, stage="train"), make.metric(runs[1], "x", 1.0)]
    table = service(make, runs, records).aggregate_by_stage()

    assert [(r.stage_name, r.metric_key, r.count, r.mean) for r in table.by_stage] == [
        ("_unassigned", "x", 1, 1.0),
        ("train", "loss", 2, 2.0),
    ]


def test_statuses_are_counted(make):
    """Runs are counted by status; the pass rate is that of completed ones."""
    runs = [make.run("a"), make.run("b", status="failed")]
    found = service(make, runs).run_status_distribution()

    assert [(r.status, r.count) for r in found.by_status] == [("completed", 1), ("failed", 1)]
    assert (found.pass_rate, service(make, []).run_status_distribution().pass_rate) == (0.5, 0.0)
