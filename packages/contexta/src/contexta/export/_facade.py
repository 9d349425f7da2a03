"""What the exports ask of a workspace: the reading methods of the facade."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contexta.config import UnifiedConfig
    from contexta.interpretation import (
        AlertReport,
        AlertResult,
        AlertRule,
        AnomalyService,
        CompositeRepository,
        DiagnosticsResult,
        LineageTraversal,
        MetricTrend,
        RunComparison,
        RunListQuery,
        RunRecord,
        StepSeries,
    )
    from contexta.interpretation.query import QueryService


class Workspace(Protocol):
    """The part of ``contexta.Contexta`` that is asked here."""

    config: UnifiedConfig

    @property
    def query_service(self) -> QueryService:
        """Runs, snapshots, filters."""
        ...

    @property
    def repository(self) -> CompositeRepository:
        """The repository that the services ask."""
        ...

    @property
    def anomaly_service(self) -> AnomalyService:
        """Values unlike those of earlier runs, by the settings of the workspace."""
        ...

    def list_runs(
        self, project_name: str | None = None, *, query: RunListQuery | None = None
    ) -> tuple[RunRecord, ...]:
        """Return runs."""
        ...

    def compare_runs(self, left_run_id: str, right_run_id: str) -> RunComparison:
        """Compare two runs."""
        ...

    def diagnose_run(self, run_id: str) -> DiagnosticsResult:
        """Return what looks wrong with a run."""
        ...

    def traverse_lineage(
        self,
        subject_ref: str,
        *,
        direction: str | None = None,
        max_depth: int | str | None = None,
    ) -> LineageTraversal:
        """Follow relations from a ref."""
        ...

    def get_metric_trend(
        self,
        metric_key: str,
        *,
        project_name: str | None = None,
        stage_name: str | None = None,
        query: RunListQuery | None = None,
    ) -> MetricTrend:
        """Return one value per run."""
        ...

    def get_step_series(
        self,
        run_id: str,
        metric_key: str,
        *,
        stage_id: str | None = None,
        stage_name: str | None = None,
    ) -> StepSeries:
        """Return the points of one metric of one run."""
        ...

    def evaluate_alerts(self, run_id: str, rules: Iterable[AlertRule]) -> tuple[AlertResult, ...]:
        """Evaluate rules on one run."""
        ...

    def evaluate_alerts_fleet(
        self,
        rules: Iterable[AlertRule],
        *,
        project_name: str | None = None,
        query: RunListQuery | None = None,
    ) -> AlertReport:
        """Evaluate rules on many runs."""
        ...


def joined(notes: Iterable[Any]) -> str | None:
    """Return the summaries of notes as one cell; ``None`` without notes."""
    return "; ".join(dict.fromkeys(note.summary for note in notes)) or None


def noted(notes: Iterable[Any], completeness: Any = None) -> tuple[str, ...]:
    """Return what a result says is missing, one text each, equal ones counted."""
    counts: dict[str, int] = {}
    for note in notes:
        counts[note.summary] = counts.get(note.summary, 0) + 1
    texts = [summary if n == 1 else f"{summary} ({n} times)" for summary, n in counts.items()]
    if completeness is not None:
        problems = completeness.problems
        told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in problems.items())
        texts += [f"of what this rests on: {told}"] if told else []
        texts += completeness.notes
    return tuple(dict.fromkeys(texts))
