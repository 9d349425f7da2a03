"""A number is kept when only what was said about it cannot be."""

import pytest


@pytest.mark.parametrize(
    "said",
    [
        {"step": "3"},
        {"step": 3.5},
        {"epoch": "late"},
        {"aggregation_scope": "epoch"},
        {"unit": " "},
        {"timestamp": "yesterday"},
        {"step": "3", "unit": 5},
    ],
    ids=str,
)
def test_the_value_is_stored_without_the_bad_part(ctx, said):
    """The point is there, and a degraded record says what was left out and why."""
    with ctx.run("train") as run:
        result = run.metric("loss", 0.5, tags={"split": "val"}, **said)
    stored = [item.record.payload for item in ctx.record_store.scan()]
    (point,) = [item for item in stored if hasattr(item, "metric_key")]
    (told,) = [item for item in stored if hasattr(item, "issue_key")]

    assert result.degraded
    assert (point.value, dict(point.tags)) == (0.5, {"split": "val"})
    assert all(name in told.summary for name in said)


def test_a_value_that_is_no_number_is_not_stored(ctx):
    """Nothing is invented in its place."""
    with ctx.run("train") as run:
        run.metric("loss", "high", step="3")
    stored = [item.record.payload for item in ctx.record_store.scan()]

    assert [False] == [hasattr(item, "metric_key") for item in stored]


def test_results_are_one_short_line_in_a_notebook(ctx):
    """The last call of a cell shows what was stored, not every field of the result."""
    with ctx.run("train") as run:
        first = run.metric("loss", 0.5, step=1)
        again = run.metric("loss", 0.25, step=2)
        shown = [repr(first), repr(again), repr(run.log({"loss": 0.1, "acc": 0.9}))]

    assert all(len(text) < 120 for text in shown)
    assert "loss=0.25 at step 2" in repr(again)
