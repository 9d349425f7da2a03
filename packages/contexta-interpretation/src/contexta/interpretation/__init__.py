"""Questions to a Contexta workspace: query, compare, trends, lineage, reports.

Services ask a repository (see ``protocols``); ``CompositeStoreRepository`` reads the three planes
of a workspace, ``testing.InMemoryRepository`` holds what a test gives it. Services only read.

Results are frozen and picklable; ``to_dict()`` gives JSON-safe data in which a number that is not
finite is ``null`` with a marker beside it. What is missing is said in completeness notes.

Errors: ``ResolutionError`` (an ``InterpretationError`` and a ``LookupError``) for a name that
fits nothing or several things; its ``details`` list candidates. ``ValidationError`` for bad
filters and policies. Each service has an error class of its own below ``InterpretationError``.
"""

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
from contexta.interpretation.errors import (
    ResolutionError,
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
    RunListQuery,
    RunPage,
    RunSnapshot,
    TimeRange,
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
    "CompareService",
    "ComparisonError",
    "ComparisonPolicy",
    "Completeness",
    "CompletenessNote",
    "CompositeRepository",
    "CompositeStoreRepository",
    "DeploymentRecord",
    "DiagnosticsError",
    "DiagnosticsIssue",
    "DiagnosticsPolicy",
    "DiagnosticsResult",
    "DiagnosticsService",
    "DurationTrend",
    "EnvironmentDiff",
    "EnvironmentValueChange",
    "EvidenceLink",
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
    "ReportBuilder",
    "ReportComparison",
    "ReportDocument",
    "ReportError",
    "ReportSection",
    "ReportSerializationError",
    "ReproducibilityAudit",
    "ResolutionError",
    "RunComparison",
    "RunListQuery",
    "RunPage",
    "RunRecord",
    "RunSnapshot",
    "RunStatusDistribution",
    "RunStoreReader",
    "RunSummaryTable",
    "SampleRecord",
    "SectionDiff",
    "StageAggregate",
    "StageComparison",
    "StageDurationPoint",
    "StageRecord",
    "StatusCount",
    "StepPoint",
    "StepSeries",
    "TimeRange",
    "TrendError",
    "TrendPoint",
    "TrendPolicy",
    "TrendService",
    "completeness_of",
]
