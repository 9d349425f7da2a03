"""Arguments of the wrong type, and names of every length."""

import pytest

from contexta.contract.errors import ArgumentError, ContextaError, ValidationError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.testing import ModelFactory

make = ModelFactory()


@pytest.fixture(scope="module")
def store():
    with MetadataStore(MetadataStoreConfig(database_path=":memory:")) as opened:
        make.fill(opened)
        yield opened


CALLS = {
    "put_many": lambda store, value: store.runs.put_many(value),
    "put_all": lambda store, value: store.put_all(value),
    "get_many": lambda store, value: store.runs.get_many(value),
    "find_many": lambda store, value: store.runs.find_many(value),
    "archive": lambda store, value: store.archive(value),
    "unarchive": lambda store, value: store.unarchive(value),
    "plan_deletion": lambda store, value: store.plan_deletion(value),
    "keep_tagged": lambda store, value: store.plan_retention(keep_last=1, keep_tagged=value),
    "refs": lambda store, value: store.relations.list_relations_for_refs(value),
    "status": lambda store, value: store.runs.list_runs(status=value),
    "params": lambda store, value: store.runs.update_params("run:p.r", value),
    "tags": lambda store, value: store.runs.update_tags("run:p.r", value),
    "facts": lambda store, value: store.runs.complete_run("run:p.r", facts=value, metadata={}),
    "metadata": lambda store, value: store.runs.complete_run("run:p.r", facts={}, metadata=value),
    "sql": lambda store, value: store.duckdb.query_all(value),
    "table": lambda store, value: store.duckdb.table(value),
    "order_by": lambda store, value: store.runs.list_runs(order_by=value),
    "path": lambda store, value: store.backup_to(value),
    "writer_id": lambda store, value: store.runs.resume_run("run:p.r", writer_id=value),
    "limit": lambda store, value: store.page_tombstones(limit=value),
}


@pytest.mark.parametrize("value", [1.5, True, b"raw", object()], ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("call", CALLS)
def test_an_argument_of_the_wrong_type_is_an_error_of_ours(store, call, value):
    """No TypeError or KeyError of Python tells of our inside."""
    with pytest.raises(ValidationError) as caught:
        CALLS[call](store, value)

    assert caught.value.code.startswith("metadata_")


@pytest.mark.parametrize("call", ["put_many", "archive", "plan_deletion", "keep_tagged"])
def test_one_text_is_no_collection(store, call):
    """Of keep_tagged="gold" each letter would be a tag, and the runs tagged gold would go."""
    with pytest.raises(ArgumentError) as caught:
        CALLS[call](store, "gold")

    assert caught.value.code == "metadata_invalid_argument"


def test_a_fact_that_runs_do_not_have_is_an_error_of_ours(store):
    """The contract names it."""
    with pytest.raises(ContextaError) as caught:
        store.runs.complete_run("run:p.r", facts={"color": "red"}, metadata={})

    assert "color" in caught.value.message


@pytest.mark.parametrize("writer", [2**63, 0.5, "", "w" * 201])
def test_a_writer_id_that_could_not_be_read_back_is_refused(store, writer):
    """A number would be stored as text, unlike what its digest says."""
    with pytest.raises(ArgumentError):
        store.runs.create_run(make.run("written"), writer_id=writer)

    assert store.check_integrity().ok
    assert not store.runs.exists_run("run:p.written")


@pytest.mark.parametrize("reason", [7, b"x", True])
def test_a_reason_that_is_no_text_is_refused(store, reason):
    """As a tombstone it would be damaged from the start."""
    store.projects.put_project(make.project("other"))
    plan = store.plan_deletion(["project:other"])
    with pytest.raises(ArgumentError):
        store.apply_deletion(plan, reason=reason)

    assert store.projects.exists_project("project:other")


def test_pages_go_on_behind_a_name_of_any_length(store):
    """A cursor holds the name of the last row, and any that is stored is taken back."""
    for number, name in enumerate(["n" * 5_000, "\U0001f600" * 5_000, "n" * 100_000]):
        store.runs.put_run(make.run(f"long-{number}", name=name))
    seen, after = [], None
    while True:
        page = store.runs.page_runs(limit=1, order_by="name", after=after)
        seen += page.items
        after = page.next_cursor
        if after is None:
            break

    assert seen == list(store.runs.list_runs(order_by="name"))


@pytest.mark.parametrize("limit", [0, -1, True, "3"])
def test_a_page_of_nothing_is_refused(store, limit):
    """It would look like the last one."""
    with pytest.raises(ValidationError) as caught:
        store.page_history("run:p.r", limit=limit)

    assert caught.value.code == "metadata_invalid_page"
