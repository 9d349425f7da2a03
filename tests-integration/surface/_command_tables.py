"""The tree of commands as people and scripts of version 1.0 know it: options and JSON keys."""

RUNQ = "--project --status --after --before --sort --desc --limit --offset"
METRICQ = f"--stage {RUNQ}"
REPORT = "--render --output"

#: For each command, the options that it takes beside the global ones.
OPTIONS = {
    "runs": RUNQ,
    "run list": RUNQ,
    "run show": "",
    "run compare": "",
    "run compare-many": "",
    "run diagnose": "--fail-on",
    "lineage": "--direction --depth",
    "search runs": "--project --status --limit",
    "search artifacts": "--kind --limit",
    "compare": "",
    "compare-multi": "",
    "diagnostics": "--fail-on",
    "trend": METRICQ,
    "aggregate": METRICQ,
    "anomaly": "--metric --project --stage",
    "alert": "--metric --operator --threshold --stage --severity",
    "report snapshot": REPORT,
    "report compare": REPORT,
    "export html": "--run --left --right --output",
    "export csv runs": f"{RUNQ} --output",
    "export csv compare": "--output",
    "export csv trend": f"{METRICQ} --output",
    "export csv anomaly": "--metric --project --stage --output",
    "serve http": "--host --port",
    "provenance audit": "",
    "provenance diff": "",
    "artifact register": "--run --stage --artifact-ref --mode",
    "artifact put": "--run --stage --artifact-ref --mode",
    "backup create": "--label --output",
    "restore apply": "--target-workspace --verify-only",
    "recover replay": "--mode --run --stage --record-type",
}

#: What came after 1.0: commands that must be there, whatever their options.
LATER = """
    init, demo, doctor, compact, retain, erase, check, repair, merge, backup list, backup verify,
    backup prune, restore plan, recover dead-letters, artifact verify, artifact export,
    artifact import, artifact list, gate, bisect, query, watch, ui, completion
    """

GLOBAL = "--workspace --profile --config --set --format --quiet --help"

#: Arguments of a call, and the keys of its JSON result at each named place.
KEYS = {
    "runs": {
        "runs": "ended_at metadata name project_name run_id started_at status tags",
    },
    "run show demo.fit": {
        "": """
            artifacts batches completeness_notes deployments evidence_links provenance records
            relations run samples stages
            """,
        "run": "run_id project_name name status started_at ended_at tags metadata",
    },
    "compare demo.fit demo.fit-2": {
        "": """
            artifact_changes completeness_notes evidence_links left_run_id provenance_comparison
            right_run_id stage_comparisons summary
            """,
    },
    "compare-multi demo.fit demo.fit-2 demo.fit-3": {
        "": """
            artifact_kind_counts completeness_notes evidence_links metric_table run_ids run_names
            summary
            """,
        "metric_table": "best_run_id metric_key stage_name values",
    },
    "diagnostics demo.broken": {
        "": "completeness_notes evidence_links issues run_id",
        "issues": "code details evidence_links severity subject_ref summary",
    },
    "lineage artifact:demo.fit-2.model": {
        "": "completeness_notes edges evidence_links root_ref visited_refs",
    },
    "search runs fit": {
        "runs": "ended_at metadata name project_name run_id started_at status tags",
    },
    "search artifacts model": {
        "artifacts": """
            artifact_ref attributes content_type created_at hash_value kind location run_id
            size_bytes stage_id
            """,
    },
    "trend score": {
        "": "completeness_notes metric_key points project_name",
        "points": "captured_at run_id run_name stage_name value",
    },
    "aggregate score": {
        "": """
            completeness_notes count max mean metric_key min p25 p50 p75 p90 p95 p99 project_name
            std
            """,
    },
    "anomaly demo.fit-3": {"": "anomalies"},
    "alert demo.fit --metric loss --operator gt --threshold 0": {
        "results": """
            actual_value completeness_notes evidence_links metric_key operator rule_name run_id
            severity stage_name threshold triggered
            """,
    },
    "provenance audit demo.fit": {
        "": """
            run_id provenance environment_ref python_version platform package_count
            environment_variable_count reproducibility_status completeness_notes evidence_links
            """,
    },
    "provenance diff demo.fit demo.fit-2": {
        "": """
            left_run_id right_run_id left_environment_ref right_environment_ref
            python_version_changed platform_changed added_packages removed_packages
            changed_packages added_variables removed_variables changed_variables
            completeness_notes evidence_links
            """,
    },
    "report snapshot demo.fit --render json": {"": "title sections"},
    "report compare demo.fit demo.fit-2 --render json": {"": "title sections"},
    "recover replay": {
        "": "integrity_state known_gaps mode record_count records warnings",
    },
}
