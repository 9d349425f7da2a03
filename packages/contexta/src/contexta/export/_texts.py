"""The exports of release 1.0: CSV as one text, with the columns of then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contexta.export._comparison import comparison_table
from contexta.export._judgements import anomaly_table, trend_table
from contexta.export._model import RowTable
from contexta.export._runs import runs_table
from contexta.export._writers import text_chunks

if TYPE_CHECKING:
    from contexta.export._facade import Workspace
    from contexta.interpretation import RunListQuery


def export_run_list_csv(
    ctx: Workspace, *, project_name: str | None = None, query: RunListQuery | None = None
) -> str:
    """Return runs as CSV: run_id, name, project_name, status, started_at, ended_at."""
    return _text(runs_table(ctx, project_name=project_name, query=query).classic(), ctx)


def export_comparison_csv(ctx: Workspace, left_run_id: str, right_run_id: str) -> str:
    """Return a comparison as CSV: a line per metric, empty stage, and artifact kind that differs.

    The columns are stage_name, metric_key, left_value, right_value, delta, change_ratio,
    left_status, right_status and notes. Metrics of the run itself have no ``stage_name``;
    artifacts have neither that nor a ``metric_key`` and are told in ``notes``.
    """
    table = comparison_table(ctx, left_run_id, right_run_id, values=False)
    return _text(table.classic(), ctx)


def export_trend_csv(
    ctx: Workspace,
    metric_key: str,
    *,
    project_name: str | None = None,
    stage_name: str | None = None,
    query: RunListQuery | None = None,
) -> str:
    """Return a trend as CSV, one line per run.

    The columns are run_id, run_name, metric_key, project_name, stage_name, value, captured_at,
    and notes. Runs without the metric come last, with an empty value and a note.
    """
    table = trend_table(
        ctx, metric_key, project_name=project_name, stage_name=stage_name, query=query
    )
    return _text(table, ctx)


def export_anomaly_csv(
    ctx: Workspace,
    run_id: str,
    *,
    baseline_query: RunListQuery | None = None,
    metric_keys: Sequence[str] | None = None,
    stage_name: str | None = None,
) -> str:
    """Return the metrics of a run beside what is usual as CSV.

    The columns are run_id, metric_key, actual_value, expected_low, expected_high, z_score,
    severity and notes.
    """
    table = anomaly_table(
        ctx, run_id, baseline_query=baseline_query, metric_keys=metric_keys, stage_name=stage_name
    )
    return _text(table.classic(), ctx)


def _text(table: RowTable, ctx: Workspace) -> str:
    return "".join(text_chunks(table, ctx.config, form="csv"))
