"""Orders by status, duration and parameter, over stores and over the basic methods."""

import math
from dataclasses import replace
from itertools import product

import pytest

from contexta.interpretation import MetricCondition, QueryService, RunListQuery, TimeRange
from contexta.interpretation.testing import InMemoryRepository

# Each once or twice: numbers of both types, the infinities, texts, words, nothing.
VALUES = [
    0.1, 3, "adam", None, 0.1, math.nan, "-5", True, math.inf, -2, False, "sgd", 3.0, -math.inf,
    "", 2**60, "Adam", 10,
]  # fmt: skip
ASCENDING = [
    -math.inf, -2, 0.1, 0.1, 3, 3.0, 10, 2**60, math.inf,
    "", "-5", "Adam", "adam", "false", "sgd", "true",
]  # fmt: skip
STATUSES = ("completed", "failed", "open", "cancelled", "completed", "interrupted")


def fill(space):
    """Runs of a sweep, started three at a time, in two projects; the last one has no value."""
    for number, value in enumerate([*VALUES, "absent"]):
        params = {} if value == "absent" else {"k": value}
        ref = f"run:{'qp'[number % 2]}.r{number:02}"
        tags = {"even": str(number % 2 == 0)}
        space.run(ref, number // 3, STATUSES[number % 6], params=params, tags=tags)
        if number % 4:
            space.points(ref, "acc", [float(number)])
    return space


@pytest.fixture(scope="module")
def swept(workspace_class, tmp_path_factory):
    """The sweep, for tests that change nothing."""
    workspace = workspace_class(tmp_path_factory.mktemp("sweep"))
    workspace.project("p", "Project P")
    workspace.project("q")
    yield fill(workspace)
    workspace.close()


@pytest.fixture(scope="module")
def plain(swept):
    """The same runs in a repository with the basic methods only."""
    runs = swept.query.list_runs()
    records = [r for run in runs for r in swept.repository.list_records(run_id=run.run_id)]
    return QueryService(InMemoryRepository(runs=runs, records=records))


def ids(queries, **fields):
    return [run.run_id for run in queries.list_runs(query=RunListQuery(**fields))]


def values(queries, key="k", **fields):
    """The values in order, with the words of those that are not finite as numbers."""
    found = queries.list_runs(query=RunListQuery(sort_by=f"param:{key}", **fields))
    words = {
        "Infinity": math.inf,
        "-Infinity": -math.inf,
        "NaN": None,
        True: "true",
        False: "false",
    }
    shown = [run.params.get(key) for run in found]
    return [words.get(v, v) if isinstance(v, (str, bool)) else v for v in shown]


def walk(queries, query, limit):
    """The ids of all pages, one after the other."""
    found, after = [], None
    while after is not None or not found:
        page = queries.page_runs(query, after=after, limit=limit)
        found += [run.run_id for run in page.runs]
        after = page.next_cursor
        assert len(found) < 100
        if after is None:
            break
    return found


ORDERS = list(product(("status", "duration", "param:k"), (False, True)))
FILTERS = [
    {},
    {"tags": {"even": "True"}},
    {"where": "params.k > 0 or status = 'failed'"},
    {"status": "open"},
    {"metric_conditions": (MetricCondition("acc", "gt", 5),)},
    {"time_range": TimeRange(started_after="2026-01-31T12:02:00Z")},
    {"project_name": "Project P"},
    {"run_ids": tuple(f"run:{'qp'[n % 2]}.r{n:02}" for n in (9, 4, 3, 0, 17, 2))},
]


def test_numbers_come_before_texts_and_what_is_missing_last(swept, plain):
    """Numbers by size, then texts by code point, then None, NaN and runs without it."""
    for queries in (swept.query, plain):
        found = values(queries)

        assert found[:-3] == ASCENDING
        assert found[-3:] == [None, None, None]


def test_descending_turns_numbers_and_texts_each_among_themselves(swept, plain):
    """The kinds stay in their order: nobody looks for the largest number behind the texts."""
    numbers = ASCENDING[:9]
    for queries in (swept.query, plain):
        found = values(queries, sort_desc=True)

        assert found[:9] == numbers[::-1]
        assert found[9:-3] == ASCENDING[9:][::-1]
        assert found[-3:] == [None, None, None]


@pytest.mark.parametrize("descending", [False, True])
def test_runs_that_tie_are_by_start_then_id(swept, plain, descending):
    """Among runs of one value the oldest is first, in both directions and over projects."""
    for queries in (swept.query, plain):
        found = ids(queries, sort_by="status", sort_desc=descending)
        runs = {run.run_id: run for run in queries.list_runs()}
        words = list(dict.fromkeys(runs[ref].status for ref in found))
        wanted = [
            ref
            for word in sorted(words, reverse=descending)
            for ref in sorted(
                (ref for ref in runs if runs[ref].status == word),
                key=lambda ref: (runs[ref].started_at, ref),
            )
        ]

        assert found == wanted
        assert set(words) == set(STATUSES)


def test_durations_compare_as_lengths_and_open_runs_are_last(space):
    """A run of an hour is longer than one of nine seconds; one without an end has no length."""
    ends = {"a": "2026-01-31T13:00:00Z", "b": "2026-01-31T12:00:09Z", "c": None, "d": None}
    runs = [
        replace(space.repository.get_run(space.run(f"run:p.{name}", status="open")), ended_at=end)
        for name, end in ends.items()
    ]
    queries = QueryService(InMemoryRepository(runs=runs))

    assert [ref[-1] for ref in ids(queries, sort_by="duration")] == ["b", "a", "c", "d"]
    assert [ref[-1] for ref in ids(queries, sort_by="duration", sort_desc=True)] == [
        "a", "b", "c", "d",
    ]  # fmt: skip


@pytest.mark.parametrize("more", FILTERS, ids=lambda one: next(iter(one), "all"))
@pytest.mark.parametrize(("order", "descending"), ORDERS)
def test_every_repository_gives_the_same_list(swept, plain, order, descending, more):
    """Whole, cut, as ids and in pages of any size; from SQL and from the basic methods."""
    asked = {"sort_by": order, "sort_desc": descending, **more}
    wanted = ids(plain, **asked)

    assert wanted
    for queries in (swept.query, plain):
        query = RunListQuery(**asked)

        assert ids(queries, **asked) == wanted
        assert list(queries.list_run_ids(query=query)) == wanted
        assert ids(queries, **asked, limit=3, offset=2) == wanted[2:5]
        assert list(queries.list_run_ids(query=replace(query, limit=3, offset=2))) == wanted[2:5]
        assert [walk(queries, query, limit) for limit in (1, 4, 100)] == [wanted] * 3


def test_a_page_goes_on_behind_a_run_that_is_gone(space):
    """The last run of a page may be deleted: the next page starts where that run was."""
    fill(space)
    for length, (order, descending) in zip((1, 4, 2, 7, 5, 8), ORDERS, strict=True):
        query = RunListQuery(sort_by=order, sort_desc=descending)
        whole = ids(space.query, sort_by=order, sort_desc=descending)
        page = space.query.page_runs(query, limit=length)
        space.metadata.apply_deletion(space.metadata.plan_deletion([whole[length - 1]]))
        rest = space.query.page_runs(query, after=page.next_cursor, limit=100)

        assert [run.run_id for run in rest.runs] == whole[length:]
        assert rest.next_cursor is None


def test_what_comes_meanwhile_repeats_and_hides_nothing(space):
    """A run that sorts before the cursor is not shown, one that sorts behind it is."""
    fill(space)
    for number, (order, descending) in enumerate(ORDERS):
        query = RunListQuery(sort_by=order, sort_desc=descending)
        page = space.query.page_runs(query, limit=6)
        before = ids(space.query, sort_by=order, sort_desc=descending)[6:]
        space.run(f"run:p.new{number}", -1 - number, params={"k": 1e9 if number % 2 else -1e9})
        whole = ids(space.query, sort_by=order, sort_desc=descending)
        rest = space.query.page_runs(query, after=page.next_cursor, limit=100)
        found = [run.run_id for run in rest.runs]
        place = whole.index(page.runs[-1].run_id)

        assert found == whole[place + 1 :]
        assert [ref for ref in found if ref in before] == before


@pytest.mark.parametrize("descending", [False, True])
def test_a_run_whose_writer_died_is_among_the_interrupted(space, descending):
    """By status means by the status that is shown, not by the one that is stored."""
    fill(space)
    space.metadata.runs.resume_run(space.run("run:p.dead", status="open"), writer_id="w-gone")
    query = RunListQuery(sort_by="status", sort_desc=descending)
    found = {run.run_id: run.status for run in space.query.list_runs(query=query)}

    assert found["run:p.dead"] == "interrupted"
    assert list(found.values()) == sorted(found.values(), reverse=descending)
    assert walk(space.query, query, 3) == list(found)


def test_a_run_that_cannot_be_read_ends_no_page(space):
    """Pages go on behind runs whose rows are damaged, wherever a page is cut."""
    fill(space)
    import sqlite3

    query = RunListQuery(sort_by="param:k")
    every = ids(space.query, sort_by="param:k")
    damaged = every[2:5]
    with sqlite3.connect(space.root / "ledger.sqlite") as connection:
        connection.executemany(
            "UPDATE ledger_runs SET name = 'x' WHERE ref = ?", [(ref,) for ref in damaged]
        )
    connection.close()
    wanted = [ref for ref in every if ref not in damaged]

    assert [walk(space.query, query, limit) for limit in (1, 2, 3, 4, 5)] == [wanted] * 5


def test_long_texts_are_told_apart_by_their_beginning(space):
    """A cursor fits into an address, however long the text is that runs are sorted by."""
    for number in range(4):
        space.run(f"run:p.long{number}", 100 - number, params={"k": "z" * 50_000 + str(number)})
    query = RunListQuery(sort_by="param:k", where="params.k >= 'z'")
    page = space.query.page_runs(query, limit=2)
    rest = space.query.page_runs(query, limit=2, after=page.next_cursor)

    assert [run.run_id[-1] for run in (*page.runs, *rest.runs)] == ["3", "2", "1", "0"]
    assert len(page.next_cursor) < 2_000


@pytest.mark.parametrize("key", ["lr.max", "a b", "%_'\"", "k:v", "ключ"])
def test_any_key_is_sorted_by(space, key):
    """What follows the first colon is the key, as it is."""
    for number, value in enumerate((2, 1, 3)):
        space.run(f"run:p.r{number}", params={key: value, "other": -value})

    assert values(space.query, key) == [1, 2, 3]
    assert values(space.query, key, sort_desc=True) == [3, 2, 1]


def test_a_key_that_no_run_has_leaves_the_runs_by_start(swept):
    """All are missing it, so all tie."""
    assert ids(swept.query, sort_by="param:none") == ids(swept.query)
    assert ids(swept.query, sort_by="param:none", sort_desc=True) == ids(swept.query)
