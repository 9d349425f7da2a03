"""Runs selected by an expression, over a repository that has the basic methods only."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import QueryService, RunListQuery
from contexta.interpretation.query._expression_runs import matching_runs
from contexta.interpretation.query.expression import RunExpression

NOW_US = 1_769_860_800_000_000 + 7 * 86_400_000_000  # a week after 2026-01-31T12:00Z


@pytest.fixture
def names(make):
    """The names that an expression selects of four runs."""
    good = make.run(
        "good",
        params={"lr": 0.001, "opt": "adam", "deep": True, "none": None, "a b.c": 1},
        tags={"team": "vision", "fold": "3"},
        code_revision="abc123",
    )
    bad = make.run("bad", minute=10, params={"lr": 0.1, "opt": "sgd"}, status="failed")
    text = make.run("text", minute=20, params={"lr": "0.001"}, tags={"team": "Vision"})
    still = make.run("still", minute=30, status="open", ended_at=None)
    records = [
        *(make.metric(good, "acc", v, step=s) for s, v in enumerate([0.5, 0.95, 0.9])),
        make.metric(good, "loss.max", 7.0),
        make.metric(bad, "acc", math.nan),
        make.metric(text, "acc", 0.1, stage="train", step=1),
        make.metric(text, "acc", 0.2, stage="eval", step=1),
    ]
    stages = [make.stage(text, "train"), make.stage(text, "eval")]
    repository = make.repository(runs=[good, bad, text, still], records=records, stages=stages)

    def select(where):
        found = matching_runs(
            repository, repository.list_runs(), RunExpression(where), now_us=NOW_US
        )
        return " ".join(run.name for run in found)

    return select


CASES = {
    # Params: numbers and texts are different, words of booleans are not.
    "params.lr < 0.01": "good",
    "params.lr = '0.001'": "text",
    "params.lr != 0.001": "bad text",
    "not params.lr = 0.001": "bad text",
    "not (params.lr < 0.01)": "bad",
    "params.lr between 0.0001 and 0.01": "good",
    "params.lr not between 0.0001 and 0.01": "bad",
    "params.lr in (0.1, '0.001')": "bad text",
    "params.lr not in (0.1, '0.001')": "good",
    "params.deep = true": "good",
    "params.deep = 'true'": "good",
    "params.none is null": "good bad text still",
    "params.lr is not null": "good bad text",
    'params."a b.c" = 1': "good",
    "params.`a b.c` = 1": "good",
    'params["a b.c"] = 1': "good",
    "params.opt like 'ad?m'": "good",
    "params.opt not like 'a*'": "bad",
    "params.opt contains 'd'": "good bad",
    # Tags, names and other texts.
    "tags.team = 'vision'": "good",
    "tags.team ~ 'VIS'": "good text",
    "tags.team !~ 'vis'": "",
    "tags.fold = '3'": "good",
    "name in ('good', 'bad')": "good bad",
    "id = 'run:p.good'": "good",
    "project = 'p' and name > 'g'": "good text still",
    "code_revision like 'abc*'": "good",
    "code_revision is null": "bad text still",
    "status != 'completed'": "bad still",
    "status = 'failed' or status = 'open'": "bad still",
    # Metrics.
    "metrics.acc > 0.8": "good",
    "metrics.acc.max > 0.94": "good",
    "metrics.acc.first = 0.5": "good",
    "metrics.acc.at(1) = 0.95": "good",
    "metrics.acc.count = 3": "good",
    "metrics.acc.count = 0": "still",
    "metrics.acc.nonfinite > 0": "bad",
    "metrics.acc = nan": "bad",
    "metrics.acc != nan": "good text",
    "metrics.acc != 0.9": "bad text",
    "not (metrics.acc > 0.8)": "bad text",
    "metrics.acc.max is null": "bad still",
    "metrics.acc is null": "still",
    "metrics.acc = 0.2": "text",
    "metrics.acc@train = 0.1": "text",
    "metrics.acc@train.at(1) < 1": "text",
    'metrics."loss.max" = 7': "good",
    'metrics."loss.max".min = 7': "good",
    "metrics.loss.max = 7": "",
    # Times; a date stands for its whole day.
    "started_at = '2026-01-31'": "good bad text still",
    "started_at > '2026-01-31'": "",
    "started_at >= '2026-01-31T12:20:00Z'": "text still",
    "started_at < '2026-01-31T14:10:00+02:00'": "good",
    "started_at > ago(7d)": "bad text still",
    "started_at <= now - 1w": "good",
    "ended_at is null": "still",
    "ended_at < now": "good bad text",
    "duration = 30": "good bad text",
    "duration < 1m": "good bad text",
    "duration > 1h": "",
    # Logic: and binds closer than or; unknown is not true, nor is its contrary.
    "name = 'bad' or name = 'good' and params.lr > 1": "bad",
    "(name = 'bad' or name = 'good') and params.lr > 1": "",
    "not (params.lr < 1 or name = 'x')": "",
    "not (params.lr > 1 and name = 'still')": "good bad text",
    "NOT name = 'bad' AND params.lr IS NOT NULL": "good text",
}


@pytest.mark.parametrize("where", CASES)
def test_an_expression_selects_what_it_says(names, where):
    """Each line of the table of meanings."""
    assert names(where) == CASES[where]


def test_a_listing_pages_and_orders_what_an_expression_selects(make):
    """Limit and offset count the runs that the expression leaves."""
    runs = [make.run(f"r{i}", minute=i, params={"n": i}) for i in range(6)]
    service = QueryService(make.repository(runs=runs))
    query = RunListQuery(where="params.n >= 2", limit=2, offset=1, sort_desc=True)
    found = service.list_runs(query=query)

    assert [run.name for run in found] == ["r4", "r3"]


@pytest.mark.parametrize("length", [1, 9, 700, 943, 66_000, 7_560_000])
def test_a_duration_means_what_the_clock_says(make, length):
    """In whichever unit: 700 ms are the double nearest to 0.7, not the one beside it."""
    start = datetime(2026, 1, 31, 12, tzinfo=UTC)
    end = start + timedelta(milliseconds=length)
    run = make.run("r", started_at=start.isoformat(), ended_at=end.isoformat())
    service = QueryService(make.repository(runs=[run]))
    wheres = [f"duration = {length}ms", f"duration = {length / 1000}s"]
    if length >= 60_000:
        wheres += [f"duration = {length / 60_000}m", f"duration >= {length / 60_000}m"]

    assert [len(service.list_runs(query=RunListQuery(where=w))) for w in wheres] == [1] * len(
        wheres
    )


def test_a_query_refuses_a_wrong_expression_when_it_is_built():
    """Long before any store is asked."""
    with pytest.raises(ValidationError) as caught:
        RunListQuery(where="params.lr <")

    assert caught.value.code == "query_invalid_expression"
