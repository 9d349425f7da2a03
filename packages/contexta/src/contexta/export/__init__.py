"""Answers as files: CSV that a spreadsheet can trust, JSON lines, Parquet.

A ``..._table`` function asks a workspace and returns a ``RowTable``; ``write_table`` puts it
into a file, ``text_chunks`` yields its text. Rows are written while they are read, a file is
there whole or not at all, and what is known to be missing stands in the column ``notes`` or in
``RowTable.notes``. Reports pass through ``ready_document``.

``surfaces.export.csv_delimiter`` and ``surfaces.export.include_completeness_notes`` shape CSV;
``security.redaction_mode`` hides secrets on their way out unless
``security.allow_unredacted_local_exports`` is set.

The four ``export_..._csv`` functions return CSV as one text, with the columns of release 1.0.

Errors: those of the questions that are asked, such as ``query_run_not_found``, and
``StoreAccessError`` when a file cannot be written.
"""

from contexta.export._comparison import comparison_table
from contexta.export._documents import ready_document
from contexta.export._judgements import alerts_table, anomaly_table, trend_table
from contexta.export._model import Column, RowTable
from contexta.export._run_parts import (
    diagnostics_table,
    lineage_table,
    records_table,
    series_table,
)
from contexta.export._runs import params_table, runs_table
from contexta.export._texts import (
    export_anomaly_csv,
    export_comparison_csv,
    export_run_list_csv,
    export_trend_csv,
)
from contexta.export._writers import text_chunks, write_table

__all__ = [
    "Column",
    "RowTable",
    "alerts_table",
    "anomaly_table",
    "comparison_table",
    "diagnostics_table",
    "export_anomaly_csv",
    "export_comparison_csv",
    "export_run_list_csv",
    "export_trend_csv",
    "lineage_table",
    "params_table",
    "ready_document",
    "records_table",
    "runs_table",
    "series_table",
    "text_chunks",
    "trend_table",
    "write_table",
]
