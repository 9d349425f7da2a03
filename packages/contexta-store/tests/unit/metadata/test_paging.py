"""Pages by key, cursors, counts and filters."""

import base64

import pytest
from sqlalchemy import Engine, event

from contexta.contract.errors import ValidationError


def stamp(microseconds):
    return f"2026-01-01T00:00:00.{microseconds:06d}Z"


LISTS = {
    "projects": ("projects", "projects", {}),
    "runs": ("runs", "runs", {}),
    "runs of a project": ("runs", "runs", {"project_ref": "project:p"}),
    "runs, newest first": ("runs", "runs", {"descending": True}),
    "runs by start": ("runs", "runs", {"order_by": "started_at"}),
    "runs by name": ("runs", "runs", {"order_by": "name"}),
    "runs by end": ("runs", "runs", {"order_by": "ended_at", "descending": True}),
    "runs by status": ("runs", "runs", {"order_by": "status"}),
    "runs by ref": ("runs", "runs", {"order_by": "ref", "descending": True}),
    "runs by parameter": ("runs", "runs", {"order_by": "param:lr", "descending": True}),
    "stages": ("stages", "stage_executions", {}),
    "stages of a run": ("stages", "stage_executions", {"run_ref": "run:p.r00"}),
    "batches": ("batches", "batch_executions", {}),
    "batches of a run": ("batches", "batch_executions", {"run_ref": "run:p.r00"}),
    "batches of a stage": ("batches", "batch_executions", {"stage_ref": "stage:p.r00.s01"}),
    "samples": ("samples", "sample_observations", {}),
    "samples of a run": ("samples", "sample_observations", {"run_ref": "run:p.r00"}),
    "samples of a stage": ("samples", "sample_observations", {"stage_ref": "stage:p.r00.s00"}),
    "samples of a batch": ("samples", "sample_observations", {"batch_ref": "batch:p.r00.s01.b01"}),
    "environments": ("environments", "environment_snapshots", {}),
    "deployments": ("deployments", "deployment_executions", {}),
    "deployments of a run": ("deployments", "deployment_executions", {"run_ref": "run:p.r00"}),
    "relations": ("relations", "relations", {}),
    "relations of a ref": ("relations", "relations", {"ref": "artifact:p.r00.m"}),
    "relations of refs": ("relations", "relations", {"refs": ["run:p.r03", "artifact:p.r00.m"]}),
    "provenance": ("provenance", "provenance", {}),
    "provenance of one": ("provenance", "provenance", {"relation_ref": "relation:p.e00"}),
}


@pytest.mark.parametrize(("name", "what", "filters"), LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("size", [1, 5])
def test_pages_are_the_list_in_portions(read, name, what, filters, size):
    """Every list of every repository, in portions of any size: nothing twice, nothing left out."""
    repository = getattr(read, name)
    whole = getattr(repository, f"list_{what}")(**filters)
    paged, after = [], None
    while True:
        page = getattr(repository, f"page_{what}")(limit=size, after=after, **filters)
        paged.extend(page.items)
        after = page.next_cursor
        if after is None:
            break
    own = {key: item for key, item in filters.items() if key not in {"order_by", "descending"}}

    assert tuple(paged) == whole
    assert len(whole) == getattr(repository, f"count_{what}")(**own)
    assert tuple(getattr(repository, f"iter_{what}")(**filters)) == whole


def test_samples_of_a_batch_are_only_those(read):
    """The most specific filter counts, and None comes after every batch."""
    by_stage = read.samples.list_sample_observations(stage_ref="stage:p.r00.s00")
    names = [item.sample_name for item in by_stage]
    of_batch = read.samples.list_sample_observations(
        batch_ref="batch:p.r00.s01.b01", stage_ref="stage:p.r00.s00"
    )

    assert names == ["x04", "x08", "x02", "x10", "x00", "x06"]
    assert [item.sample_name for item in of_batch] == ["x01", "x05"]


def test_pages_stay_right_while_rows_come_and_go(many, make):
    """New rows before the cursor shift nothing; a deleted last row is no obstacle."""
    first = many.runs.page_runs(limit=4, order_by="name")
    many.runs.put_run(make.run("a-first"))
    many.relations.put_relation(make.relation("z", "run:p.r11", "artifact:p.r00.m"))
    many.apply_deletion(many.plan_deletion(["run:p.r03"]))
    rest = many.runs.list_runs(after=first.next_cursor, order_by="name")

    assert [run.name for run in first.items] == ["r00", "r01", "r02", "r03"]
    assert [run.name for run in rest] == [f"r{i:02}" for i in range(4, 12)]


def test_a_cursor_fits_its_own_list_only(read):
    """Damaged, made up and foreign cursors are refused by a code."""
    cursor = read.runs.page_runs(limit=2).next_cursor
    samples = read.samples.page_sample_observations(limit=2).next_cursor
    version, tag, body = cursor.split(".")
    forged = base64.urlsafe_b64encode(b'[1,"x"]').decode()
    wrong = [
        samples,
        "",
        "nonsense",
        5,
        "ü",
        "c1." + "x" * 5_000,
        f"c9.{tag}.{body}",
        f"{version}.{tag}.{forged}",
        f"{version}.{tag}.***",
        cursor[:-4],
    ]
    codes = []
    for after in wrong:
        with pytest.raises(ValidationError) as caught:
            read.runs.page_runs(after=after)
        codes.append(caught.value.code)
    for other in ({"order_by": "name"}, {"descending": True}, {"status": "failed"}):
        with pytest.raises(ValidationError) as caught:
            read.runs.page_runs(after=cursor, **other)
        codes.append(caught.value.code)

    assert set(codes) == {"metadata_invalid_cursor"}


@pytest.mark.parametrize("limit", [0, -1, True, "5", None])
def test_a_page_has_at_least_one_item(read, limit):
    """A page of nothing would never end."""
    with pytest.raises(ValidationError) as caught:
        read.runs.page_runs(limit=limit)

    assert caught.value.code == "metadata_invalid_page"


def test_a_deep_page_reads_no_more_than_the_first(read):
    """Every query behind a page seeks in an index: none scans a table, none sorts."""
    plans = []

    def explain(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("SELECT"):
            raw = connection.connection.driver_connection
            rows = raw.execute("EXPLAIN QUERY PLAN " + statement, parameters)
            plans.extend(row[3] for row in rows)

    # What is measured by time elsewhere is here a fact of the query plan.
    for name, what, filters in LISTS.values():
        if filters.get("order_by") in {"ended_at", "status"} or "refs" in filters:
            continue  # these sort what the filters leave
        page = getattr(getattr(read, name), f"page_{what}")
        cursor = page(limit=1, **filters).next_cursor
        event.listen(Engine, "before_cursor_execute", explain)
        try:
            page(limit=1, after=cursor, **filters)
        finally:
            event.remove(Engine, "before_cursor_execute", explain)

    bad = [p for p in plans if "TEMP B-TREE" in p or ("SCAN" in p and "INDEX" not in p)]

    assert bad == []
    assert len(plans) > len(LISTS)


def test_crowded_filters_answer_like_rare_ones(store, make):
    """Pages are right on both ways of finding them: along the order, and by sorting matches."""
    store.put_all(
        [
            make.project(),
            *(
                make.run(f"r{i:03}", started_at=stamp(i), params={"half": i % 2}, tags={"all": "x"})
                for i in range(500)
            ),
        ]
    )
    pages, after = [], None
    for _ in range(3):
        page = store.runs.page_runs(
            limit=3, after=after, descending=True, params={"half": 1}, tags={"all": "x"}
        )
        pages.extend(run.name for run in page.items)
        after = page.next_cursor
    none = store.runs.list_runs(params={"half": {"exists": False}}, limit=5)
    rare = store.runs.list_runs(params={"half": 1}, started_after=stamp(497), limit=5)

    assert pages == [f"r{i:03}" for i in range(499, 481, -2)]
    assert (none, [run.name for run in rare]) == ((), ["r497", "r499"])


def test_runs_without_a_number_are_not_ordered_by_it(many, make):
    """Ordering by a parameter finds the best; runs that lack it, or have a text, are left out."""
    many.runs.put_run(make.run("text", params={"lr": "high"}))
    best = many.runs.list_runs(order_by="param:lr", descending=True, limit=2)

    assert [run.name for run in best] == ["r11", "r10"]
    assert many.runs.list_runs(order_by="param:none") == ()
