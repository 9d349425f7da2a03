"""Routes and pages of the local server as clients of version 1.0 know them."""

RUN = "run_id project_name name status started_at ended_at tags metadata"

#: Path with its query, and the keys at each named place of the answer.
ROUTES = {
    "/projects": {"": "projects"},
    "/runs": {"runs": RUN},
    "/runs?project=demo&status=completed&limit=2&offset=1&sort=name&desc=1": {"runs": RUN},
    "/runs/demo.fit": {
        "": f"{RUN} stages artifact_count record_count completeness_notes provenance".replace(
            "tags metadata", ""
        ),
        "stages": "stage_id run_id name status order started_at ended_at tags metadata",
    },
    "/runs/run%3Ademo.fit": {"": "run_id"},
    "/runs/demo.broken/diagnostics": {
        "": "run_id issues completeness_notes evidence_links",
        "issues": "severity code summary details subject_ref evidence_links",
    },
    "/runs/demo.fit/lineage?direction=both&depth=3": {
        "": "root_ref edges visited_refs completeness_notes evidence_links",
    },
    "/runs/demo.fit/report": {"": "title sections", "sections": "title body evidence_links"},
    "/runs/demo.fit/anomalies": {"": "anomalies"},
    "/runs/demo.fit/reproducibility": {
        "": """
            run_id code_revision config_hash environment_ref dataset_version_refs missing_fields
            reproducibility_score is_fully_reproducible completeness_notes
            """,
    },
    "/runs/demo.fit/environment-diff/demo.fit-2": {
        "": """
            left_run_id right_run_id changed_fields missing_fields has_differences
            left_environment_ref right_environment_ref left_code_revision right_code_revision
            left_config_hash right_config_hash completeness_notes package_changes
            environment_variable_changes
            """,
        "package_changes": "added removed changed",
        "environment_variable_changes": "added removed changed",
    },
    "/compare?left=demo.fit&right=demo.fit-2": {
        "": """
            left_run_id right_run_id summary stage_comparisons artifact_changes
            provenance_comparison completeness_notes evidence_links
            """,
        "stage_comparisons": """
            stage_name left_stage_id right_stage_id left_status right_status metric_deltas
            completeness_notes evidence_links
            """,
    },
    "/compare/multi?run_ids=demo.fit,demo.fit-2,demo.fit-3": {
        "": """
            run_ids run_names metric_table artifact_kind_counts completeness_notes evidence_links
            summary
            """,
        "metric_table": "metric_key stage_name values best_run_id",
        "artifact_kind_counts": "artifact_kind counts",
    },
    "/metrics/trend?metric=score": {
        "": "metric_key project_name points completeness_notes",
        "points": "run_id run_name value captured_at stage_name",
    },
    "/metrics/aggregate?metric=score": {
        "": """
            metric_key project_name count mean std min p25 p50 p75 p90 p95 p99 max
            completeness_notes
            """,
    },
    "/alerts/evaluate/demo.fit?metric=loss&operator=gt&threshold=0": {
        "results": """
            rule_name metric_key run_id actual_value threshold operator triggered severity
            stage_name evidence_links completeness_notes
            """,
    },
    "/search/runs?q=fit": {"runs": RUN},
    "/search/artifacts?q=model": {
        "artifacts": """
            artifact_ref run_id stage_id kind created_at location hash_value size_bytes attributes
            content_type
            """,
    },
}

#: What is refused, with its status and code; None for any code.
REFUSED = {
    "/no-such-thing": (404, "http_not_found"),
    "/favicon.ico.txt": (404, "http_not_found"),
    "/compare?left=demo.fit": (400, "http_bad_request"),
    "/compare/multi?run_ids=demo.fit": (400, "http_bad_request"),
    "/metrics/trend": (400, "http_bad_request"),
    "/metrics/aggregate": (400, "http_bad_request"),
    "/alerts/evaluate/demo.fit": (400, "http_bad_request"),
    "/alerts/evaluate/demo.fit?metric=loss&operator=gt&threshold=high": (400, "http_bad_request"),
    "/search/runs": (400, "http_bad_request"),
    "/search/artifacts": (400, "http_bad_request"),
    "/runs/demo.fit/lineage?direction=sideways": (400, "http_bad_request"),
    "/runs/demo.fit/nonsense": (400, "http_bad_request"),
    "/runs?limit=0": (400, None),
    "/runs?sort=color": (400, None),
    "/runs?after=2027-01-01T00:00:00Z&before=2026-01-01T00:00:00Z": (400, None),
    "/runs/demo.fit/lineage?depth=-1": (400, None),
    "/alerts/evaluate/demo.fit?metric=loss&operator=near&threshold=1": (400, None),
    "/runs/demo.nobody": (404, "query_run_not_found"),
    "/runs/demo.nobody/diagnostics": (404, "query_run_not_found"),
    "/compare?left=demo.fit&right=demo.nobody": (404, "query_run_not_found"),
}

#: Pages: path, title, and the ids of its sections in their order (others may stand between).
PAGES = {
    "/ui": ("Runs", "run-list-filters run-list-summary runs-table"),
    "/ui/runs": ("Runs", "run-list-filters run-list-summary runs-table"),
    "/ui/runs?project=demo&status=completed&limit=1": (
        "Runs",
        "run-list-filters run-list-summary runs-table",
    ),
    "/ui/runs/demo.fit": (
        "Run: fit",
        """
        run-summary run-actions stage-table artifact-table record-preview provenance-summary
        completeness-notes
        """,
    ),
    "/ui/runs/demo.broken/diagnostics": (
        "Diagnostics: ",
        "diagnostics-summary diagnostics-issues diagnostics-notes",
    ),
    "/ui/runs/demo.fit/anomalies": ("Anomalies: ", "anomalies-table"),
    "/ui/compare?left=demo.fit&right=demo.fit-2": (
        "Compare: demo.fit vs demo.fit-2",
        """
        comparison-run-header comparison-summary comparison-stage-table comparison-artifact-table
        comparison-provenance comparison-notes
        """,
    ),
    "/ui/compare/multi?run_ids=demo.fit,demo.fit-2": (
        "Compare Multi",
        "comparison-summary comparison-stage-table",
    ),
    "/ui/metrics/trend?metric=score": (
        "Trend: score",
        "trend-summary trend-chart trend-run-table trend-notes",
    ),
    "/ui/metrics/aggregate?metric=score": ("Aggregate: score", "trend-summary trend-notes"),
}

#: Pages that lack what they need, or do not exist.
REFUSED_PAGES = {
    "/ui/compare": 400,
    "/ui/compare/multi": 400,
    "/ui/metrics/trend": 400,
    "/ui/metrics/aggregate": 400,
    "/ui/no-such-page": 400,
    "/ui/runs/demo.nobody": 404,
}
