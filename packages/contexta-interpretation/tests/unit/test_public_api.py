"""The names that other packages and scripts may rely on."""

import subprocess
import sys

import pytest

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

PARTS = [
    "aggregates",
    "aggregation",
    "alert",
    "anomaly",
    "changes",
    "compare",
    "completeness",
    "diagnostics",
    "errors",
    "gate",
    "groups",
    "instants",
    "lineage",
    "meanings",
    "protocols",
    "provenance",
    "query",
    "reports",
    "repositories",
    "statistics",
    "trend",
    "wording",
]


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


def test_every_name_is_listed_by_dir():
    """Names and parts that did not load yet are listed too."""
    listed = _printed("import contexta.interpretation as one; print(*dir(one))").split()

    assert set(NAMES.split()) | set(PARTS) <= set(listed)


def test_a_star_takes_every_name():
    """`from contexta.interpretation import *` loads what was not loaded yet."""
    printed = _printed("from contexta.interpretation import *; print(*sorted(globals()))")

    assert set(NAMES.split()) <= set(printed.split())


def test_parts_are_attributes_of_the_package():
    """A part needs no import of its own."""
    program = (
        "import contexta.interpretation as one;"
        f"print(*(getattr(one, part).__name__ for part in {PARTS!r}))"
    )

    assert _printed(program).split() == [f"contexta.interpretation.{part}" for part in PARTS]


def test_unknown_names_are_attribute_errors():
    """A name that is not exported does not resolve, and the message tells which."""
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        _ = interpretation.no_such_name


def test_every_part_can_be_the_first():
    """No part relies on another one having been imported before it."""
    program = (
        "import sys, importlib\n"
        "def loaded(): return [one for one in sys.modules if one.startswith('contexta.int')]\n"
        f"for part in {PARTS!r}:\n"
        "    for one in loaded(): del sys.modules[one]\n"
        "    importlib.import_module(f'contexta.interpretation.{part}')\n"
        "print(len(loaded()) > 1)"
    )

    assert _printed(program) == "True"


def test_import_is_light():
    """Importing the package loads no engine and no template library."""
    program = (
        "import sys, contexta.interpretation;"
        "heavy = {'alembic','duckdb','jinja2','lark','numpy','pyarrow','sqlalchemy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    assert _printed(program) == "[]"


def test_queries_load_no_other_question():
    """Who lists runs pays for neither trends nor gates nor reports."""
    program = (
        "import sys; from contexta.interpretation import CompositeStoreRepository, QueryService;"
        f"print(*(one for one in {PARTS!r} if f'contexta.interpretation.{{one}}' in sys.modules))"
    )

    assert _printed(program) == "completeness errors instants protocols query repositories"


def _printed(program):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
