"""Filters are checked when they are built."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import MetricCondition, RunListQuery, TimeRange


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (lambda: TimeRange("  "), "query_invalid_time_range"),
        (lambda: TimeRange("yesterday"), "query_invalid_time_range"),
        (lambda: TimeRange("2026-02-01", "2026-01-01"), "query_invalid_time_range"),
        (lambda: MetricCondition("", "gt", 1), "query_invalid_metric_condition"),
        (lambda: MetricCondition("a", "above", 1), "query_invalid_metric_condition"),
        (lambda: MetricCondition("a", "gt", True), "query_invalid_metric_condition"),
        (lambda: MetricCondition("a", "gt", 1, " "), "query_invalid_metric_condition"),
        (lambda: RunListQuery(limit=0), "query_invalid_run_list_query"),
        (lambda: RunListQuery(limit=True), "query_invalid_run_list_query"),
        (lambda: RunListQuery(offset=-1), "query_invalid_run_list_query"),
        (lambda: RunListQuery(sort_by="1; drop table runs"), "query_invalid_run_list_query"),
        (lambda: RunListQuery(sort_by="param:"), "query_invalid_run_list_query"),
        (lambda: RunListQuery(sort_by="params.lr"), "query_invalid_run_list_query"),
        (lambda: RunListQuery(tags={"": "x"}), "query_invalid_run_list_query"),
        (lambda: RunListQuery(status=" "), "query_invalid_run_list_query"),
        (lambda: RunListQuery(sort_desc=1), "query_invalid_run_list_query"),
        (lambda: RunListQuery(metric_conditions=("x",)), "query_invalid_run_list_query"),
    ],
)
def test_bad_filters_are_refused(build, code):
    """A filter that cannot mean anything is refused with a stable code."""
    with pytest.raises(ValidationError) as caught:
        build()

    assert caught.value.code == code


def test_operator_is_normalized():
    """Operators may be written in any case, with spaces around."""
    assert MetricCondition("loss", " LT ", 1).operator == "lt"


def test_bounds_are_instants_whatever_their_offset():
    """Bounds with different offsets are compared as instants."""
    bounds = TimeRange("2026-01-31T13:00:00+02:00", "2026-01-31T11:00:00Z")

    assert bounds.after_us == bounds.before_us


@pytest.mark.parametrize("date", ["20260131", "2026-W05-6", " 2026-01-31 "])
def test_every_way_to_write_a_date_is_the_whole_day(date):
    """ISO knows several; none of them means midnight alone."""
    bounds, day = TimeRange(date, date), TimeRange("2026-01-31", "2026-01-31")

    assert (day.after_us, day.before_us) == (bounds.after_us, bounds.before_us)


def test_a_bare_date_is_a_whole_day():
    """An upper bound without time of day includes that day."""
    bounds = TimeRange("2026-01-31", "2026-01-31")

    assert bounds.before_us - bounds.after_us == 86_400_000_000 - 1


def test_run_ids_tag_of_1_0_still_restricts():
    """The 1.0 way of naming runs in a tag becomes the field."""
    query = RunListQuery(tags={"__run_ids__": "a, b", "team": "x"})

    assert (query.run_ids, dict(query.tags)) == (("a", "b"), {"team": "x"})
