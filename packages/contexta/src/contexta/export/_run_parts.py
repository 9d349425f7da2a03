"""Tables of what one run holds: records, series, findings, lineage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING

from contexta.export._facade import noted
from contexta.export._model import Row, RowTable, columns

if TYPE_CHECKING:
    from contexta.export._facade import Workspace

_RECORDS = columns(
    "run_id",
    "stage_id",
    "record_id",
    "record_type",
    "key",
    "observed_at:time",
    "value:float",
    "unit",
    "message",
    "payload:json",
    "tags:json",
    "completeness_marker",
    "degradation_marker",
    "producer_ref",
    "correlation_id",
)
_SERIES = columns(
    "run_id",
    "stage_id",
    "metric_key",
    "step:int",
    "value:float",
    "epoch:float",
    "observed_at:time",
    "unit",
)
_DIAGNOSTICS = columns("run_id", "severity", "code", "summary", "subject_ref", "details:json")
_LINEAGE = columns(
    "root_ref",
    "depth:int",
    "direction",
    "source_ref",
    "relation_type",
    "target_ref",
    "recorded_at:time",
    "relation_ref",
    "assertion_mode",
)


def records_table(
    ctx: Workspace, run_id: str, *, record_type: str | None = None, stage_id: str | None = None
) -> RowTable:
    """One row per record of a run, in the order in which they were appended.

    Args:
        ctx: the workspace.
        run_id: id, or the end of one where that is unique.
        record_type: ``event``, ``metric``, ``span`` or ``degraded``; ``None`` for all.
        stage_id: only those of this stage, by ref or name.
    """
    service = ctx.query_service
    run = service.require_run(run_id)
    stage = None if stage_id is None else service.require_stage(run, stage_id).stage_id
    records = ctx.repository.list_records(
        run_id=run.run_id, stage_id=stage, record_type=record_type
    )
    # Millions of records are built one by one where the repository can do that.
    stream = getattr(records, "stream", records.__iter__)
    rows = (_record(item) for item in stream())
    from contexta.interpretation.completeness import completeness_of

    counted = completeness_of(service, [run.run_id])
    return RowTable("records", _RECORDS, rows, noted((), counted))


_record = attrgetter(*(column.name for column in _RECORDS))


def series_table(
    ctx: Workspace,
    run_id: str,
    metric_keys: Iterable[str] | None = None,
    *,
    stage_name: str | None = None,
) -> RowTable:
    """One row per point, in step order, metric by metric.

    Without ``metric_keys`` those of every metric that the run has, in every stage.
    """
    run = ctx.query_service.require_run(run_id)
    places = _places(ctx, run.run_id, metric_keys, stage_name)
    notes: list[str] = []
    return RowTable("series", _SERIES, _points(ctx, run.run_id, places, notes), notes)


def _places(
    ctx: Workspace, run_id: str, metric_keys: Iterable[str] | None, stage_name: str | None
) -> list[tuple[str, str | None, str | None]]:
    """Return which curves to read: metric, stage by ref, stage by name."""
    if metric_keys is not None:
        return [(key, None, stage_name) for key in metric_keys]
    from contexta.interpretation.query.metrics import metric_summaries

    rows = metric_summaries(ctx.repository, [run_id])
    if stage_name is not None:
        rows = tuple(row for row in rows if row.stage_name == stage_name)
    return [(row.metric_key, row.stage_id, None) for row in rows]


def _points(
    ctx: Workspace,
    run_id: str,
    places: Iterable[tuple[str, str | None, str | None]],
    notes: list[str],
) -> Iterator[Row]:
    """Read one curve after the other, so that only one is in memory."""
    for key, stage_id, stage_name in places:
        one = ctx.get_step_series(run_id, key, stage_id=stage_id, stage_name=stage_name)
        notes += [note for note in noted(one.completeness_notes) if note not in notes]
        for point in one.points:
            yield (
                one.run_id,
                one.stage_id,
                one.metric_key,
                point.step,
                point.value,
                point.epoch,
                point.observed_at,
                one.unit,
            )


def diagnostics_table(ctx: Workspace, run_id: str) -> RowTable:
    """One row per finding about a run."""
    found = ctx.diagnose_run(run_id)
    rows = (
        (found.run_id, one.severity, one.code, one.summary, one.subject_ref, one.details)
        for one in found.issues
    )
    notes = noted(found.completeness_notes, found.completeness)
    return RowTable("diagnostics", _DIAGNOSTICS, rows, notes)


def lineage_table(
    ctx: Workspace,
    subject_ref: str,
    *,
    direction: str | None = None,
    max_depth: int | None = None,
) -> RowTable:
    """One row per relation that was followed from a ref, the nearest first."""
    found = ctx.traverse_lineage(subject_ref, direction=direction, max_depth=max_depth)
    edges = sorted(found.edges, key=lambda edge: (edge.depth, edge.relation_ref))
    rows = (
        (
            found.root_ref,
            edge.depth,
            edge.direction,
            edge.source_ref,
            edge.relation_type,
            edge.target_ref,
            edge.recorded_at,
            edge.relation_ref,
            None if edge.provenance is None else edge.provenance.assertion_mode,
        )
        for edge in edges
    )
    return RowTable("lineage", _LINEAGE, rows, noted(found.completeness_notes))
