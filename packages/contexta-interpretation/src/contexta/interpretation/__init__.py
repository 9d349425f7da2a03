"""Questions to a Contexta workspace: query, compare, trends, lineage, reports.

Services ask a repository (see ``protocols``); ``CompositeStoreRepository`` reads the three planes
of a workspace, ``testing.InMemoryRepository`` holds what a test gives it. Services only read.

Results are frozen and picklable; ``to_dict()`` gives JSON-safe data in which a number that is not
finite is ``null`` with a marker beside it. Each has ``to_arrow()``, ``to_pandas()`` and
``to_polars()``, and shows itself as a card in notebooks, as do several (``Results``). What is
missing is said in completeness notes.

Errors: ``ResolutionError`` (an ``InterpretationError`` and a ``LookupError``) for a name that
fits nothing or several things; its ``details`` list candidates. ``ValidationError`` for bad
filters and policies. Each service has an error class of its own below ``InterpretationError``.

Parts load on first use: reading a list of runs imports neither trends nor reports.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.interpretation._base import Results
    from contexta.interpretation.aggregates import (
        AggregateAnswer,
        AggregateError,
        AggregateService,
        DuckDbEngine,
        SparkEngine,
    )
    from contexta.interpretation.aggregation import (
        AggregationError,
        AggregationService,
        MetricAggregate,
        RunStatusDistribution,
        RunSummaryTable,
        StageAggregate,
        StatusCount,
    )
    from contexta.interpretation.alert import (
        AlertError,
        AlertReport,
        AlertResult,
        AlertRule,
        AlertService,
    )
    from contexta.interpretation.anomaly import (
        AnomalyError,
        AnomalyPolicy,
        AnomalyResult,
        AnomalyService,
        MetricBaseline,
    )
    from contexta.interpretation.changes import (
        Bisection,
        ChangeError,
        ChangeHistory,
        ChangePoint,
        ChangePolicy,
        ChangeService,
    )
    from contexta.interpretation.compare import (
        ArtifactChange,
        ArtifactKindCountRow,
        CompareService,
        ComparisonError,
        ComparisonPolicy,
        CompletenessNote,
        MetricDelta,
        MultiRunComparison,
        MultiRunMetricRow,
        ProvenanceComparison,
        ReportComparison,
        RunComparison,
        SectionDiff,
        StageComparison,
    )
    from contexta.interpretation.completeness import Completeness, completeness_of
    from contexta.interpretation.diagnostics import (
        DiagnosticsError,
        DiagnosticsIssue,
        DiagnosticsPolicy,
        DiagnosticsResult,
        DiagnosticsService,
    )
    from contexta.interpretation.errors import ResolutionError
    from contexta.interpretation.gate import (
        CompletenessRule,
        GateError,
        GateResult,
        GateRule,
        GateService,
        NoErrorsRule,
        NoRegressionRule,
        RequiredArtifactsRule,
        RequiredMetricsRule,
        RequiredStagesRule,
        RuleOutcome,
        ThresholdRule,
        parse_rules,
    )
    from contexta.interpretation.groups import (
        GroupComparison,
        GroupError,
        GroupMetric,
        GroupPolicy,
        GroupService,
        GroupSide,
        ReplicateGroup,
        ReplicateGroups,
    )
    from contexta.interpretation.lineage import (
        LineageEdge,
        LineageError,
        LineagePolicy,
        LineageService,
        LineageTraversal,
    )
    from contexta.interpretation.protocols import (
        ArtifactStoreReader,
        CompositeRepository,
        ObservabilityRepository,
        RecordStoreReader,
        RelationStoreReader,
        RunStoreReader,
    )
    from contexta.interpretation.provenance import (
        EnvironmentDiff,
        EnvironmentValueChange,
        ProvenanceError,
        ProvenanceService,
        ReproducibilityAudit,
    )
    from contexta.interpretation.query import (
        EvidenceLink,
        MetricCondition,
        QueryService,
        RunExpression,
        RunListQuery,
        RunPage,
        RunSnapshot,
        TimeRange,
        UnknownKey,
    )
    from contexta.interpretation.reports import (
        ReportBuilder,
        ReportDocument,
        ReportError,
        ReportSection,
        ReportSerializationError,
    )
    from contexta.interpretation.repositories import (
        ArtifactRecord,
        BatchRecord,
        CompositeStoreRepository,
        DeploymentRecord,
        ObservationRecord,
        ProvenanceView,
        RelationRecord,
        RunRecord,
        SampleRecord,
        StageRecord,
    )
    from contexta.interpretation.trend import (
        ArtifactSizePoint,
        ArtifactSizeTrend,
        DurationTrend,
        MetricTrend,
        StageDurationPoint,
        StepPoint,
        StepSeries,
        TrendError,
        TrendPoint,
        TrendPolicy,
        TrendService,
    )

__all__ = [
    "AggregateAnswer",
    "AggregateError",
    "AggregateService",
    "AggregationError",
    "AggregationService",
    "AlertError",
    "AlertReport",
    "AlertResult",
    "AlertRule",
    "AlertService",
    "AnomalyError",
    "AnomalyPolicy",
    "AnomalyResult",
    "AnomalyService",
    "ArtifactChange",
    "ArtifactKindCountRow",
    "ArtifactRecord",
    "ArtifactSizePoint",
    "ArtifactSizeTrend",
    "ArtifactStoreReader",
    "BatchRecord",
    "Bisection",
    "ChangeError",
    "ChangeHistory",
    "ChangePoint",
    "ChangePolicy",
    "ChangeService",
    "CompareService",
    "ComparisonError",
    "ComparisonPolicy",
    "Completeness",
    "CompletenessNote",
    "CompletenessRule",
    "CompositeRepository",
    "CompositeStoreRepository",
    "DeploymentRecord",
    "DiagnosticsError",
    "DiagnosticsIssue",
    "DiagnosticsPolicy",
    "DiagnosticsResult",
    "DiagnosticsService",
    "DuckDbEngine",
    "DurationTrend",
    "EnvironmentDiff",
    "EnvironmentValueChange",
    "EvidenceLink",
    "GateError",
    "GateResult",
    "GateRule",
    "GateService",
    "GroupComparison",
    "GroupError",
    "GroupMetric",
    "GroupPolicy",
    "GroupService",
    "GroupSide",
    "LineageEdge",
    "LineageError",
    "LineagePolicy",
    "LineageService",
    "LineageTraversal",
    "MetricAggregate",
    "MetricBaseline",
    "MetricCondition",
    "MetricDelta",
    "MetricTrend",
    "MultiRunComparison",
    "MultiRunMetricRow",
    "NoErrorsRule",
    "NoRegressionRule",
    "ObservabilityRepository",
    "ObservationRecord",
    "ProvenanceComparison",
    "ProvenanceError",
    "ProvenanceService",
    "ProvenanceView",
    "QueryService",
    "RecordStoreReader",
    "RelationRecord",
    "RelationStoreReader",
    "ReplicateGroup",
    "ReplicateGroups",
    "ReportBuilder",
    "ReportComparison",
    "ReportDocument",
    "ReportError",
    "ReportSection",
    "ReportSerializationError",
    "ReproducibilityAudit",
    "RequiredArtifactsRule",
    "RequiredMetricsRule",
    "RequiredStagesRule",
    "ResolutionError",
    "Results",
    "RuleOutcome",
    "RunComparison",
    "RunExpression",
    "RunListQuery",
    "RunPage",
    "RunRecord",
    "RunSnapshot",
    "RunStatusDistribution",
    "RunStoreReader",
    "RunSummaryTable",
    "SampleRecord",
    "SectionDiff",
    "SparkEngine",
    "StageAggregate",
    "StageComparison",
    "StageDurationPoint",
    "StageRecord",
    "StatusCount",
    "StepPoint",
    "StepSeries",
    "ThresholdRule",
    "TimeRange",
    "TrendError",
    "TrendPoint",
    "TrendPolicy",
    "TrendService",
    "UnknownKey",
    "completeness_of",
    "parse_rules",
]

_PARTS = {
    "_base": "Results",
    "aggregates": "AggregateAnswer AggregateError AggregateService DuckDbEngine SparkEngine",
    "aggregation": (
        "AggregationError AggregationService MetricAggregate RunStatusDistribution RunSummaryTable "
        "StageAggregate StatusCount"
    ),
    "alert": "AlertError AlertReport AlertResult AlertRule AlertService",
    "anomaly": "AnomalyError AnomalyPolicy AnomalyResult AnomalyService MetricBaseline",
    "changes": "Bisection ChangeError ChangeHistory ChangePoint ChangePolicy ChangeService",
    "compare": (
        "ArtifactChange ArtifactKindCountRow CompareService ComparisonError ComparisonPolicy "
        "CompletenessNote MetricDelta MultiRunComparison MultiRunMetricRow ProvenanceComparison "
        "ReportComparison RunComparison SectionDiff StageComparison"
    ),
    "completeness": "Completeness completeness_of",
    "diagnostics": (
        "DiagnosticsError DiagnosticsIssue DiagnosticsPolicy DiagnosticsResult DiagnosticsService"
    ),
    "errors": "ResolutionError",
    "gate": (
        "CompletenessRule GateError GateResult GateRule GateService NoErrorsRule NoRegressionRule "
        "RequiredArtifactsRule RequiredMetricsRule RequiredStagesRule RuleOutcome ThresholdRule "
        "parse_rules"
    ),
    "groups": (
        "GroupComparison GroupError GroupMetric GroupPolicy GroupService GroupSide ReplicateGroup "
        "ReplicateGroups"
    ),
    "lineage": "LineageEdge LineageError LineagePolicy LineageService LineageTraversal",
    "protocols": (
        "ArtifactStoreReader CompositeRepository ObservabilityRepository RecordStoreReader "
        "RelationStoreReader RunStoreReader"
    ),
    "provenance": (
        "EnvironmentDiff EnvironmentValueChange ProvenanceError ProvenanceService "
        "ReproducibilityAudit"
    ),
    "query": (
        "EvidenceLink MetricCondition QueryService RunExpression RunListQuery RunPage RunSnapshot "
        "TimeRange UnknownKey"
    ),
    "reports": "ReportBuilder ReportDocument ReportError ReportSection ReportSerializationError",
    "repositories": (
        "ArtifactRecord BatchRecord CompositeStoreRepository DeploymentRecord ObservationRecord "
        "ProvenanceView RelationRecord RunRecord SampleRecord StageRecord"
    ),
    "trend": (
        "ArtifactSizePoint ArtifactSizeTrend DurationTrend MetricTrend StageDurationPoint "
        "StepPoint StepSeries TrendError TrendPoint TrendPolicy TrendService"
    ),
}
_HOME = {name: part for part, names in _PARTS.items() for name in names.split()}
_MODULES = frozenset({*_PARTS, "instants", "meanings", "statistics", "wording"}) - {"_base"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
