"""Report methods of the facade: ask the services, hand the answers to the report builder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from contexta._client_reads import ReadDelegates

if TYPE_CHECKING:
    from contexta.interpretation import AlertRule, ReportDocument, RunListQuery
    from contexta.interpretation.changes import Bisection, ChangeHistory
    from contexta.interpretation.gate import GateResult
    from contexta.interpretation.groups import GroupComparison


class ReportDelegates(ReadDelegates):
    """Build reports. Each is a `contexta.interpretation.ReportDocument`."""

    __slots__ = ()

    def build_snapshot_report(self, run_id: str) -> ReportDocument:
        """Report on one run."""
        return self.report_builder.build_snapshot_report(
            self.get_run_snapshot(run_id), self.diagnose_run(run_id)
        )

    def build_run_report(self, left_run_id: str, right_run_id: str) -> ReportDocument:
        """Report on the comparison of two runs."""
        return self.report_builder.build_run_report(
            self.compare_runs(left_run_id, right_run_id),
            self.diagnose_run(left_run_id),
            self.diagnose_run(right_run_id),
        )

    def build_project_summary_report(self, project_name: str) -> ReportDocument:
        """Report on the runs of a project."""
        from contexta.interpretation.compare import CompletenessNote
        from contexta.interpretation.completeness import completeness_of

        runs = self.list_runs(project_name)
        empty = CompletenessNote("info", "project_runs_empty", {"project_name": project_name})
        found = completeness_of(self.query_service, [run.run_id for run in runs])
        return self.report_builder.build_project_summary_report(
            project_name, runs=runs, notes=() if runs else (empty,), completeness=found
        )

    def build_trend_report(
        self,
        metric_key: str,
        *,
        project_name: str | None = None,
        stage_name: str | None = None,
        query: RunListQuery | None = None,
    ) -> ReportDocument:
        """Report on a metric over runs."""
        return self.report_builder.build_trend_report(
            self.get_metric_trend(
                metric_key, project_name=project_name, stage_name=stage_name, query=query
            )
        )

    def build_alert_report(self, run_id: str, rules: Iterable[AlertRule]) -> ReportDocument:
        """Report on alert rules of one run."""
        return self.report_builder.build_alert_report(self.evaluate_alerts(run_id, rules))

    def build_multi_run_report(self, run_ids: Iterable[str]) -> ReportDocument:
        """Report on several runs."""
        return self.report_builder.build_multi_run_report(self.compare_multiple_runs(run_ids))

    def build_group_report(self, comparison: GroupComparison) -> ReportDocument:
        """Report on what `compare_groups` returned."""
        return self.report_builder.build_group_report(comparison)

    def build_gate_report(self, result: GateResult) -> ReportDocument:
        """Report on what `evaluate_gate` returned."""
        return self.report_builder.build_gate_report(result)

    def build_change_report(self, history: ChangeHistory) -> ReportDocument:
        """Report on what `find_changes` returned."""
        return self.report_builder.build_change_report(history)

    def build_bisection_report(self, bisection: Bisection) -> ReportDocument:
        """Report on what `bisect` returned."""
        return self.report_builder.build_bisection_report(bisection)

    def build_anomaly_report(
        self, run_id: str, *, baseline_query: RunListQuery | None = None
    ) -> ReportDocument:
        """Report on the metrics of a run beside the completed runs before it."""
        return self.report_builder.build_anomaly_report(
            self.anomaly_service.detect_anomalies_in_run(run_id, baseline_query=baseline_query)
        )
