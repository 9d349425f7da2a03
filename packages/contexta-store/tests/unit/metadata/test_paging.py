"""Pages by key, cursors, counts and filters."""

import base64
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, event

from contexta.contract.errors import ValidationError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.testing import ModelFactory


def stamp(microseconds):
    return f"2026-01-01T00:00:00.{microseconds:06d}Z"


def fill(store):
    """Put runs, stages, batches, samples, deployments, relations: twelve each, with ties."""
    make = ModelFactory()
    p = make.project()
    runs = [
        make.run(
            f"r{i:02}",
            started_at=stamp(i // 3),
            params={"lr": i / 10, "opt": "sgd" if i % 2 else "adam", "i": i},
            tags={"team": "ab"[i % 2]},
            status="failed" if i % 4 else "completed",
            ended_at=f"2026-01-02T00:00:{i:02}Z",
        )
        for i in range(12)
    ]
    stages = [make.stage(f"s{i:02}", "p.r00", order_index=None if i % 3 else i) for i in range(12)]
    batches = [
        make.batch(f"b{i:02}", f"p.r00.s{i % 2:02}", order_index=None if i % 3 else i)
        for i in range(12)
    ]
    samples = [
        make.sample(
            f"x{i:02}",
            f"p.r00.s{i % 2:02}",
            batch=f"b{i % 4:02}" if i % 3 else None,
            observed_at=stamp(i // 4),
        )
        for i in range(12)
    ]
    environments = [make.environment(f"e{i:02}", "p.r00") for i in range(12)]
    deployments = [
        make.deployment(f"d{i:02}", run_ref="run:p.r00" if i % 2 else None) for i in range(12)
    ]
    relations = [
        make.relation(f"e{i:02}", f"run:p.r{i:02}", "artifact:p.r00.m", recorded_at=stamp(11 - i))
        for i in range(12)
    ]
    claims = [make.provenance(f"c{i:02}", "e00") for i in range(12)]
    store.put_all(
        [*claims, *relations, *deployments, *environments, *samples, *batches, *stages, *runs, p]
    )


@pytest.fixture
def many(store):
    """A store with twelve of everything, to change."""
    fill(store)
    return store


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """The same, made once for all that only read."""
    path = tmp_path_factory.mktemp("read") / "ledger.sqlite"
    with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
        fill(store)
        yield store


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """The same with an archived run and a run that says more of itself, for those who read."""
    path = tmp_path_factory.mktemp("marked") / "ledger.sqlite"
    facts = {"code_revision": "abc", "dataset_ref": "s3://data"}
    with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
        fill(store)
        store.archive(["run:p.r07"])
        store.runs.complete_run("run:p.r02", facts=facts, metadata={})
        yield store


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


FILTERS = [
    ({"status": "completed"}, "runs", 3),
    ({"status": ["completed", "failed"]}, "runs", 12),
    ({"name": "r03"}, "runs", 1),
    ({"name_prefix": "r0"}, "runs", 10),
    ({"name_prefix": "R0"}, "runs", 0),
    ({"started_after": stamp(1), "started_before": stamp(3)}, "runs", 6),
    ({"started_after": datetime(2026, 1, 1, 0, 0, 0, 3, UTC)}, "runs", 3),
    ({"ended_before": "2026-01-02T00:00:02Z"}, "runs", 2),
    ({"ended_after": "2026-01-02T00:00:10Z"}, "runs", 2),
    ({"tags": {"team": "a"}}, "runs", 6),
    ({"tags": {"team": {"ne": "a"}}}, "runs", 6),
    ({"tags": {"team": {"in": ["a", "b"]}}}, "runs", 12),
    ({"tags": {"team": {"exists": False}}}, "runs", 0),
    ({"params": {"i": 3}}, "runs", 1),
    ({"params": {"i": 3.0}}, "runs", 1),
    ({"params": {"i": "3"}}, "runs", 0),
    ({"params": {"lr": {"gt": 0.2, "le": 0.5}}}, "runs", 3),
    ({"params": {"lr": {"ge": 1}}}, "runs", 2),
    ({"params": {"lr": {"lt": 0.1}}}, "runs", 1),
    ({"params": {"opt": "sgd", "i": {"in": [1, 2, 3]}}}, "runs", 2),
    ({"params": {"opt": {"ne": "sgd"}}}, "runs", 6),
    ({"params": {"opt": {"ne": 5}}}, "runs", 12),
    ({"params": {"i": {"ne": 5}}}, "runs", 11),
    ({"params": {"opt": {"gt": "b"}}}, "runs", 6),
    ({"params": {"opt": {"exists": True}}}, "runs", 12),
    ({"params": {"none": {"exists": False}}}, "runs", 12),
    ({"has_deployment": True}, "runs", 1),
    ({"has_deployment": False}, "runs", 11),
    ({"archived": True}, "runs", 1),
    ({"archived": False}, "runs", 11),
    ({"include_archived": False}, "runs", 11),
    ({"include_archived": True}, "runs", 12),
    ({"code_revision": "abc"}, "runs", 1),
    ({"dataset_ref": "s3://data"}, "runs", 1),
    ({"name_prefix": "s1"}, "stages", 2),
    ({"status": "open", "started_after": stamp(0)}, "batches", 12),
    ({"observed_after": stamp(2)}, "samples", 4),
    ({"name": "x03"}, "samples", 1),
    ({"retention_class": "short"}, "samples", 0),
    ({"captured_before": stamp(0)}, "environments", 0),
    ({"relation_type": "used", "source_ref": "run:p.r01"}, "relations", 1),
    ({"relation_type": ["derived_from"]}, "relations", 0),
    ({"refs": []}, "relations", 0),
    ({"recorded_before": stamp(3), "target_ref": "artifact:p.r00.m"}, "relations", 3),
    ({"assertion_mode": "inferred"}, "provenance", 0),
    ({"created_before": stamp(0), "name_prefix": "p"}, "projects", 0),
]


@pytest.mark.parametrize(("filters", "name", "number"), FILTERS)
def test_filters_work_in_sql(marked, filters, name, number):
    """Each filter finds what it says; the count and the list agree."""
    repository = getattr(marked, name)
    what = next(what for own, what, _ in LISTS.values() if own == name)

    assert getattr(repository, f"count_{what}")(**filters) == number
    assert len(getattr(repository, f"list_{what}")(**filters)) == number


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"status": "complete"}, "metadata_unknown_status"),
        ({"status": ["completed", "done"]}, "metadata_unknown_status"),
        ({"params": {"lr": {"like": 1}}}, "metadata_unknown_operator"),
        ({"params": {"lr": {"in": "abc"}}}, "metadata_invalid_filter"),
        ({"params": {"lr": {"exists": 1}}}, "metadata_invalid_filter"),
        ({"tags": ["team"]}, "metadata_invalid_filter"),
        ({"name": ""}, "metadata_invalid_filter"),
        ({"archived": "no"}, "metadata_invalid_filter"),
        ({"include_archived": 0}, "metadata_invalid_filter"),
        ({"order_by": "payload; DROP TABLE ledger_runs"}, "metadata_invalid_order"),
        ({"colour": "red"}, "metadata_unknown_filter"),
    ],
)
def test_a_typo_is_an_error_and_not_an_empty_answer(read, filters, code):
    """Unknown statuses, operators, orders and filters are refused, with what is allowed."""
    with pytest.raises(ValidationError) as caught:
        read.runs.page_runs(**filters)

    assert caught.value.code == code
    assert "allowed" in caught.value.details or code == "metadata_invalid_filter"


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


def test_light_rows_are_the_runs(read):
    """Rows and the Arrow table say what the models say, in the same order."""
    runs = read.runs.list_runs(status="failed", order_by="name", limit=5)
    rows = read.runs.run_rows(status="failed", order_by="name", limit=5)
    table = read.runs.arrow_runs(status="failed", order_by="name", limit=5)

    assert [(row.ref, row.name, row.status, row.params, row.tags) for row in rows] == [
        (run.run_ref.text, run.name, run.status, dict(run.params), dict(run.tags)) for run in runs
    ]
    assert [row.started_us % 1_000_000 for row in rows] == [0, 0, 1, 1, 2]
    assert table.column("run_ref").to_pylist() == [row.ref for row in rows]
    assert str(table.schema.field("started_at").type) == "timestamp[us, tz=UTC]"
    assert dict(table.column("params").to_pylist()[0])["opt"] == '"sgd"'


def test_light_rows_come_by_ref_and_in_pages(read):
    """Rows of given refs come in their order; pages of rows are the pages of the list."""
    refs = ["run:p.r05", "run:p.none", "run:p.r01"]
    first = read.runs.page_run_rows(limit=5, order_by="name")
    second = read.runs.page_run_rows(limit=100, order_by="name", after=first.next_cursor)

    assert list(read.runs.find_run_rows(refs)) == ["run:p.r05", "run:p.r01"]
    assert (*first.items, *second.items) == read.runs.run_rows(order_by="name")
    assert second.next_cursor is None


def test_light_rows_have_what_else_a_run_says(store, make):
    """Metadata, origin and description are those of the model."""
    facts = {"code_revision": "abc", "dataset_ref": "dataset-1", "description": "why"}
    store.put_all([make.project(), make.run(metadata={"seed": [1, 2]}, **facts)])
    (row,) = store.runs.run_rows()

    assert {name: getattr(row, name) for name in facts} == facts
    assert row.metadata == {"seed": [1, 2]}


def test_refs_are_those_of_the_list(read):
    """In the order asked for, cut as asked for; without an order the same refs."""
    wanted = [run.run_ref.text for run in read.runs.list_runs(order_by="name", descending=True)]

    assert list(read.runs.run_refs(order_by="name", descending=True)) == wanted
    assert read.runs.run_refs(order_by="name", descending=True, limit=2, offset=1) == (
        *wanted[1:3],
    )
    assert sorted(read.runs.run_refs(order_by=None)) == sorted(wanted)
    with pytest.raises(ValidationError, match="limit"):
        read.runs.run_refs(limit=-1)


def test_light_rows_leave_out_damaged_ones(many, path):
    """A flipped byte is never served, in no form of the list."""
    import sqlite3

    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE ledger_runs SET name = 'x' WHERE ref = 'run:p.r05'")
    connection.close()
    rows = many.runs.run_rows()

    assert "run:p.r05" not in [row.ref for row in rows]
    assert many.runs.arrow_runs().num_rows == 11
    assert [item.ref for item in many.damage()] == ["run:p.r05"]


def test_many_are_read_at_once(read):
    """`get_many` wants all and names those that are absent; `find_many` takes what is there."""
    refs = ["run:p.r05", "run:p.r01", "run:p.none"]
    found = read.runs.find_many(refs)
    with pytest.raises(LookupError) as caught:
        read.runs.get_many([*refs, "run:p.no"])

    assert list(found) == ["run:p.r05", "run:p.r01"]
    assert [run.name for run in read.runs.get_many(refs[:2])] == ["r05", "r01"]
    assert caught.value.details["refs"] == ["run:p.no", "run:p.none"]
