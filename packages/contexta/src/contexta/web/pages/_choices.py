"""What pickers offer: runs, projects, metrics and stages, the newest first, and bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contexta.interpretation.wording import on_pages, short_ref

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import RunRecord, StageAggregate

RUNS_OFFERED = 200
UNASSIGNED = "_unassigned"


@dataclass(frozen=True, slots=True)
class RunChoice:
    """One run that can be picked."""

    run_id: str
    label: str


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """One metric that the newest runs have: in which stages, and in how many of the runs."""

    key: str
    stages: tuple[str | None, ...]
    runs: int
    rows: tuple[StageAggregate, ...]


def newest_runs(
    ctx: Contexta, project: str | None = None, limit: int = RUNS_OFFERED
) -> tuple[RunRecord, ...]:
    """Return the newest runs, the newest first."""
    from contexta.interpretation import RunListQuery

    query = RunListQuery(project_name=project, limit=limit, sort_desc=True)
    return ctx.list_runs(query=query)


def run_choices(ctx: Contexta, project: str | None = None) -> list[RunChoice]:
    """Return the newest runs with what tells them apart: name, id, status and start."""
    return [RunChoice(run.run_id, run_label(run)) for run in newest_runs(ctx, project)]


def run_label(run: RunRecord) -> str:
    """One line that tells a run from its neighbors."""
    started = on_pages.minute(run.started_at) if run.started_at else on_pages.missing
    return f"{short_ref(run.run_id)}  {run.name}  {run.status}  {started}"


def metric_choices(ctx: Contexta, project: str | None = None) -> list[MetricChoice]:
    """Return the metrics of the newest runs, sorted by key."""
    from contexta.interpretation import RunListQuery

    query = RunListQuery(project_name=project, limit=RUNS_OFFERED, sort_desc=True)
    rows = ctx.aggregation_service.aggregate_by_stage(query=query).by_stage
    found: dict[str, list[StageAggregate]] = {}
    for row in rows:
        found.setdefault(row.metric_key, []).append(row)
    return [
        MetricChoice(
            key,
            tuple(stage_of(row) for row in found[key]),
            max(row.count + row.excluded_nonfinite for row in found[key]),
            tuple(found[key]),
        )
        for key in sorted(found)
    ]


def stage_of(row: StageAggregate) -> str | None:
    """Return the stage of a row of many runs; ``None`` for metrics of the run itself."""
    return None if row.stage_name == UNASSIGNED else row.stage_name


def stage_names(choices: list[MetricChoice], metric: str | None = None) -> list[str]:
    """Return the stages in which the metrics, or one of them, were logged; sorted."""
    rows = [choice for choice in choices if metric is None or choice.key == metric]
    return sorted({stage for choice in rows for stage in choice.stages if stage is not None})
