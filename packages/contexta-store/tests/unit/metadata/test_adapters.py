"""SQL for readers."""

import sys

import pytest

from contexta.contract import to_json
from contexta.contract.errors import ContextaError, DependencyError, MetadataError, ValidationError
from contexta.store.metadata import (
    DuckDBAdapter,
    FrameAdapterProtocol,
    PandasAdapter,
    PolarsAdapter,
)

COLUMNS = {
    "projects": "ref name created_at payload_json",
    "runs": "ref project_ref name started_at status payload_json",
    "deployment_executions": "ref project_ref deployment_name run_ref order_index "
    "started_at status payload_json",
    "stage_executions": "ref run_ref stage_name order_index started_at status payload_json",
    "batch_executions": "ref run_ref stage_ref batch_name order_index started_at "
    "status payload_json",
    "sample_observations": "ref run_ref stage_ref batch_ref sample_name observed_at "
    "retention_class redaction_profile payload_json",
    "environment_snapshots": "ref run_ref captured_at payload_json",
    "relations": "ref source_ref target_ref relation_type recorded_at payload_json",
    "provenance_records": "ref relation_ref asserted_at assertion_mode payload_json",
    "structural_ref_registry": "ref ref_kind owner_kind registered_at",
    "schema_metadata": "store_schema_version applied_at",
    "run_params": "run_ref key text number",
    "run_tags": "run_ref key value",
}


@pytest.fixture
def filled(store, make):
    make.fill(store)
    return store


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_every_table_has_its_columns(filled, name):
    """The names and columns that SQL readers rely on are there, and rows come as Arrow."""
    table = filled.duckdb.table(name)

    assert table.column_names == COLUMNS[name].split()
    assert table.num_rows >= 1


def test_view_columns_are_text_and_payload_is_the_model(filled):
    """Instants are UTC text of fixed width; the payload is the canonical JSON."""
    row = filled.duckdb.query_one(
        "SELECT started_at, payload_json FROM runs WHERE ref = ?", ["run:p.r"]
    )

    assert row == ("2026-01-01T00:00:00.000000Z", to_json(filled.runs.get_run("run:p.r")))


@pytest.mark.parametrize("instant", ["1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.000001Z"])
def test_instants_before_1970_are_rendered_right(store, make, instant):
    """The text of the view equals the text of the model for early instants."""
    store.projects.put_project(make.project(created_at=instant))

    assert store.duckdb.query_one("SELECT created_at FROM projects") == (instant,)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM ledger_runs",
        "DROP TABLE run_tags",
        "PRAGMA query_only=OFF",
        "ATTACH DATABASE '/tmp/never-made.db' AS x",
        "INSERT INTO run_tags VALUES ('a', 'b', 'c')",
        "CREATE TEMP TABLE x (a)",
        "SELECT load_extension('x')",
        "SELECT no_such_column FROM runs",
        "SELEC",
        "SELECT 1; DELETE FROM ledger_runs",
    ],
)
@pytest.mark.parametrize("memory", [False, True])
def test_nothing_but_select_runs(opened, make, sql, memory):
    """Also in a writable store; the error is ours and the data stays."""
    store = opened(database_path=":memory:") if memory else opened()
    make.fill(store)
    with pytest.raises(ContextaError):
        store.duckdb.execute(sql)

    assert store.duckdb.query_one("SELECT count(*) FROM runs") == (1,)
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


def test_pandas_and_polars_frames(filled):
    """Frames have the columns of the result, also without rows."""
    pytest.importorskip("pandas", reason="pandas is not installed")
    pytest.importorskip("polars", reason="polars is not installed")
    for adapter in (filled.pandas, filled.polars):
        frame = adapter.query("SELECT ref, order_index FROM stage_executions")
        empty = adapter.query("SELECT ref FROM runs WHERE ref = ?", ["none"])

        assert list(frame.columns) == ["ref", "order_index"]
        assert (len(frame), len(empty), list(empty.columns)) == (1, 0, ["ref"])
        assert len(adapter.table("runs")) == 1


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
