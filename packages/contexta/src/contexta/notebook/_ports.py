"""What a notebook asks a workspace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from contexta.interpretation import (
        DiagnosticsResult,
        MetricTrend,
        MultiRunComparison,
        RunComparison,
        RunListQuery,
        RunSnapshot,
        StepSeries,
    )


@runtime_checkable
class Asked(Protocol):
    """The methods of `contexta.Contexta` that notebooks use."""

    def get_run_snapshot(self, run_id: str) -> RunSnapshot:
        """Return everything about one run."""
        ...

    def diagnose_run(self, run_id: str) -> DiagnosticsResult:
        """Return what looks wrong with a run."""
        ...

    def compare_runs(self, left_run_id: str, right_run_id: str) -> RunComparison:
        """Compare two runs."""
        ...

    def compare_multiple_runs(self, run_ids: Iterable[str]) -> MultiRunComparison:
        """Compare several runs."""
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
