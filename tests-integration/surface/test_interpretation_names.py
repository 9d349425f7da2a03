"""Every public name, field, signature, code and default of the interpretation layer."""

import dataclasses
import importlib
import pickle

import pytest
from _signatures import NO_DEFAULT, plain, tokens

import contexta
import contexta.interpretation as root
from contexta import Contexta
from contexta.contract.errors import ContextaError, InterpretationError, ValidationError

NAMES = {
    "query": "EvidenceLink MetricCondition QueryService RunListQuery RunSnapshot TimeRange",
    "repositories": """
        ArtifactRecord BatchRecord CompositeStoreRepository DeploymentRecord ObservationRecord
        ProvenanceView RelationRecord RunRecord SampleRecord StageRecord
        """,
    "protocols": """
        ArtifactStoreReader CompositeRepository ObservabilityRepository RecordStoreReader
        RelationStoreReader RunStoreReader
        """,
    "compare": """
        ArtifactChange ArtifactKindCountRow CompareService CompletenessNote ComparisonError
        ComparisonPolicy MetricDelta MultiRunComparison MultiRunMetricRow ProvenanceComparison
        ReportComparison RunComparison SectionDiff StageComparison
        """,
    "diagnostics": """
        DiagnosticsError DiagnosticsIssue DiagnosticsPolicy DiagnosticsResult DiagnosticsService
        """,
    "lineage": "LineageEdge LineageError LineagePolicy LineageService LineageTraversal",
    "trend": """
        ArtifactSizePoint ArtifactSizeTrend DurationTrend MetricTrend StageDurationPoint StepPoint
        StepSeries TrendError TrendPoint TrendPolicy TrendService
        """,
    "aggregation": """
        AggregationError AggregationService MetricAggregate RunStatusDistribution RunSummaryTable
        StageAggregate StatusCount
        """,
    "anomaly": "AnomalyError AnomalyPolicy AnomalyResult AnomalyService MetricBaseline",
    "alert": "AlertError AlertReport AlertResult AlertRule AlertService",
    "provenance": """
        EnvironmentDiff EnvironmentValueChange ProvenanceError ProvenanceService
        ReproducibilityAudit
        """,
    "reports": "ReportBuilder ReportDocument ReportError ReportSection ReportSerializationError",
}

# A field is required, `name?` is None by default, `name=value` has that default. Sequences and
# mappings are compared by content.
FIELDS = {
    "RunRecord": """
        run_id project_name name status started_at? ended_at? tags={} metadata={}
        """,
    "StageRecord": "stage_id run_id name status order=0 started_at? ended_at? tags={} metadata={}",
    "DeploymentRecord": """
        deployment_id project_name name status run_id? artifact_ref? started_at? ended_at? order=0
        metadata={}
        """,
    "BatchRecord": "batch_id run_id stage_id name status order=0 started_at? ended_at? metadata={}",
    "SampleRecord": """
        sample_id run_id stage_id batch_id name observed_at retention_class? redaction_profile?
        metadata={}
        """,
    "ArtifactRecord": """
        artifact_ref run_id stage_id kind created_at? location? hash_value? size_bytes?
        attributes={} content_type?
        """,
    "ObservationRecord": """
        record_id run_id stage_id record_type key observed_at value? message?
        completeness_marker='complete' degradation_marker='none' payload={} tags={}
        schema_version='1' producer_ref? correlation_id? unit?
        """,
    "RelationRecord": """
        relation_ref relation_type source_ref target_ref recorded_at origin_marker
        confidence_marker
        """,
    "ProvenanceView": """
        run_id provenance_ref relation_ref assertion_mode asserted_at formation_context_ref?
        policy_ref? evidence_bundle_ref?
        """,
    "TimeRange": "started_after? started_before?",
    "MetricCondition": "metric_key operator threshold stage_name?",
    "RunListQuery": """
        project_name? status? tags? time_range? metric_conditions=() limit? offset=0
        sort_by='started_at' sort_desc=False
        """,
    "EvidenceLink": "kind ref label",
    "RunSnapshot": """
        run deployments=() stages=() batches=() samples=() artifacts=() relations=() records=()
        evidence_links=() completeness_notes=() provenance?
        """,
    "ComparisonPolicy": """
        metric_selection='latest' include_unchanged_metrics=False missing_stage_severity='warning'
        """,
    "CompletenessNote": "severity summary details={} evidence_links=()",
    "MetricDelta": """
        metric_key left_value right_value delta change_ratio stage_name evidence_links=()
        completeness_notes=()
        """,
    "ArtifactChange": "artifact_kind left_ref right_ref change evidence_links=() change_detail?",
    "StageComparison": """
        stage_name left_stage_id right_stage_id left_status right_status metric_deltas=()
        completeness_notes=() evidence_links=()
        """,
    "ProvenanceComparison": """
        code_revision_changed config_hash_changed environment_changed dataset_refs_changed
        left_provenance right_provenance
        """,
    "RunComparison": """
        left_run_id right_run_id summary stage_comparisons=() artifact_changes=()
        completeness_notes=() evidence_links=() provenance_comparison?
        """,
    "MultiRunMetricRow": "metric_key stage_name values best_run_id?",
    "ArtifactKindCountRow": "artifact_kind counts",
    "MultiRunComparison": """
        run_ids run_names metric_table=() artifact_kind_counts=() completeness_notes=()
        evidence_links=() summary=''
        """,
    "SectionDiff": "section_title left_body right_body changed",
    "ReportComparison": "left_title right_title section_diffs=() completeness_notes=()",
    "DiagnosticsPolicy": """
        require_metrics_for_completed_stages=True detect_degraded_records=True
        expected_terminal_stage_names=()
        """,
    "DiagnosticsIssue": "severity code summary details subject_ref evidence_links=()",
    "DiagnosticsResult": "run_id issues=() completeness_notes=() evidence_links=()",
    "LineagePolicy": "default_direction='both' default_max_depth=2 include_provenance=True",
    "LineageEdge": """
        relation_ref source_ref target_ref relation_type recorded_at direction depth provenance?
        evidence_links=()
        """,
    "LineageTraversal": """
        root_ref edges=() visited_refs=() completeness_notes=() evidence_links=()
        """,
    "TrendPolicy": "default_window_runs=20 metric_aggregation='latest'",
    "TrendPoint": "run_id run_name value captured_at? stage_name?",
    "MetricTrend": "metric_key project_name points=() completeness_notes=()",
    "StepPoint": "step value observed_at",
    "StepSeries": "run_id metric_key stage_id points=() completeness_notes=() unit?",
    "StageDurationPoint": "run_id run_name stage_name duration_seconds started_at?",
    "DurationTrend": "stage_name project_name points=() completeness_notes=()",
    "ArtifactSizePoint": "run_id run_name artifact_kind size_bytes artifact_ref created_at?",
    "ArtifactSizeTrend": "artifact_kind project_name points=() completeness_notes=()",
    "MetricAggregate": """
        metric_key project_name count mean std min p25 p50 p75 p90 p95 p99 max
        completeness_notes=()
        """,
    "RunSummaryTable": "project_name total_runs by_stage=() completeness_notes=()",
    "StageAggregate": "stage_name metric_key count mean min max",
    "RunStatusDistribution": "project_name total by_status=() completeness_notes=()",
    "StatusCount": "status count",
    "AnomalyPolicy": """
        z_score_threshold=2.5 min_baseline_runs=3 monitored_metrics=()
        metric_aggregation='latest'
        """,
    "MetricBaseline": "metric_key mean std p5 p95 computed_from_n_runs",
    "AnomalyResult": """
        metric_key run_id actual_value expected_range z_score severity evidence_links=()
        completeness_notes=()
        """,
    "AlertRule": "metric_key operator threshold stage_name? severity='warning' name?",
    "AlertResult": """
        rule_name metric_key run_id actual_value threshold operator triggered severity stage_name?
        evidence_links=() completeness_notes=()
        """,
    "AlertReport": "run_ids results=() completeness_notes=()",
    "ReproducibilityAudit": """
        run_id provenance environment_ref python_version platform package_count
        environment_variable_count reproducibility_status completeness_notes=() evidence_links=()
        """,
    "EnvironmentValueChange": "key left_value right_value",
    "EnvironmentDiff": """
        left_run_id right_run_id left_environment_ref right_environment_ref python_version_changed
        platform_changed added_packages=() removed_packages=() changed_packages=()
        added_variables=() removed_variables=() changed_variables=() completeness_notes=()
        evidence_links=()
        """,
    "ReportSection": "title body evidence_links=()",
    "ReportDocument": "title sections",
}

ERRORS = {
    "AggregationError": InterpretationError,
    "AlertError": InterpretationError,
    "AnomalyError": InterpretationError,
    "ComparisonError": InterpretationError,
    "DiagnosticsError": InterpretationError,
    "LineageError": InterpretationError,
    "ProvenanceError": InterpretationError,
    "ReportError": InterpretationError,
    "TrendError": InterpretationError,
}
REFUSED = {
    "query_invalid_time_range": lambda: root.TimeRange(" "),
    "query_invalid_metric_condition": lambda: root.MetricCondition("m", "above", 1),
    "query_invalid_run_list_query": lambda: root.RunListQuery(limit=0),
    "compare_invalid_metric_selection": lambda: root.ComparisonPolicy("median"),
    "compare_invalid_missing_stage_severity": lambda: root.ComparisonPolicy(
        missing_stage_severity="fatal"
    ),
    "diagnostics_invalid_expected_stage_name": lambda: root.DiagnosticsPolicy(
        expected_terminal_stage_names=(" ",)
    ),
    "lineage_invalid_direction": lambda: root.LineagePolicy("sideways"),
    "lineage_invalid_max_depth": lambda: root.LineagePolicy(default_max_depth=-1),
    "trend_invalid_window_runs": lambda: root.TrendPolicy(0),
    "trend_invalid_metric_aggregation": lambda: root.TrendPolicy(metric_aggregation="sum"),
    "anomaly_invalid_z_score_threshold": lambda: root.AnomalyPolicy(0),
    "anomaly_invalid_min_baseline_runs": lambda: root.AnomalyPolicy(min_baseline_runs=0),
    "alert_invalid_operator": lambda: root.AlertRule("m", "above", 1).check(),
    "alert_invalid_severity": lambda: root.AlertRule("m", "gt", 1, severity="fatal").check(),
}


def find(name):
    """A public class by name, wherever its sub-package exports it."""
    return getattr(root, name, None) or next(
        getattr(importlib.import_module(f"contexta.interpretation.{sub}"), name)
        for sub, names in NAMES.items()
        if name in names.split()
    )


@pytest.mark.parametrize("sub", NAMES)
def test_names_are_exported_twice(sub):
    """Each name is in `__all__` of its sub-package, and the same object of the package."""
    module = importlib.import_module(f"contexta.interpretation.{sub}")
    listed = NAMES[sub].split()

    assert set(listed) <= set(module.__all__)
    assert [] == [n for n in listed if getattr(module, n) is not getattr(root, n)]
    assert set(listed) <= set(root.__all__)


@pytest.mark.parametrize("name", FIELDS)
def test_fields_lead_in_order_with_their_defaults(name):
    """The listed fields come first, in order, with these defaults; more may follow."""
    model = find(name)
    listed = tokens(FIELDS[name])
    fields = dataclasses.fields(model)[: len(listed)]
    found = {}
    for field in fields:
        default = NO_DEFAULT
        if field.default is not dataclasses.MISSING:
            default = field.default
        elif field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        found[field.name] = plain(default)

    assert list(found.items()) == list(listed.items())


@pytest.mark.parametrize("name", FIELDS)
def test_results_are_frozen_slotted_and_json_ready(name):
    """No field can be set anew, nothing can be added, and `to_dict` exists."""
    model = find(name)

    assert model.__dataclass_params__.frozen
    assert "__slots__" in model.__dict__
    assert callable(model.to_dict)


@pytest.mark.parametrize("name", FIELDS)
def test_fields_behind_the_listed_ones_may_be_left_out(name):
    """What came later has a default, so that positional construction goes on working."""
    later = dataclasses.fields(find(name))[len(tokens(FIELDS[name])) :]
    missing = dataclasses.MISSING

    assert [] == [
        f.name for f in later if f.default is missing and f.default_factory is missing and f.init
    ]


@pytest.mark.parametrize("name", ERRORS)
def test_errors_have_their_places_in_the_tree(name):
    """Each error class is below its base, and survives pickling with code and details."""
    cls = find(name)
    error = cls("text", code="some_code", details={"a": 1})
    copy = pickle.loads(pickle.dumps(error))

    assert issubclass(cls, ERRORS[name])
    assert issubclass(cls, ContextaError)
    assert (copy.code, copy.message, dict(copy.details)) == ("some_code", "text", {"a": 1})
    assert (copy.retryable, copy.cause) == (False, None)


def test_one_report_error_is_below_the_other():
    """Whoever catches report errors catches those of writing them too."""
    assert issubclass(root.ReportSerializationError, root.ReportError)


@pytest.mark.parametrize("code", REFUSED)
def test_bad_settings_have_these_codes(code):
    """Policies, filters and rules refuse what makes no sense, with a stable code."""
    with pytest.raises(ValidationError) as caught:
        REFUSED[code]()

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("bad", "allowed"),
    [
        (lambda: root.RunListQuery(sort_by="size"), {"started_at", "ended_at", "name"}),
        (lambda: root.MetricCondition("m", "x", 1), {"gt", "lt", "gte", "lte", "eq", "ne"}),
    ],
)
def test_refusals_name_what_is_allowed(bad, allowed):
    """The details of a refusal list what may be used instead."""
    with pytest.raises(ValidationError) as caught:
        bad()

    assert allowed <= set(caught.value.details["allowed"])


@pytest.mark.parametrize(
    ("sub", "names"),
    [
        ("query.service", "QueryService"),
        ("query.filters", "MetricCondition RunListQuery TimeRange"),
        ("query.models", "EvidenceLink RunSnapshot"),
        ("compare.service", "CompareService ComparisonPolicy ComparisonError"),
        ("compare.models", "CompletenessNote RunComparison MultiRunComparison MetricDelta"),
        ("diagnostics.service", "DiagnosticsService DiagnosticsPolicy DiagnosticsError"),
        ("diagnostics.models", "DiagnosticsIssue DiagnosticsResult"),
        ("lineage.service", "LineageService LineagePolicy LineageError"),
        ("lineage.models", "LineageEdge LineageTraversal"),
        ("trend.service", "TrendService TrendPolicy TrendError"),
        ("trend.models", "MetricTrend StepSeries DurationTrend ArtifactSizeTrend TrendPoint"),
        ("aggregation.service", "AggregationService AggregationError"),
        ("aggregation.models", "MetricAggregate RunSummaryTable RunStatusDistribution"),
        ("anomaly.service", "AnomalyService AnomalyPolicy AnomalyError"),
        ("anomaly.models", "AnomalyResult MetricBaseline"),
        ("alert.service", "AlertService AlertError"),
        ("alert.models", "AlertRule AlertResult AlertReport"),
        ("provenance.service", "ProvenanceService ProvenanceError"),
        ("provenance.models", "ReproducibilityAudit EnvironmentDiff EnvironmentValueChange"),
        ("reports.models", "ReportDocument ReportSection"),
        ("reports.builder", "ReportBuilder"),
        ("repositories.composite", "CompositeStoreRepository RunRecord StageRecord ArtifactRecord"),
    ],
)
def test_deep_modules_have_the_same_classes(sub, names):
    """Modules that scripts reach into hold the classes that the package exports."""
    module = importlib.import_module(f"contexta.interpretation.{sub}")

    assert [] == [n for n in names.split() if getattr(module, n, None) is not getattr(root, n)]


def test_deep_modules_of_the_facade():
    """The client and the settings are reached under their old paths too."""
    client = importlib.import_module("contexta.api.client")
    models = importlib.import_module("contexta.config.models")
    errors = importlib.import_module("contexta.common.errors")

    assert client.Contexta is Contexta is contexta.Contexta
    assert hasattr(models, "UnifiedConfig")
    assert errors.InterpretationError is InterpretationError


def test_defaults_that_are_constants():
    """Properties that scripts read beside the fields."""
    trend = root.MetricTrend("m", "p", [root.TrendPoint("r", "r", 1.0)], [])
    rates = root.RunStatusDistribution("p", 4, [root.StatusCount("completed", 3)])

    assert trend.values == (1.0,)
    assert rates.pass_rate == 0.75
    assert root.RunStatusDistribution("p", 0, ()).pass_rate == 0.0
