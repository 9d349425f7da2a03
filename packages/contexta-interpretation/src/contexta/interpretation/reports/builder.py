"""Builds reports from results that were computed before."""

from __future__ import annotations

from collections.abc import Iterable

from contexta.interpretation.alert.models import AlertReport, AlertResult
from contexta.interpretation.anomaly.models import AnomalyResult
from contexta.interpretation.changes.models import Bisection, ChangeHistory
from contexta.interpretation.compare.models import (
    CompletenessNote,
    MultiRunComparison,
    RunComparison,
)
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.diagnostics.models import DiagnosticsResult
from contexta.interpretation.gate.models import GateResult
from contexta.interpretation.groups.models import GroupComparison
from contexta.interpretation.query.models import RunSnapshot
from contexta.interpretation.reports._anomalies import anomaly_report
from contexta.interpretation.reports._changes import bisection_report, change_report
from contexta.interpretation.reports._comparison import multi_run_report, run_report
from contexta.interpretation.reports._gate import gate_report
from contexta.interpretation.reports._groups import group_report
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
        completeness: Completeness | None = None,
    ) -> ReportDocument:
        """Report the runs of a project, in the order given; ``completeness`` is that of them."""
        return project_report(project_name, tuple(runs), notes, completeness)

    def build_trend_report(self, trend: MetricTrend) -> ReportDocument:
        """Report one metric over runs."""
        return trend_report(trend)

    def build_alert_report(self, results: AlertReport | Iterable[AlertResult]) -> ReportDocument:
        """Report evaluated rules: those that triggered, then those that did not."""
        if isinstance(results, AlertReport):
            return alert_report(results.results, results.completeness)
        return alert_report(tuple(results))

    def build_multi_run_report(self, comparison: MultiRunComparison) -> ReportDocument:
        """Report several runs."""
        return multi_run_report(comparison)

    def build_group_report(self, comparison: GroupComparison) -> ReportDocument:
        """Report two groups of runs: verdicts, intervals as a forest plot, the method."""
        return group_report(comparison)

    def build_gate_report(self, result: GateResult) -> ReportDocument:
        """Report a gate: each rule with its outcome, its numbers and its evidence."""
        return gate_report(result)

    def build_change_report(self, history: ChangeHistory) -> ReportDocument:
        """Report a history: its change points, drawn over the runs, and the parts between."""
        return change_report(history)

    def build_bisection_report(self, bisection: Bisection) -> ReportDocument:
        """Report the first run after a change, and what differs from the run before it."""
        return bisection_report(bisection)

    def build_anomaly_report(self, results: Iterable[AnomalyResult]) -> ReportDocument:
        """Report values held against their baselines: the unusual, then the usual."""
        return anomaly_report(tuple(results))
