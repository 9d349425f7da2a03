"""SQL for readers."""

import sys

import pytest

from contexta.contract.errors import ContextaError, DependencyError, MetadataError, ValidationError
from contexta.store.metadata import (
    DuckDBAdapter,
    FrameAdapterProtocol,
    PandasAdapter,
    PolarsAdapter,
)

#: What SQLite could be asked for beyond that which the contract of every store refuses.
REFUSED = [
    "DROP TABLE run_tags",
    "PRAGMA query_only=OFF",
    "ATTACH DATABASE '/tmp/never-made.db' AS x",
    "CREATE TEMP TABLE x (a)",
    "SELECT load_extension('x')",
]


@pytest.fixture
def filled(store, make):
    make.fill(store)
    return store


def test_params_and_tags_are_tables(filled):
    """Readers of SQL join them, one row for each."""
    tables = [filled.duckdb.table(name) for name in ("run_params", "run_tags")]

    assert [table.column_names for table in tables] == [
        ["run_ref", "key", "text", "number"],
        ["run_ref", "key", "value"],
    ]
    assert [table.num_rows for table in tables] == [1, 1]


@pytest.mark.parametrize("memory", [False, True])
def test_nothing_but_select_runs(opened, make, memory):
    """Also in a writable store; the error is ours and the data stays."""
    store = opened(database_path=":memory:") if memory else opened()
    make.fill(store)
    for sql in REFUSED:
        with pytest.raises(ContextaError):
            store.duckdb.execute(sql)
        assert store.duckdb.query_one("SELECT count(*) FROM run_tags") == (1,)

    assert store.projects.put_project(make.project("again"))


def test_bad_sql_and_wrong_parameters_are_metadata_errors(filled):
    """Driver errors do not leak."""
    for call in (
        lambda: filled.duckdb.execute("SELEC"),
        lambda: filled.duckdb.execute("SELECT ?", []),
    ):
        with pytest.raises(MetadataError) as caught:
            call()
        assert caught.value.code == "metadata_store_failed"


def test_table_names_come_from_a_list(filled):
    """`table` accepts no SQL."""
    for adapter in (filled.duckdb, filled.pandas, filled.polars):
        with pytest.raises(ValidationError) as caught:
            adapter.table("runs; drop table relations")
        assert caught.value.code == "metadata_unknown_table"


def test_cursor_has_the_usual_shape(filled):
    """description, fetchone, fetchall."""
    cursor = filled.duckdb.execute("SELECT ref AS r, status FROM runs")

    assert [item[0] for item in cursor.description] == ["r", "status"]
    assert cursor.fetchone() == ("run:p.r", "open")
    assert (cursor.fetchone(), cursor.fetchall()) == (None, [])
    assert list(filled.duckdb.execute("SELECT 1")) == [(1,)]
    assert filled.duckdb.get_schema_version() == "1"


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_missing_frame_library_is_named(filled, monkeypatch, library):
    """Without the library the error says what to install."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(DependencyError) as caught:
        getattr(filled, library).query("SELECT 1")

    assert caught.value.code == f"metadata_{library}_adapter_not_ready"


def test_frame_adapters_satisfy_the_protocol(filled):
    """pandas and Polars adapters do; the SQL adapter has no `query`."""
    assert isinstance(filled.pandas, FrameAdapterProtocol)
    assert isinstance(filled.polars, FrameAdapterProtocol)
    assert not isinstance(filled.duckdb, FrameAdapterProtocol)
    assert [type(a) for a in (filled.duckdb, filled.pandas, filled.polars)] == [
        DuckDBAdapter,
        PandasAdapter,
        PolarsAdapter,
    ]
