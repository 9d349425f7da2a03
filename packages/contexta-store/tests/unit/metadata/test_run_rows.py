"""Light rows of runs say what the models say."""

import pytest

from contexta.contract.errors import ValidationError


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


def test_rows_of_orders_are_the_columns_of_the_runs(read):
    """The runs that a filter selects, with one parameter of each; a wrong filter is refused."""
    rows = read.runs.order_rows(param="lr", status="failed")
    runs = read.runs.list_runs(status="failed", order_by="ref")

    assert sorted((row.ref, row.status, row.number) for row in rows) == [
        (run.run_ref.text, run.status, run.params.get("lr")) for run in runs
    ]
    with pytest.raises(ValidationError) as caught:
        read.runs.order_rows(status="done")
    assert caught.value.code == "metadata_unknown_status"


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
