"""The names that other packages and scripts may rely on."""

import subprocess
import sys

import contexta.interpretation as interpretation
from contexta.interpretation import protocols
from contexta.interpretation.testing import InMemoryRepository

NAMES = """
AggregateAnswer AggregateError AggregateService DuckDbEngine SparkEngine
AggregationError AggregationService AlertError AlertReport AlertResult AlertRule AlertService
AnomalyError AnomalyPolicy AnomalyResult AnomalyService ArtifactChange ArtifactKindCountRow
ArtifactRecord ArtifactSizePoint ArtifactSizeTrend ArtifactStoreReader BatchRecord Bisection
ChangeError ChangeHistory ChangePoint ChangePolicy ChangeService CompareService ComparisonError
ComparisonPolicy Completeness CompletenessNote CompletenessRule CompositeRepository
CompositeStoreRepository DeploymentRecord DiagnosticsError DiagnosticsIssue DiagnosticsPolicy
DiagnosticsResult DiagnosticsService DurationTrend EnvironmentDiff EnvironmentValueChange
EvidenceLink GateError GateResult GateRule GateService GroupComparison GroupError GroupMetric
GroupPolicy GroupService GroupSide LineageEdge LineageError LineagePolicy LineageService
LineageTraversal MetricAggregate MetricBaseline MetricCondition MetricDelta MetricTrend
MultiRunComparison MultiRunMetricRow NoErrorsRule NoRegressionRule ObservabilityRepository
ObservationRecord ProvenanceComparison ProvenanceError ProvenanceService ProvenanceView
QueryService RecordStoreReader RelationRecord RelationStoreReader ReplicateGroup ReplicateGroups
ReportBuilder ReportComparison ReportDocument ReportError ReportSection ReportSerializationError
ReproducibilityAudit RequiredArtifactsRule RequiredMetricsRule RequiredStagesRule ResolutionError
Results RuleOutcome RunComparison RunExpression RunListQuery RunPage RunRecord RunSnapshot
RunStatusDistribution RunStoreReader RunSummaryTable SampleRecord SectionDiff StageAggregate
StageComparison StageDurationPoint StageRecord StatusCount StepPoint StepSeries ThresholdRule
TimeRange TrendError TrendPoint TrendPolicy TrendService UnknownKey completeness_of parse_rules
"""


def test_public_names():
    """The package exports these names, sorted, and no other."""
    assert interpretation.__all__ == sorted(NAMES.split())


def test_every_name_exists():
    """Every exported name can be imported."""
    missing = [name for name in interpretation.__all__ if not hasattr(interpretation, name)]

    assert missing == []


def test_memory_repository_has_the_protocol():
    """The repository for tests has every method that a service may ask for."""
    repository = InMemoryRepository()

    assert isinstance(repository, protocols.CompositeRepository)


def test_import_is_light():
    """Importing the package loads no engine and no template library."""
    code = (
        "import sys, contexta.interpretation;"
        "heavy = {'alembic','duckdb','jinja2','lark','numpy','pyarrow','sqlalchemy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
