"""Spans: blocks, functions, and times given by the caller."""

import asyncio
from datetime import UTC, datetime

import pytest

from contexta.capture import ResultStatus
from contexta.contract.errors import LifecycleError


def test_blocks_are_timed_and_linked(ctx, records_of):
    """Inner spans carry the outer one's id, and all of a run share a trace."""
    with ctx.run("r") as run, run.span("outer") as outer:
        outer.set_attributes(rows=3)
        with run.stage("s") as stage, stage.span("inner"):
            pass
    inner_record, outer_record = records_of(ctx, "span")

    assert inner_record.payload.parent_span_id == outer_record.payload.span_id == outer.span_id
    assert inner_record.payload.trace_id == outer_record.payload.trace_id
    assert outer_record.envelope.correlation_refs.trace_id == outer_record.payload.trace_id
    assert (dict(outer_record.payload.attributes), outer.status) == (
        {"rows": 3}, ResultStatus.SUCCESS,
    )  # fmt: skip
    assert outer_record.payload.ended_at >= inner_record.payload.ended_at


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("no"), "error"),
        (TimeoutError(), "timeout"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
def test_a_block_that_raises_says_how(ctx, records_of, error, status):
    """Status and error type are recorded; the exception goes on."""
    with ctx.run("r") as run, pytest.raises(type(error)), run.span("s"):
        raise error
    payload = records_of(ctx, "span")[0].payload

    assert (payload.status, payload.attributes["error.type"]) == (status, type(error).__name__)


def test_decorated_functions_are_spans(ctx, records_of):
    """Each call is a span of its own, also of coroutine functions."""
    with ctx.run("r") as run:

        @run.span("plain")
        def plain(x):
            return x + 1

        @run.span("later")
        async def later(x):
            return x + 2

        values = [plain(1), plain(2), asyncio.run(later(3))]

    assert values == [2, 3, 5]
    assert [r.payload.span_name for r in records_of(ctx, "span")] == ["plain", "plain", "later"]


def test_a_plain_call_captures_at_once_with_the_given_times(ctx, records_of):
    """The call of 1.0 still works: a result, with times as text or datetimes."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with ctx.run("r") as run:
        result = run.span("s", started_at=start, ended_at="2026-01-01T00:00:01Z", status="error")
        run.span("dropped")
        kept = run.span("kept until the run closes")
    names = [record.payload.span_name for record in records_of(ctx, "span")]

    assert sorted(names) == ["dropped", "kept until the run closes", "s"]
    assert result.payload.payload.ended_at == "2026-01-01T00:00:01.000000Z"
    assert result.payload.envelope.observed_at == "2026-01-01T00:00:00.000000Z"
    assert kept.succeeded


def test_a_span_dated_ahead_is_stored(ctx, records_of):
    """A clock that is ahead does not lose the span."""
    with ctx.run("r") as run:
        result = run.span("s", started_at="2199-01-01T00:00:00Z")

    assert result.succeeded
    assert records_of(ctx, "span")[0].payload.started_at == "2199-01-01T00:00:00.000000Z"


def test_a_span_is_entered_once_and_read_after_its_end(ctx):
    """Using it twice, or asking while it runs, is refused."""
    with ctx.run("r") as run:
        with run.span("s") as span, pytest.raises(LifecycleError):
            _ = span.payload
        with pytest.raises(LifecycleError), span:
            pass


def test_a_bad_span_is_recorded_and_the_block_runs(ctx, records_of):
    """A status that nobody knows costs the span, not the work."""
    ran = []
    with ctx.run("r") as run, run.span("s", status="splendid"):
        ran.append(1)

    assert ran == [1]
    assert [r.payload.issue_key for r in records_of(ctx, "degraded")] == ["capture.span_rejected"]


def test_operations_are_spans_of_the_same_tree(ctx, records_of):
    """A span inside an operation has it as parent, nested operations too."""
    with ctx.run("r") as run, run.stage("s") as stage:
        inner = stage.operation("outer").operation("inner")
        with inner.span("leaf"):
            pass
    by_name = {r.payload.span_name: r.payload for r in records_of(ctx, "span")}

    assert by_name["leaf"].parent_span_id == by_name["inner"].span_id
    assert by_name["inner"].parent_span_id == by_name["outer"].span_id
    assert by_name["outer"].parent_span_id is None
