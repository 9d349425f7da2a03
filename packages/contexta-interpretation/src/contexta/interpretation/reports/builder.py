"""Builds reports from results that were computed before."""

from __future__ import annotations

from collections.abc import Iterable

from contexta.interpretation.alert.models import AlertResult
from contexta.interpretation.compare.models import (
    CompletenessNote,
    MultiRunComparison,
    RunComparison,
)
from contexta.interpretation.diagnostics.models import DiagnosticsResult
from contexta.interpretation.query.models import RunSnapshot
from contexta.interpretation.reports._comparison import multi_run_report, run_report
from contexta.interpretation.reports._projects import (
    alert_report,
    project_report,
    trend_report,
)
from contexta.interpretation.reports._snapshot import snapshot_report
from contexta.interpretation.reports.models import ReportDocument
from contexta.interpretation.repositories.records import RunRecord
from contexta.interpretation.trend.models import MetricTrend


class ReportBuilder:
    """Turns results into documents; reads no store and keeps nothing."""

    def build_snapshot_report(
        self, snapshot: RunSnapshot, diagnostics: DiagnosticsResult
    ) -> ReportDocument:
        """Report one run: what it was, its numbers and curves, its parts, what is wrong."""
        return snapshot_report(snapshot, diagnostics)

    def build_run_report(
        self,
        comparison: RunComparison,
        diagnostics: DiagnosticsResult,
        right_diagnostics: DiagnosticsResult | None = None,
    ) -> ReportDocument:
        """Report two runs; ``right_diagnostics`` adds the issues of the right one."""
        return run_report(comparison, diagnostics, right_diagnostics)

    def build_project_summary_report(
        self,
        project_name: str,
        *,
        runs: Iterable[RunRecord] = (),
        notes: Iterable[CompletenessNote | str] = (),
    ) -> ReportDocument:
        """Report the runs of a project, in the order given."""
        return project_report(project_name, tuple(runs), notes)

    def build_trend_report(self, trend: MetricTrend) -> ReportDocument:
        """Report one metric over runs."""
        return trend_report(trend)

    def build_alert_report(self, results: Iterable[AlertResult]) -> ReportDocument:
        """Report evaluated rules: those that triggered, then those that did not."""
        return alert_report(tuple(results))

    def build_multi_run_report(self, comparison: MultiRunComparison) -> ReportDocument:
        """Report several runs."""
        return multi_run_report(comparison)
