"""Pages of runs over real stores, and over a repository with the basic methods only."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import MetricCondition, QueryService, RunListQuery
from contexta.interpretation.testing import InMemoryRepository


@pytest.fixture
def seven(space):
    """Seven runs, two of them open, started in pairs, with values that tie; one has none."""
    for number in range(7):
        status = "open" if number in (2, 5) else "completed"
        ref = space.run(f"run:p.r{number}", number // 2, status, name=f"n{number % 3}")
        if number != 4:
            space.points(ref, "acc", [0.0, number % 3])
    return space


def walk(queries, query, limit=2):
    """All pages, one after the other."""
    pages, after = [], None
    while True:
        page = queries.page_runs(query, after=after, limit=limit)
        pages.append([run.run_id for run in page.runs])
        after = page.next_cursor
        if after is None:
            return pages


QUERIES = [
    RunListQuery(),
    RunListQuery(sort_desc=True),
    RunListQuery(sort_by="name"),
    RunListQuery(sort_by="name", sort_desc=True),
    RunListQuery(sort_by="ended_at"),
    RunListQuery(sort_by="ended_at", sort_desc=True),
    RunListQuery(sort_by="metric:acc"),
    RunListQuery(sort_by="metric:acc", sort_desc=True),
    RunListQuery(metric_conditions=(MetricCondition("acc", "gte", 1),)),
    RunListQuery(metric_conditions=(MetricCondition("acc", "lt", 2),), sort_desc=True),
    RunListQuery(status="open"),
    RunListQuery(run_ids=("r5", "r1", "r0", "r3"), sort_by="name"),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: f"{q.sort_by}-{q.sort_desc}-{q.status}")
def test_pages_are_the_list_cut_in_pieces(seven, query):
    """In every order, each run of the list comes once, at its place."""
    wanted = [run.run_id for run in seven.query.list_runs(query=query)]
    pages = walk(seven.query, query)

    assert [run for page in pages for run in page] == wanted
    assert [len(page) for page in pages[:-1]] == [2] * (len(pages) - 1)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", ["ended_at", "started_at", "name", "metric:acc"])
def test_pages_over_projects_of_one_name_end(seven, order, descending):
    """Runs that tie are in one order over all these projects, so that pages neither loop nor skip.

    Sorted by their end, each project's runs were in their own order; a page could start before
    the one that it follows.
    """
    seven.project("a", "Project P")
    for number in range(7):
        seven.run(f"run:a.s{number}", 3 - number // 2, "open")
    query = RunListQuery(project_name="Project P", sort_by=order, sort_desc=descending)
    wanted = [run.run_id for run in seven.query.list_runs(query=query)]
    pages, after = [], None
    while after is not None or not pages:
        page = seven.query.page_runs(query, after=after, limit=1)
        pages += [run.run_id for run in page.runs]
        after = page.next_cursor if len(pages) < 20 else None

    assert pages == wanted
    assert len(set(wanted)) == 14


@pytest.mark.parametrize("query", QUERIES[:-1], ids=lambda q: f"{q.sort_by}-{q.sort_desc}")
def test_a_basic_repository_gives_the_same_pages(seven, query):
    """Without a store that pages, the order and the pieces are the same."""
    basic = InMemoryRepository(
        runs=seven.query.list_runs(),
        records=[
            record
            for run in seven.query.list_runs()
            for record in seven.repository.list_records(run_id=run.run_id)
        ],
    )
    plain = QueryService(basic)
    wanted = [run.run_id for run in plain.list_runs(query=query)]

    assert [run for page in walk(plain, query) for run in page] == wanted
    assert set(wanted) == {run.run_id for run in seven.query.list_runs(query=query)}


@pytest.mark.parametrize("query", [QUERIES[0], QUERIES[6], QUERIES[8]])
def test_what_is_added_before_repeats_nothing(seven, query):
    """A run that appears before the place of the cursor is not on the pages behind it."""
    first = seven.query.page_runs(query, limit=2)
    rest = [run.run_id for run in seven.query.list_runs(query=query)][2:]
    ref = seven.run("run:p.early", -5)
    seven.points(ref, "acc", [-1.0])
    second = seven.query.page_runs(query, after=first.next_cursor, limit=100)

    assert [run.run_id for run in second.runs] == rest
    assert second.next_cursor is None


def test_a_cursor_goes_on_where_its_run_was_that_is_gone(seven):
    """The last run of a page may be deleted meanwhile."""
    query = QUERIES[6]
    wanted = [run.run_id for run in seven.query.list_runs(query=query)]
    first = seven.query.page_runs(query, limit=3)
    seven.metadata.apply_deletion(seven.metadata.plan_deletion([wanted[2]]))
    second = seven.query.page_runs(query, after=first.next_cursor, limit=100)

    assert [run.run_id for run in second.runs] == wanted[3:]


@pytest.mark.parametrize("query", [RunListQuery(), RunListQuery(sort_by="metric:acc")])
def test_a_cursor_of_another_list_is_refused(seven, query):
    """A cursor is bound to its query and proves itself; anything else is an error with a code."""
    cursor = seven.query.page_runs(query, limit=2).next_cursor
    other = RunListQuery(sort_desc=True, sort_by=query.sort_by)
    middle = len(cursor) // 2
    bent = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    bad = [(query, text) for text in ("", "x", "q1.zz.!!", 7, bent, cursor[:-5])]
    codes = set()
    for asked, text in [*bad, (other, cursor)]:
        with pytest.raises(ValidationError) as caught:
            seven.query.page_runs(asked, after=text)
        codes.add(caught.value.code)

    assert codes == {"query_invalid_cursor"}


@pytest.mark.parametrize("limit", [0, -1, True, 2.0, "2", None])
def test_a_page_needs_a_size(seven, limit):
    """Sizes are whole numbers above 0; a query that cuts for itself cannot be paged."""
    for query in (RunListQuery(), RunListQuery(limit=5), RunListQuery(offset=5)):
        with pytest.raises(ValidationError) as caught:
            seven.query.page_runs(query, limit=limit)

        assert caught.value.code == "query_invalid_page"
