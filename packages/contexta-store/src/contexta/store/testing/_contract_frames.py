"""Rows and frames by SQL."""

# ruff: noqa: S101 - these are tests
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contexta.contract import to_json
from contexta.contract.errors import ContextaError, ValidationError
from contexta.store.testing._contract_base import ContractBase

if TYPE_CHECKING:
    from contexta.store.metadata import MetadataStore

VIEWS = {
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
}
REFUSED = [
    "DELETE FROM ledger_runs",
    "DROP VIEW runs",
    "INSERT INTO run_tags VALUES ('a', 'b', 'c')",
    "UPDATE ledger_runs SET name = 'x'",
    "CREATE TABLE mine (a int)",
    "SELECT 1; DELETE FROM ledger_runs",
    "WITH gone AS (DELETE FROM ledger_runs RETURNING ref) SELECT * FROM gone",
    "SELECT no_such_column FROM runs",
    "SELEC",
    "COMMIT",
    "",
]


class FrameContract(ContractBase):
    """Names, columns, values; SELECT and nothing else; each query once."""

    def test_every_view_has_its_columns(self, filled: MetadataStore) -> None:
        """The names and columns that readers of SQL rely on."""
        tables = {name: filled.duckdb.table(name) for name in VIEWS}

        assert {name: " ".join(table.column_names) for name, table in tables.items()} == VIEWS
        assert [name for name, table in tables.items() if table.num_rows == 0] == []

    def test_values_are_text_and_the_payload_is_the_model(self, filled: MetadataStore) -> None:
        """Instants are UTC text of fixed width; the payload is the canonical JSON."""
        row = filled.duckdb.query_one(
            "SELECT ref, started_at, payload_json FROM runs WHERE ref = ? AND 'a?' <> ?",
            ["run:p.r", "x"],
        )

        payload = to_json(filled.runs.get_run("run:p.r"))
        assert row == ("run:p.r", "2026-01-01T00:00:00.000000Z", payload)

    def test_numbers_are_plain_numbers(self, filled: MetadataStore) -> None:
        """Counts and sums of whole numbers are int, averages float."""
        (row,) = filled.duckdb.query_all(
            "SELECT count(*), sum(1), sum(0.5), max(order_index) FROM stage_executions"
        )

        assert row == (1, 1, 0.5, None)
        assert [type(value) for value in row] == [int, int, float, type(None)]

    @pytest.mark.parametrize("sql", REFUSED)
    def test_nothing_but_select_runs(self, filled: MetadataStore, sql: str) -> None:
        """Refused with our error, inside a transaction, too; the data stays, and writing works."""
        with pytest.raises(ContextaError):
            filled.duckdb.execute(sql)
        with filled.duckdb.transaction() as inside, pytest.raises(ContextaError):
            inside.execute(sql)

        assert filled.runs.count_runs() == 1
        assert filled.runs.update_tags("run:p.r", {"a": "b"}).tags == {"team": "a", "a": "b"}

    @pytest.mark.parametrize("params", [[], ["a", "b"]])
    def test_wrong_parameters_are_refused(self, filled: MetadataStore, params: list[str]) -> None:
        """Too few or too many are our error."""
        with pytest.raises(ContextaError):
            filled.duckdb.execute("SELECT ref FROM runs WHERE ref = ?", params)

    def test_tables_come_from_a_list(self, filled: MetadataStore) -> None:
        """A table name is no place for SQL."""
        with pytest.raises(ValidationError) as caught:
            filled.duckdb.table("runs; drop table relations")

        assert caught.value.code == "metadata_unknown_table"

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    def test_frames_keep_columns_and_rows(self, filled: MetadataStore, library: str) -> None:
        """Frames have the columns of the result in order, also without rows."""
        pytest.importorskip(library, reason=f"{library} is not installed")
        adapter = getattr(filled, library)
        full = adapter.query("SELECT ref, order_index AS i FROM stage_executions")
        empty = adapter.query("SELECT ref, status FROM runs WHERE ref = ?", ["none"])

        assert (list(full.columns), len(full)) == (["ref", "i"], 1)
        assert (list(empty.columns), len(empty)) == (["ref", "status"], 0)
        assert len(adapter.table("runs")) == 1

    def test_columns_of_several_types_are_named(self, filled: MetadataStore) -> None:
        """What no frame can hold is our error, not one of Arrow."""
        try:
            rows = filled.duckdb.query_all("SELECT 1 AS a UNION ALL SELECT 'x'")
        except ContextaError:
            return  # the database refuses it itself
        with pytest.raises(ValidationError) as caught:
            filled.duckdb.arrow("SELECT 1 AS a UNION ALL SELECT 'x'")

        assert len(rows) == 2
        assert caught.value.code == "metadata_mixed_column"
