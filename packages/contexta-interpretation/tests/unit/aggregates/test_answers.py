"""Edges of aggregate answers: constants, large means, nothing at all, bad input, damage."""

import json
import math
import pickle
import re
import sys

import pyarrow as pa
import pytest

from contexta.contract.errors import DependencyError, ValidationError
from contexta.interpretation import ResolutionError, RunListQuery
from contexta.interpretation.aggregates import (
    AggregateError,
    AggregateService,
    DuckDbEngine,
    RecordCounts,
    SparkEngine,
)
from contexta.interpretation.aggregates._questions import QUESTIONS


@pytest.fixture
def values(space):
    """Runs of project p with one value of `loss` each."""

    def added(*numbers):
        runs = [space.run(f"run:p.r{n}", n) for n in range(len(numbers))]
        for run, number in zip(runs, numbers, strict=True):
            space.point(run, "loss", number)
        return runs

    return added


def test_equal_values_have_no_variance(space, values):
    """A constant baseline is exactly constant, not up to a rounding error."""
    values(0.1, 0.1, 0.1)
    (row,) = space.ask.baseline("loss").rows

    assert (0.1, 0.0, 0.0) == (row.mean, row.variance, row.std)


def test_a_large_mean_keeps_the_digits_of_the_variance(space, values):
    """The one-pass formula would give zero, or less."""
    values(1e9, 1e9 + 1, 1e9 + 2)
    (row,) = space.ask.baseline("loss").rows

    assert (1e9 + 1, 1.0) == (row.mean, pytest.approx(row.variance, rel=1e-12))


def test_one_value_has_no_variance_to_compare(space, values):
    """The divisor n - 1 needs two values; the population's deviation of one is zero."""
    values(2.0)
    (row,) = space.ask.baseline("loss").rows

    assert (1, None, 0.0, 2.0) == (row.n, row.variance, row.std, row.p99)


def test_what_has_no_finite_value_is_counted_not_averaged(space, values):
    """Runs with NaN or an infinity, and runs without the metric, are named by number."""
    values(1.0, math.nan, math.inf, 3.0)
    space.run("run:p.empty", 9)
    answer = space.ask.baseline("loss")
    (row,) = answer.rows

    assert (5, 2, 1, 2, 2.0) == (row.runs, row.n, row.missing, row.nonfinite, row.mean)
    assert (5, 1, 2) == (
        answer.completeness.runs,
        answer.completeness.missing,
        answer.completeness.nonfinite,
    )


def test_nothing_is_none_not_zero(space):
    """A baseline of no runs, and the counts of a run without records."""
    run = space.run("run:p.quiet")
    (row,) = space.ask.baseline("loss", runs=[]).rows

    assert (0, 0, None, None, None) == (row.runs, row.n, row.mean, row.std, row.p50)
    assert (RecordCounts(run),) == space.ask.record_counts().rows
    assert () == space.ask.step_curve("loss").rows


def test_an_empty_group_keeps_its_place(space, values):
    """Groups come in the order given, also without runs."""
    runs = values(1.0, 2.0)
    rows = space.ask.group_statistics("loss", {"b": runs[:1], "none": [], "a": runs[1:]}).rows

    assert [("b", 1), ("none", 0), ("a", 1)] == [(row.group, row.n) for row in rows]


def test_of_points_at_one_instant_the_later_record_is_last(space, values):
    """Ties in time are broken by the order of writing."""
    (run,) = values(1.0)
    space.point(run, "loss", 5.0)
    space.point(run, "loss", 4.0)
    (row,) = space.ask.metric_summaries("loss").rows

    assert (1.0, 4.0) == (row.first, row.last)


def test_points_without_a_step_are_said_not_placed(space, values):
    """A curve cannot hold them; its notes count them."""
    (run,) = values(1.0)
    alone = space.ask.step_curve("loss")
    space.point(run, "loss", 2.0, step=7)
    answer = space.ask.step_curve("loss")

    assert ((), ("points_without_step:1",)) == (alone.rows, alone.completeness.notes)
    assert [7] == [row.step for row in answer.rows]
    assert ("points_without_step:1",) == answer.completeness.notes


def test_unsealed_records_are_in_the_answer(space, values):
    """A value is there once its call returned; sealing changes nothing."""
    values(1.0, 2.0)
    live = space.ask.last_values("loss")
    space.records.seal()

    assert live == space.ask.last_values("loss")
    assert [1.0, 2.0] == [row.value for row in live.rows]


def test_a_damaged_part_is_named_and_the_rest_answers(space, values):
    """The answer says which file it could not read."""
    first, second = values(1.0, 2.0)
    space.records.seal()
    space.point(second, "loss", 3.0, at=1)
    space.records.seal()
    part = min(space.records.root_path.glob("metric/*/*.parquet"), key=lambda p: p.stat().st_mtime)
    raw = bytearray(part.read_bytes())
    raw[len(raw) // 2] ^= 1
    part.write_bytes(raw)
    answer = space.ask.last_values("loss", runs=[first, second])

    assert 1 == answer.completeness.damaged_parts
    assert part.name in answer.completeness.notes[0]
    assert [3.0] == [row.value for row in answer.rows if row.run_id == second]


def test_answers_are_plain_data(space, values):
    """They pickle, give JSON without NaN, and give Arrow tables with types."""
    values(1.0, math.nan)
    answer = space.ask.trend("loss")
    copy = pickle.loads(pickle.dumps(answer))
    text = json.dumps(answer.to_dict(), allow_nan=False)
    table = answer.to_arrow()

    assert answer.rows[0] == copy.rows[0]
    assert '"value_marker": "NaN"' in text
    assert pa.timestamp("us", tz="UTC") == table.schema.field("observed_at").type
    assert (2, pa.int64()) == (table.num_rows, table.schema.field("count").type)


def test_values_are_bound(space, values):
    """SQL in a name is a name that nothing has."""
    values(1.0)
    evil = "loss' OR '1'='1"

    assert () == space.ask.last_values(evil).rows
    assert () == space.ask.last_values("loss", stage_name="x') OR ('1'='1").rows


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_text_names_its_values(question):
    """Each marker is a declared parameter, and no text has a cast or a literal with a colon."""
    assert set(question.parameters) == set(re.findall(r":(\w+)", question.sql))
    assert question.sql.count(":") == len(re.findall(r":[a-z_]+\b", question.sql))


BAD = {
    "overlap": (
        lambda ask, run: ask.group_statistics("loss", {"a": [run], "b": [run]}),
        "aggregates_overlapping_groups",
    ),
    "runs and query": (
        lambda ask, run: ask.baseline("loss", runs=[run], query=RunListQuery()),
        "aggregates_ambiguous_selection",
    ),
    "no groups": (
        lambda ask, run: ask.group_statistics("loss"),
        "aggregates_ambiguous_selection",
    ),
    "groups and runs": (
        lambda ask, run: ask.step_curve("loss", runs=[run], groups={"a": [run]}),
        "aggregates_ambiguous_selection",
    ),
    "one text as runs": (
        lambda ask, run: ask.baseline("loss", runs=run),
        "aggregates_invalid_runs",
    ),
    "one text as params": (
        lambda ask, run: ask.group_statistics("loss", params="lr"),
        "aggregates_invalid_params",
    ),
    "no metric": (lambda ask, run: ask.baseline(""), "aggregates_invalid_metric_key"),
    "no stage name": (
        lambda ask, run: ask.baseline("loss", stage_name=3),
        "aggregates_invalid_stage",
    ),
    "aggregation": (
        lambda ask, run: ask.baseline("loss", aggregation="median"),
        "trend_invalid_metric_aggregation",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_question_is_refused(space, values, name):
    """By name, before anything is read."""
    (run,) = values(1.0)
    question, code = BAD[name]
    with pytest.raises(ValidationError) as caught:
        question(space.ask, run)

    assert code == caught.value.code


def test_an_unknown_run_is_an_error_with_its_neighbors(space, values):
    """Not an answer about fewer runs."""
    values(1.0)
    with pytest.raises(ResolutionError) as caught:
        space.ask.baseline("loss", runs=["run:p.r1"])

    assert "run:p.r0" in str(caught.value)


def test_without_a_ledger_queries_are_refused(space):
    """The records know no parameters and no statuses."""
    alone = AggregateService(DuckDbEngine(space.records))
    with pytest.raises(AggregateError) as query:
        alone.baseline("loss", query=RunListQuery(status="completed"))
    with pytest.raises(AggregateError) as params:
        alone.group_statistics("loss", params=["lr"])
    with pytest.raises(ValidationError):
        alone.baseline("loss", runs=["r0"])

    assert {"aggregates_needs_query_service"} == {query.value.code, params.value.code}


@pytest.mark.parametrize(
    "settings", [{"threads": 0}, {"threads": True}, {"memory_limit": "much"}, {"memory_limit": 5}]
)
def test_a_bad_setting_is_refused(space, settings):
    """Threads and memory have a form."""
    with pytest.raises(ValidationError) as caught:
        DuckDbEngine(space.records, **settings)

    assert "aggregates_invalid_setting" == caught.value.code


def test_too_little_memory_is_our_error(random_space):
    """DuckDB's own error is the cause, the way out is in the message."""
    ask = AggregateService(DuckDbEngine(random_space.records, memory_limit="1KB"))
    with pytest.raises(AggregateError) as caught:
        ask.metric_summaries()

    assert "aggregates_engine_failed" == caught.value.code
    assert "memory_limit" in str(caught.value)


def test_without_pyspark_the_extra_is_named(monkeypatch):
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "grpc", None)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(DependencyError) as caught:
        SparkEngine.connect("sc://127.0.0.1:1", "records")

    assert "aggregates_spark_missing" == caught.value.code
    assert "contexta-interpretation[spark]" in str(caught.value)


def test_what_is_no_session_is_refused():
    """Before anything is asked of it."""
    with pytest.raises(ValidationError) as caught:
        SparkEngine("sc://host", "records")

    assert "aggregates_invalid_setting" == caught.value.code
