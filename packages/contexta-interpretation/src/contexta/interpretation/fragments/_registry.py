"""Which view a kind of result has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from contexta.interpretation import _base
from contexta.interpretation.aggregates.models import AggregateAnswer
from contexta.interpretation.aggregation import models as aggregation
from contexta.interpretation.alert import models as alert
from contexta.interpretation.anomaly import models as anomaly
from contexta.interpretation.changes import models as changes
from contexta.interpretation.compare import models as compare
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.diagnostics.models import DiagnosticsResult
from contexta.interpretation.fragments import _findings, _origins, _plain, _runs, _trends
from contexta.interpretation.gate.models import GateResult
from contexta.interpretation.groups.models import GroupComparison, ReplicateGroups
from contexta.interpretation.lineage.models import LineageTraversal
from contexta.interpretation.provenance import models as provenance
from contexta.interpretation.query import models as query
from contexta.interpretation.reports._fragment import FragmentView
from contexta.interpretation.reports.models import ReportDocument
from contexta.interpretation.repositories import records
from contexta.interpretation.trend import models as trend

_ONE: dict[type, Callable[[Any], FragmentView]] = {
    AggregateAnswer: _trends.answer_view,
    Completeness: _findings.completeness_view,
    DiagnosticsResult: _findings.diagnostics_view,
    GateResult: _findings.gate_view,
    GroupComparison: _findings.group_view,
    LineageTraversal: _origins.lineage_view,
    ReplicateGroups: _findings.groups_view,
    ReportDocument: _findings.report_view,
    aggregation.MetricAggregate: _trends.aggregate_view,
    aggregation.RunStatusDistribution: _trends.distribution_view,
    aggregation.RunSummaryTable: _trends.summary_view,
    alert.AlertReport: _findings.alert_report_view,
    changes.Bisection: _findings.bisection_view,
    changes.ChangeHistory: _findings.changes_view,
    compare.CompletenessNote: _findings.note_view,
    compare.ReportComparison: _findings.report_comparison_view,
    provenance.EnvironmentDiff: _origins.environment_view,
    provenance.ReproducibilityAudit: _origins.audit_view,
    query.RunPage: _runs.page_view,
    records.RunRecord: _runs.run_view,
    trend.ArtifactSizeTrend: _trends.size_view,
    trend.DurationTrend: _trends.duration_view,
    trend.MetricTrend: _trends.trend_view,
}
_SEVERAL: dict[type, Callable[[Any], FragmentView]] = {
    alert.AlertResult: _findings.alerts_view,
    anomaly.AnomalyResult: _findings.anomalies_view,
    records.RunRecord: _runs.runs_view,
    trend.StepSeries: _trends.series_view,
}
_BY_FIELDS = (
    anomaly.MetricBaseline,
    records.ArtifactRecord,
    records.BatchRecord,
    records.DeploymentRecord,
    records.EnvironmentRecord,
    records.MetricSummaryRecord,
    records.ObservationRecord,
    records.ProvenanceView,
    records.SampleRecord,
    records.StageRecord,
)


def view_of_one(
    value: _base.Result,
    snapshots: Sequence[query.RunSnapshot],
    diagnostics: DiagnosticsResult | None,
) -> FragmentView | None:
    """Return the view of a result, ``None`` for small values that read well as they are."""
    if isinstance(value, query.RunSnapshot):
        return _runs.snapshot_view(value, diagnostics)
    if isinstance(value, compare.RunComparison):
        return _runs.comparison_view(value, snapshots)
    if isinstance(value, compare.MultiRunComparison):
        return _runs.multi_view(value, snapshots)
    kind = type(value)
    if kind in _ONE:
        return _ONE[kind](value)
    if kind in _SEVERAL:
        return _SEVERAL[kind]((value,))
    return _plain.fields_view(value) if kind in _BY_FIELDS else None


def view_of_several(values: Sequence[_base.Result]) -> FragmentView:
    """Return the view of several results of one kind; of none, that there are no runs or rows."""
    if isinstance(values, _base.Results) and not values:
        if values.kind is records.RunRecord:
            return _runs.runs_view(())
        return FragmentView("List", f"no {_plain.word_of(values.kind)}s")
    view = _SEVERAL.get(type(values[0]), _plain.rows_view)
    return view(values)
