"""Every method of the services, of the protocols and of the facade's reads, with its parameters."""

import inspect

import pytest
from _signatures import NO_DEFAULT, plain, tokens

import contexta.interpretation as root
from contexta import Contexta
from contexta.interpretation import protocols
from contexta.interpretation.testing import InMemoryRepository

# Parameters by method: positional ones first, those behind `*` by keyword only.
FILTERS = "query? project_name?"
METHODS = {
    "QueryService": {
        "__init__": "repository",
        "list_projects": "",
        "list_runs": "project_name? * query?",
        "get_run_snapshot": "run_id",
        "list_deployments": "project_name? run_id?",
        "list_batches": "run_id stage_id?",
        "list_samples": "run_id stage_id? batch_id?",
        "get_artifact_origin": "artifact_ref",
    },
    "CompareService": {
        "__init__": "query_service * config?",
        "compare_runs": "left_run_id right_run_id",
        "compare_multiple_runs": "run_ids",
        "select_best_run": "run_ids metric_key * stage_name? higher_is_better?",
        "compare_report_documents": "left right",
    },
    "DiagnosticsService": {"__init__": "query_service * config?", "diagnose_run": "run_id"},
    "LineageService": {
        "__init__": "query_service * config?",
        "traverse_lineage": "subject_ref * direction? max_depth?",
    },
    "TrendService": {
        "__init__": "query_service * config?",
        "get_metric_trend": f"metric_key * stage_name? {FILTERS}",
        "get_step_series": "run_id metric_key * stage_id?",
        "get_stage_duration_trend": f"stage_name * {FILTERS}",
        "get_artifact_size_trend": f"artifact_kind * {FILTERS}",
    },
    "AggregationService": {
        "__init__": "query_service * metric_aggregation='latest'",
        "aggregate_metric": f"metric_key * stage_name? {FILTERS}",
        "aggregate_by_stage": f"* {FILTERS}",
        "run_status_distribution": f"* {FILTERS}",
    },
    "AnomalyService": {
        "__init__": """
            query_service * z_score_threshold=2.5 min_baseline_runs=3 metric_aggregation='latest'
            monitored_metrics=()
            """,
        "compute_baseline": f"metric_key * stage_name? {FILTERS}",
        "detect_anomalies": "run_id * baseline stage_name?",
        "detect_anomalies_in_run": "run_id * baseline_query? metric_keys? stage_name?",
    },
    "AlertService": {
        "__init__": "query_service * metric_aggregation='latest'",
        "evaluate_alerts": "run_id rules",
        "evaluate_alerts_fleet": f"rules * {FILTERS}",
    },
    "ProvenanceService": {
        "__init__": "query_service",
        "audit_reproducibility": "run_id",
        "compare_environments": "left_run_id right_run_id",
    },
    "ReportBuilder": {
        "build_snapshot_report": "snapshot diagnostics",
        "build_run_report": "comparison diagnostics",
        "build_project_summary_report": "project_name * runs=() notes=()",
        "build_trend_report": "trend",
        "build_alert_report": "results",
        "build_multi_run_report": "comparison",
    },
    "ReportSection": {"to_dict": ""},
    "ReportDocument": {
        "to_json": "",
        "to_dict": "",
        "to_markdown": "",
        "to_html": "",
        "to_csv": "metric_keys=()",
    },
    "CompositeStoreRepository": {"__init__": "metadata_store record_store artifact_store"},
}
PROTOCOLS = {
    "RunStoreReader": {
        "list_projects": "",
        "list_runs": "project_name?",
        "get_run": "run_id",
        "list_deployments": "project_name? run_id?",
        "list_stages": "run_id",
        "list_batches": "run_id stage_id?",
        "list_samples": "run_id stage_id? batch_id?",
    },
    "RecordStoreReader": {"list_records": "* run_id stage_id? record_type?"},
    "RelationStoreReader": {"list_relations": "subject_ref?", "get_provenance": "run_id"},
    "ArtifactStoreReader": {
        "get_artifact": "artifact_ref",
        "list_artifacts": "* run_id? stage_id?",
    },
}
FACADE = {
    "list_projects": "",
    "list_runs": """
        project_name? * status? tags? metric_conditions=() time_range? limit? offset=0
        sort_by='started_at' sort_desc=True query?
        """,
    "list_deployments": "project_name? run_id?",
    "list_batches": "run_id stage_id?",
    "list_samples": "run_id stage_id? batch_id?",
    "get_run_snapshot": "run_id",
    "get_provenance": "run_id",
    "get_artifact_origin": "artifact_ref",
    "compare_runs": "left_run_id right_run_id",
    "compare_multiple_runs": "run_ids",
    "compare_report_documents": "left right",
    "select_best_run": "run_ids metric_key * stage_name? higher_is_better?",
    "diagnose_run": "run_id",
    "traverse_lineage": "subject_ref * direction? max_depth?",
    "get_metric_trend": "metric_key * project_name? stage_name? query?",
    "get_step_series": "run_id metric_key * stage_id? stage_name?",
    "get_stage_duration_trend": "stage_name * project_name? query?",
    "get_artifact_size_trend": "artifact_kind * project_name? query?",
    "evaluate_alerts": "run_id rules",
    "evaluate_alerts_fleet": "rules * project_name? query?",
    "audit_reproducibility": "run_id",
    "compare_environments": "left_run_id right_run_id",
    "build_snapshot_report": "run_id",
    "build_run_report": "left_run_id right_run_id",
    "build_project_summary_report": "project_name",
    "build_trend_report": "metric_key * project_name? stage_name? query?",
    "build_alert_report": "run_id rules",
    "build_multi_run_report": "run_ids",
}
SERVICES = """
    metadata_store record_store artifact_store repository query_service compare_service
    diagnostics_service lineage_service trend_service alert_service provenance_service
    aggregation_service anomaly_service report_builder
    """


def parameters(function):
    """Parameters as (positional, keyword) names with their defaults, `self` left out."""
    out = {}, {}
    for item in inspect.signature(function).parameters.values():
        if item.name == "self":
            continue
        default = NO_DEFAULT if item.default is item.empty else plain(item.default)
        out[item.kind is item.KEYWORD_ONLY][item.name] = default
    return out


def wanted(text):
    """Parameters as they are listed, in the form of `parameters`."""
    positional, _, keyword = text.partition("*")
    return tokens(positional), tokens(keyword)


def differences(function, text):
    """Listed parameters that a function lacks, or whose order or default differ."""
    found, listed = parameters(function), wanted(text)
    out = []
    if list(listed[0].items()) != list(found[0].items())[: len(listed[0])]:
        out.append((list(listed[0].items()), list(found[0].items())))
    for name, default in listed[1].items():
        both = {**found[0], **found[1]}
        if name not in both or (default is not NO_DEFAULT and both[name] != default):
            out.append((name, default, both.get(name)))
    extra = {**dict(list(found[0].items())[len(listed[0]) :]), **found[1]}
    required = [n for n, d in extra.items() if d is NO_DEFAULT and n not in listed[1]]
    return out + required


@pytest.mark.parametrize("owner", METHODS)
def test_methods_take_what_they_took(owner):
    """Each method exists with these parameters; later ones may be left out."""
    cls = getattr(root, owner)
    found = {name: differences(getattr(cls, name), text) for name, text in METHODS[owner].items()}

    assert found == {name: [] for name in METHODS[owner]}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocols_ask_for_these_methods(name):
    """Each protocol can be checked at run time and asks for exactly these methods."""
    protocol = getattr(protocols, name)
    own = {n for n in vars(protocol) if not n.startswith("_")}
    found = {n: differences(getattr(protocol, n), text) for n, text in PROTOCOLS[name].items()}

    assert own == set(PROTOCOLS[name])
    assert found == {n: [] for n in PROTOCOLS[name]}
    assert isinstance(InMemoryRepository(), protocol)


def test_one_protocol_is_all_four():
    """The composite repository has two names and asks for the four readers."""
    assert protocols.ObservabilityRepository is protocols.CompositeRepository
    assert {getattr(protocols, name) for name in PROTOCOLS} <= set(
        protocols.CompositeRepository.__mro__
    )
    assert isinstance(InMemoryRepository(), protocols.CompositeRepository)


@pytest.mark.parametrize("name", FACADE)
def test_the_facade_reads_with_these_parameters(name):
    """Each read method of the facade exists with these parameters."""
    assert differences(getattr(Contexta, name), FACADE[name]) == []


def test_the_facade_has_its_services_once(tmp_path):
    """Each service is built when it is first asked for, and is the same from then on."""
    with Contexta(workspace=tmp_path / "space") as ctx:
        different = [n for n in SERVICES.split() if getattr(ctx, n) is not getattr(ctx, n)]

    assert different == []
