"""One run: what it did, what it measured, what it made, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from contexta.interpretation.instants import seconds_between
from contexta.interpretation.reports.escape import cut
from contexta.interpretation.wording import counted, short_ref
from contexta.web._page import PageData
from contexta.web.pages._analysis import audit_of
from contexta.web.pages._links import address, project_url, run_url, segment
from contexta.web.pages._render import status_kind
from contexta.web.pages._run_metrics import metric_rows, metric_views
from contexta.web.pages._spans import span_tree, window
from contexta.web.pages._view import frame, notes

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import LineageTraversal, RunRecord, RunSnapshot
    from contexta.interpretation.repositories import ObservationRecord
    from contexta.web._params import Params

_RECORDS = 10
_EVENTS = 200
_SPANS = 500
_PARTS = 100
_ARTIFACTS = 200
_RELATIONS = 8
_STAGES = 200
_METRICS = 500
_PAIRS = 500
_LEVELS = ("debug", "info", "warning", "error", "critical")


def run_page(ctx: Contexta, params: Params) -> PageData:
    """Show one run. ``level`` keeps the events of that level.

    Raises:
        ResolutionError: the run is unknown, or its name is ambiguous.
    """
    return run_data(ctx, params.id("run_id"), params.choice("level", _LEVELS))


def run_data(ctx: Contexta, run_id: str, level: str | None = None) -> PageData:
    """Return the page of a run, for the server and for files.

    Raises:
        ResolutionError: the run is unknown, or its name is ambiguous.
    """
    snapshot = ctx.get_run_snapshot(run_id)
    run = snapshot.run
    title = f"Run: {cut(run.name, 300)}"
    project = run.project_name
    data = frame(
        ctx,
        project,
        crumbs=(
            ("Runs", "/ui/runs"),
            (project, project_url(project)),
            (short_ref(run.run_id), None),
        ),
        live=f"/live/runs/{segment(run.run_id)}" if run.status == "open" else None,
        run=run,
        snapshot=snapshot,
        seconds=seconds_between(run.started_at, run.ended_at),
        records=sum(snapshot.record_counts.values()) or len(snapshot.records),
        code=_code(run),
        actions=_actions(run, snapshot),
        stages=_stages(snapshot),
        metrics=metric_rows(snapshot)[:_METRICS],
        params=list(run.params.items())[:_PAIRS],
        tags=list(run.tags.items())[:_PAIRS],
        charts=metric_views(snapshot),
        series_path=run_url(run.run_id, "series"),
        artifacts=snapshot.artifacts[:_ARTIFACTS],
        preview=tuple(reversed(snapshot.records[-_RECORDS:])),
        events=_events(ctx, snapshot, level),
        spans=_spans(ctx, snapshot),
        parts_shown=_PARTS,
        lineage=_lineage(ctx, run.run_id),
        audit=audit_of(ctx, run.run_id),
        diagnostics=ctx.diagnose_run(run.run_id),
        notes=notes(snapshot.completeness_notes, snapshot.completeness),
    )
    data["contents"] = _contents(data)
    return PageData("run", title, data, "runs")


def _code(run: RunRecord) -> str | None:
    if run.code_revision is None:
        return None
    dirty = run.metadata.get("code_dirty") is True
    return f"{run.code_revision[:12]}{', with changes that were not committed' if dirty else ''}"


def _actions(run: RunRecord, snapshot: RunSnapshot) -> list[tuple[str, str]]:
    """Links to what else is known of a run; those of 1.0 first."""
    here = run.run_id
    keys = sorted({row.metric_key for row in snapshot.metrics})
    metric = "loss" if "loss" in keys else next(iter(keys), None)
    trend = "/ui/metrics"
    if metric is not None:
        trend = address("/ui/metrics/trend", metric=metric, project=run.project_name)
    return [
        ("Diagnostics", run_url(here, "diagnostics")),
        ("Compare", address("/ui/compare/pick", left=here)),
        ("Trend", trend),
        ("Anomalies", run_url(here, "anomalies")),
        ("Lineage", run_url(here, "lineage")),
        ("Environment", run_url(here, "environment")),
        ("Report", run_url(here, "report")),
        ("JSON", f"/runs/{segment(here)}/snapshot"),
    ]


def _stages(snapshot: RunSnapshot) -> list[Mapping[str, Any]]:
    run = snapshot.run
    over = window(
        [(run.started_at, run.ended_at), *((s.started_at, s.ended_at) for s in snapshot.stages)]
    )
    counts = Counter(row.stage_id for row in snapshot.metrics)
    return [
        {
            "stage": stage,
            "seconds": seconds_between(stage.started_at, stage.ended_at),
            "bar": over.bar(stage.started_at, stage.ended_at, status_kind(stage.status))
            if over
            else "",
            "told": _stage_told(stage.metadata, counts[stage.stage_id]),
        }
        for stage in snapshot.stages[:_STAGES]
    ]


def _stage_told(metadata: Mapping[str, Any], metrics: int) -> str:
    told = counted(metrics, "metric") if metrics else ""
    reason = metadata.get("error") or metadata.get("exception")
    return "; ".join(part for part in (told, str(reason) if reason else "") if part)


def _events(ctx: Contexta, snapshot: RunSnapshot, level: str | None) -> Mapping[str, Any]:
    """The last events, of one level where asked, and how many there are of each."""
    found: Sequence[ObservationRecord] = ()
    if snapshot.record_counts.get("event", 1):
        found = ctx.repository.list_records(run_id=snapshot.run.run_id, record_type="event")
    counts = Counter(str(item.payload.get("level") or "info") for item in found)
    kept = [item for item in found if level in (None, str(item.payload.get("level") or "info"))]
    path = run_url(snapshot.run.run_id)
    levels = [
        (name, counts[name], address(path, level=name) + "#run-events")
        for name in _LEVELS
        if counts[name]
    ]
    return {
        "total": len(found),
        "level": level,
        "levels": levels,
        "all": f"{path}#run-events",
        "json": address(f"/runs/{segment(snapshot.run.run_id)}/events", level=level),
        "shown": kept[-_EVENTS:],
        "left_out": max(0, len(kept) - _EVENTS),
    }


def _spans(ctx: Contexta, snapshot: RunSnapshot) -> Mapping[str, Any]:
    found: Sequence[ObservationRecord] = ()
    if snapshot.record_counts.get("span", 1):
        found = ctx.repository.list_records(run_id=snapshot.run.run_id, record_type="span")
    return {
        "total": len(found),
        "roots": span_tree(found[:_SPANS]),
        "left_out": max(0, len(found) - _SPANS),
    }


def _lineage(ctx: Contexta, run_id: str) -> Mapping[str, Any]:
    """The relations that the run and its parts are an end of."""
    # No further than that: its data may have been used by a thousand runs.
    found: LineageTraversal = ctx.traverse_lineage(run_id, direction="both", max_depth=0)
    return {
        "total": len(found.edges),
        "edges": found.edges[:_RELATIONS],
        "href": run_url(run_id, "lineage"),
    }


def _contents(data: Mapping[str, Any]) -> list[tuple[str, str, int | None]]:
    """The sections that hold something, for the line of links below the heading."""
    snapshot: RunSnapshot = data["snapshot"]
    parts = len(snapshot.batches) + len(snapshot.samples) + len(snapshot.deployments)
    found: list[tuple[str, str, int | None]] = [
        ("run-diagnostics", "Issues", len(data["diagnostics"].issues)),
        ("stage-table", "Stages", len(snapshot.stages)),
        ("run-metrics", "Metrics", len(snapshot.metrics)),
        ("run-params", "Params", len(snapshot.run.params) + len(snapshot.run.tags)),
        ("artifact-table", "Artifacts", len(snapshot.artifacts)),
        ("record-preview", "Records", data["records"]),
        ("run-events", "Events", data["events"]["total"]),
        ("run-spans", "Spans", data["spans"]["total"]),
        ("run-parts", "Parts", parts),
        ("run-lineage", "Lineage", data["lineage"]["total"]),
    ]
    found = [entry for entry in found if entry[2]]
    if snapshot.environment is not None:
        found.append(("run-environment", "Environment", None))
    return [
        *found,
        ("provenance-summary", "Provenance", None),
        ("completeness-notes", "Completeness", len(data["notes"]) or None),
    ]
