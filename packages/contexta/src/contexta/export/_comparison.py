"""The table of a comparison: metrics, stages without metrics, artifacts and values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from contexta.export._facade import joined, noted
from contexta.export._model import Row, RowTable, columns

if TYPE_CHECKING:
    from contexta.export._facade import Workspace
    from contexta.interpretation import CompareService, RunComparison

_COMPARISON = columns(
    "*stage_name",
    "*metric_key",
    "*left_value:float",
    "*right_value:float",
    "*delta:float",
    "*change_ratio:float",
    "*left_status",
    "*right_status",
    "*notes",
    "row_kind",
    "key",
    "change",
    "left_text:scalar",
    "right_text:scalar",
    "relative_change:float",
    "unit",
    "improved:bool",
)


def comparison_table(
    ctx: Workspace, left_run_id: str, right_run_id: str, *, values: bool = True
) -> RowTable:
    """One row per metric, and per stage without metrics, artifact kind and value that differs.

    ``row_kind`` says which: metric, stage, artifact, param, tag, package, variable,
    environment. Metrics that did not change are there too, those of the run itself without a
    ``stage_name``. Rows of artifacts tell the refs, rows of values the values of both sides in
    ``left_text`` and ``right_text``. Without ``values`` params, tags, packages and the like
    are left out.
    """
    found = _service(ctx).compare_runs(left_run_id, right_run_id)
    return RowTable(
        "comparison",
        _COMPARISON,
        chain(_stages(found), _artifacts(found), _values(found) if values else ()),
        noted(found.completeness_notes, found.completeness),
    )


def _service(ctx: Workspace) -> CompareService:
    """Build the service of the settings, but one that keeps metrics that did not change."""
    from contexta.interpretation.compare import CompareService

    policy: Any = ctx.config.interpretation.comparison
    whole = policy.model_copy(update={"include_unchanged_metrics": True})
    return CompareService(ctx.query_service, config=whole)


def _stages(found: RunComparison) -> Iterator[Row]:
    for stage in found.stage_comparisons:
        own = {note.summary for delta in stage.metric_deltas for note in delta.completeness_notes}
        rest = [note for note in stage.completeness_notes if note.summary not in own]
        for delta in stage.metric_deltas:
            yield _row(
                row_kind="metric",
                key=delta.metric_key,
                stage_name=delta.stage_name,
                metric_key=delta.metric_key,
                left_value=delta.left_value,
                right_value=delta.right_value,
                delta=delta.delta,
                change_ratio=delta.change_ratio,
                left_status=stage.left_status,
                right_status=stage.right_status,
                notes=joined([*delta.completeness_notes, *rest]),
                relative_change=delta.relative_change,
                unit=delta.unit,
                improved=delta.improved,
            )
        if not stage.metric_deltas:
            yield _row(
                row_kind="stage",
                key=stage.stage_name,
                stage_name=stage.stage_name,
                left_status=stage.left_status,
                right_status=stage.right_status,
                notes=joined(stage.completeness_notes) or "no metrics in this stage",
            )


def _artifacts(found: RunComparison) -> Iterator[Row]:
    for item in found.artifact_changes:
        refs = f"{item.left_ref or 'none'} -> {item.right_ref or 'none'}"
        detail = f", {item.change_detail}" if item.change_detail else ""
        yield _row(
            row_kind="artifact",
            key=item.artifact_kind,
            change=item.change,
            left_text=item.left_ref,
            right_text=item.right_ref,
            notes=f"artifact {item.artifact_kind} {item.change}: {refs}{detail}",
        )


def _values(found: RunComparison) -> Iterator[Row]:
    for item in found.value_changes:
        yield _row(
            row_kind=item.kind,
            key=item.key,
            change=item.change,
            left_text=item.left_value,
            right_text=item.right_value,
            notes=f"{item.kind} {item.key} {item.change}",
        )


def _row(**cells: Any) -> Row:
    return tuple(cells.get(column.name) for column in _COMPARISON)
