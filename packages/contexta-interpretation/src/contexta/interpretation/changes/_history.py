"""The runs of a history and the values that stand for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contexta.contract.errors import ValidationError
from contexta.interpretation._nearest import hint, nearest
from contexta.interpretation.changes._asked import Asked
from contexta.interpretation.changes.models import HistoryPoint
from contexta.interpretation.changes.policy import ChangePolicy
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.instants import sort_instant
from contexta.interpretation.query.filters import RunListQuery, given_query
from contexta.interpretation.query.metrics import aggregated, by_run, metric_summaries, pick_summary
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import MetricSummaryRecord, RunRecord
from contexta.interpretation.wording import counted


@dataclass(frozen=True, slots=True)
class History:
    """Completed runs with a finite value, oldest first; ``run_ids`` are all that were asked."""

    points: tuple[HistoryPoint, ...]
    runs: tuple[RunRecord, ...]
    run_ids: tuple[str, ...]
    project_name: str | None
    notes: tuple[CompletenessNote, ...]


def load_history(queries: QueryService, asked: Asked, policy: ChangePolicy) -> History:
    """Read the newest completed runs that the query selects, and put them in order of start.

    Raises:
        ValidationError: the key is no text (``changes_invalid_metric_key``).
        ResolutionError: none of them has the metric (``changes_unknown_metric``), or none in that
            stage (``changes_unknown_stage``); ``details`` name the nearest.
    """
    metric_key, query, project_name, stage_name = asked[:4]
    if not isinstance(metric_key, str) or not metric_key:
        raise ValidationError(
            f"the metric key is {metric_key!r}; it must be a text that is not empty",
            code="changes_invalid_metric_key",
            details={"metric_key": str(metric_key)},
        )
    runs, notes = _completed(queries, given_query(query), project_name, policy.max_runs)
    ids = [run.run_id for run in runs]
    rows = metric_summaries(queries.repository, ids, [metric_key]) if ids else ()
    if ids and not rows:
        raise _unknown_metric(queries, ids, metric_key)
    points, kept, missing, nonfinite = _points(runs, rows, stage_name, policy.aggregation)
    if stage_name is not None and rows and missing == len(runs):
        raise _unknown_stage(metric_key, stage_name, rows)
    for count, summary in (
        (missing, f"missing_metric_for_run:{metric_key}"),
        (nonfinite, f"nonfinite_values_left_out:{metric_key}"),
    ):
        if count:
            details = {"count": count, "stage_name": stage_name}
            notes.append(CompletenessNote("warning", summary, details))
    names = sorted({run.project_name for run in kept})
    if len(names) > 1:
        notes.append(CompletenessNote("warning", "projects_mixed", {"projects": names}))
    wanted = (query.project_name if query is not None else None) or project_name
    known = queries.list_projects() if wanted and not runs else ()
    if wanted and not runs and wanted not in known:
        near = {"project_name": wanted, "nearest": list(nearest(wanted, known))}
        notes.append(CompletenessNote("warning", "project_unknown", near))
    project = names[0] if len(names) == 1 else None if names else wanted
    return History(tuple(points), tuple(kept), tuple(ids), project, tuple(notes))


def _completed(
    queries: QueryService, query: RunListQuery, project_name: str | None, most: int
) -> tuple[list[RunRecord], list[CompletenessNote]]:
    notes = []
    asked = min(query.limit or most, most)
    newest = replace(
        query, status="completed", sort_by="started_at", sort_desc=True, limit=asked + 1
    )
    runs: list[RunRecord] = []
    if query.status in (None, "completed"):
        runs = list(queries.list_runs(project_name, query=newest))
    if len(runs) > asked and (query.limit is None or asked < query.limit):
        details = {"runs_looked_at": asked}
        notes.append(CompletenessNote("info", "older_runs_left_out", details))
    if query.limit is None and query.status is None:
        every = replace(query, sort_by="started_at", offset=0)
        done = replace(every, status="completed")
        counts = [len(queries.list_run_ids(project_name, query=item)) for item in (every, done)]
        if counts[0] > counts[1]:
            details = {"count": counts[0] - counts[1]}
            notes.append(CompletenessNote("info", "runs_not_completed_left_out", details))
    runs = runs[:asked]
    runs.sort(key=lambda run: (sort_instant(run.started_at), run.run_id))
    return runs, notes


def _points(
    runs: Sequence[RunRecord],
    rows: Sequence[MetricSummaryRecord],
    stage_name: str | None,
    aggregation: str,
) -> tuple[list[HistoryPoint], list[RunRecord], int, int]:
    by_id = by_run(rows)
    points: list[HistoryPoint] = []
    kept: list[RunRecord] = []
    missing = nonfinite = 0
    for run in runs:
        row = pick_summary(by_id.get(run.run_id, []), stage_name)
        if row is None:
            missing += 1
            continue
        value = aggregated(row, aggregation)
        if value is None or not math.isfinite(value):
            nonfinite += 1
            continue
        kept.append(run)
        points.append(
            HistoryPoint(
                index=len(points),
                run_id=run.run_id,
                run_name=run.name,
                started_at=run.started_at,
                value=float(value),
                stage_name=row.stage_name,
                record_id=row.last_record_id,
            )
        )
    return points, kept, missing, nonfinite


def _unknown_metric(queries: QueryService, ids: Sequence[str], metric_key: str) -> ResolutionError:
    known = sorted({row.metric_key for row in metric_summaries(queries.repository, ids)})
    close = nearest(metric_key, known)
    return ResolutionError(
        f"none of {counted(len(ids), 'completed run')} has the metric {metric_key!r}{hint(close)}",
        code="changes_unknown_metric",
        details={"metric_key": metric_key, "nearest": list(close)},
    )


def _unknown_stage(
    metric_key: str, stage_name: str, rows: Sequence[MetricSummaryRecord]
) -> ResolutionError:
    known = sorted({row.stage_name for row in rows if row.stage_name is not None})
    close = nearest(stage_name, known)
    return ResolutionError(
        f"no completed run has {metric_key!r} in a stage {stage_name!r}{hint(close)}",
        code="changes_unknown_stage",
        details={"stage_name": stage_name, "nearest": list(close), "stages": known},
    )
