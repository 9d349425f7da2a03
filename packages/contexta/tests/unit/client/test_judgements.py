"""Judgements through the facade, on runs that capture wrote."""

import random


def train(ctx, runs, shift_from=None):
    """Log noisy accuracies of seeds 0 to `runs`; from `shift_from` on with a larger rate."""
    noise = random.Random(7)
    for seed in range(runs):
        late = shift_from is not None and seed >= shift_from
        with ctx.run("train", params={"lr": 0.5 if late else 0.1, "seed": seed}) as run:
            run.metric("accuracy", (0.7 if late else 0.9) + noise.gauss(0, 0.01))


def test_groups_are_compared_by_expression(ctx):
    """Two groups named by a condition on a param; the clear loser is called worse."""
    from contexta.interpretation.query import RunListQuery

    train(ctx, 12, shift_from=6)

    comparison = ctx.compare_groups(
        RunListQuery(where="params.lr < 0.2"), RunListQuery(where="params.lr > 0.2")
    )
    row = comparison.metric("accuracy")

    assert (6, 6, "worse") == (row.left.n, row.right.n, row.verdict)


def test_replicates_are_grouped(ctx):
    """Runs of equal params are one group."""
    train(ctx, 6, shift_from=4)

    assert (4, 2) == tuple(ctx.replicate_groups(["lr"]).sizes)


def test_a_gate_fails_a_regression(ctx):
    """The run that lost accuracy does not pass, and the exit code says so."""
    train(ctx, 9, shift_from=8)
    *earlier, last = [run.run_id for run in ctx.list_runs()]
    rules = [{"type": "no_regression", "metric_key": "accuracy"}]

    result = ctx.evaluate_gate(last, rules, earlier)

    assert ("fail", 1) == (result.verdict, result.exit_code)


def test_bisect_names_the_run_and_the_param(ctx):
    """The first run after the change, and the param that changed with it."""
    train(ctx, 24, shift_from=14)
    runs = ctx.list_runs()

    found = ctx.bisect("accuracy")
    first = found.differences[0]

    assert (runs[14].run_id, "param", "lr") == (found.first_run_after, first.kind, first.key)


def test_changes_of_the_history_are_found(ctx):
    """One change, at the run from which on the rate was larger."""
    train(ctx, 24, shift_from=14)

    changes = ctx.find_changes("accuracy").change_points

    assert [14] == [change.index for change in changes]


def test_runs_are_listed_by_expression(ctx):
    """An expression over params and metrics selects runs, the newest first."""
    train(ctx, 6, shift_from=3)

    found = ctx.list_runs(where="params.lr = 0.5 and metrics.accuracy.max < 0.8")

    assert [5, 4, 3] == [run.params["seed"] for run in found]


def test_pages_of_runs_make_up_the_list(ctx):
    """Following the cursors shows each run once, in the order of the list."""
    train(ctx, 7)
    seen, after = [], None

    while True:
        page = ctx.page_runs(after=after, limit=3)
        seen += [run.run_id for run in page.runs]
        after = page.next_cursor
        if after is None:
            break

    assert [run.run_id for run in ctx.list_runs()] == seen
