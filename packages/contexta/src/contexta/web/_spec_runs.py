"""Routes about runs and what they are made of."""

from __future__ import annotations

from contexta.web._spec import Query, Spec

PROJECT = Query("project", "Only this project.")
STAGE = Query("stage", "Values of this stage.")
METRIC = Query("metric", "Key of the metric.", required=True)
LIMIT = Query("limit", "At most this many.", "integer")
CASE = Query("case_sensitive", "Whether case matters; without it, the setting says.", "boolean")
CURSOR = Query("cursor", "`next_cursor` of the page before.")
RUNQ = (
    Query("status", "Only runs with this status."),
    Query("after", "Started at or after; or `next_cursor` of the page before."),
    Query("before", "Started at or before; a date stands for its whole day."),
    LIMIT,
    Query("offset", "Skip this many.", "integer"),
    Query("sort", "started_at, ended_at, name, status, duration, param:<key> or metric:<key>."),
    Query(
        "desc",
        "1, true or yes: newest or largest first, as lists do; trends run from old to new.",
        "boolean",
    ),
    Query("where", "Run expression, such as params.lr < 0.01 and metrics.loss.min < 2."),
)
_RUN = ("run_id", "project_name", "name", "status", "started_at", "ended_at")
_PAGE = ("total", "next_cursor")

RUNS: tuple[Spec, ...] = (
    Spec(
        "/health",
        "_service:health",
        "Whether the workspace can be read.",
        (),
        ("status", "projects"),
    ),
    Spec(
        "/version",
        "_service:version",
        "Versions of the server and the workspace.",
        (),
        ("contexta", "workspace_format"),
    ),
    Spec(
        "/openapi.json",
        "_service:openapi",
        "This description.",
        (),
        ("openapi", "info", "paths", "components"),
    ),
    Spec("/projects", "_runs:projects", "Names of the projects, sorted.", (), ("projects",)),
    Spec(
        "/projects/{name}",
        "_runs:project",
        "A project: its runs by status.",
        (),
        ("project_name", "total", "pass_rate", "by_status", "newest_runs"),
    ),
    Spec(
        "/runs",
        "_runs:runs",
        "Runs, newest first, in pages.",
        (PROJECT, *RUNQ, CURSOR),
        ("runs", *_PAGE),
    ),
    Spec(
        "/runs/{run_id}",
        "_runs:run",
        "A run and its stages.",
        (),
        (*_RUN, "stages", "artifact_count", "record_count", "completeness_notes", "provenance"),
    ),
    Spec(
        "/runs/{run_id}/snapshot",
        "_runs:snapshot",
        "Everything known of a run; `limit` bounds the records.",
        (LIMIT,),
        ("run", "stages", "metrics", "artifacts", "records", "record_counts", "completeness"),
    ),
    Spec(
        "/runs/{run_id}/metrics",
        "_parts:metrics",
        "Each metric: count, last, min, max, mean.",
        (STAGE,),
        ("run_id", "metrics"),
    ),
    Spec(
        "/runs/{run_id}/series",
        "_series:series",
        "The points of one metric by step; gaps are null and listed.",
        (
            METRIC,
            STAGE,
            Query("points", "Thin to about this many, keeping ends and extremes.", "integer"),
        ),
        ("run_id", "metric_key", "steps", "values", "marks", "total_points", "thinned"),
    ),
    Spec(
        "/runs/{run_id}/events",
        "_parts:events",
        "Events in the order they came, in pages.",
        (
            STAGE,
            Query("level", "Only this level."),
            LIMIT,
            Query("offset", "Skip this many.", "integer"),
        ),
        ("run_id", "events", "total"),
    ),
    Spec(
        "/runs/{run_id}/spans",
        "_parts:spans",
        "Spans in the order they came, in pages.",
        (STAGE, LIMIT, Query("offset", "Skip this many.", "integer")),
        ("run_id", "spans", "total"),
    ),
    Spec(
        "/runs/{run_id}/artifacts",
        "_artifacts:of_run",
        "The artifacts of a run.",
        (STAGE, Query("kind", "Only this kind.")),
        ("run_id", "artifacts"),
    ),
    Spec(
        "/runs/{run_id}/batches",
        "_parts:batches",
        "The batches of a run.",
        (STAGE,),
        ("run_id", "batches"),
    ),
    Spec(
        "/runs/{run_id}/samples",
        "_parts:samples",
        "The samples of a run, in pages.",
        (
            STAGE,
            Query("batch", "Only of this batch."),
            LIMIT,
            Query("offset", "Skip this many.", "integer"),
        ),
        ("run_id", "samples", "total"),
    ),
    Spec(
        "/runs/{run_id}/deployments",
        "_parts:deployments",
        "The deployments of a run.",
        (),
        ("run_id", "deployments"),
    ),
    Spec(
        "/runs/{run_id}/diagnostics",
        "_judgements:diagnostics",
        "What looks wrong with a run.",
        (),
        ("run_id", "issues", "completeness_notes", "evidence_links"),
    ),
    Spec(
        "/runs/{run_id}/lineage",
        "_judgements:lineage",
        "What a run came from, and what of it; a note says where it leads too far to be followed.",
        (
            Query("direction", "upstream, downstream, inbound, outbound or both."),
            Query("depth", "How far to follow; 3 without.", "integer"),
        ),
        ("root_ref", "edges", "visited_refs", "completeness_notes", "evidence_links"),
    ),
    Spec(
        "/runs/{run_id}/report",
        "_judgements:report",
        "The report of a run.",
        (),
        ("title", "sections"),
    ),
    Spec(
        "/runs/{run_id}/anomalies",
        "_judgements:anomalies",
        "Values of a run that earlier runs make unlikely.",
        (
            Query("metric", "Only this metric."),
            Query("project", "Compare with the runs of this project instead."),
            STAGE,
            Query("normal", "0: leave out usual values, those of severity info.", "boolean"),
        ),
        ("anomalies",),
    ),
    Spec(
        "/runs/{run_id}/reproducibility",
        "_judgements:reproducibility",
        "What is known about how to run it again.",
        (),
        (
            "run_id",
            "code_revision",
            "config_hash",
            "environment_ref",
            "dataset_version_refs",
            "missing_fields",
            "reproducibility_score",
            "is_fully_reproducible",
            "completeness_notes",
        ),
    ),
    Spec(
        "/runs/{run_id}/environment-diff/{other}",
        "_judgements:environment_diff",
        "How the environments of two runs differ.",
        (),
        (
            "left_run_id",
            "right_run_id",
            "changed_fields",
            "missing_fields",
            "has_differences",
            "left_environment_ref",
            "right_environment_ref",
            "left_code_revision",
            "right_code_revision",
            "left_config_hash",
            "right_config_hash",
            "completeness_notes",
            "package_changes",
            "environment_variable_changes",
        ),
    ),
    Spec(
        "/artifacts/{artifact_ref}",
        "_artifacts:one",
        "An artifact.",
        (),
        ("artifact_ref", "run_id", "kind", "location", "hash_value", "size_bytes", "members"),
    ),
    Spec(
        "/artifacts/{artifact_ref}/download",
        "_artifacts:download",
        "The body of an artifact, verified; always an attachment.",
        (Query("member", "A file of a folder artifact."),),
        (),
        "application/octet-stream",
    ),
    Spec(
        "/deployments",
        "_parts:all_deployments",
        "Deployments.",
        (
            PROJECT,
            Query("run", "Only of this run."),
            LIMIT,
            Query("offset", "Skip this many.", "integer"),
        ),
        ("deployments", "total"),
    ),
    Spec(
        "/search/runs",
        "_runs:search_runs",
        "Runs whose id, name or project contains a text, newest first.",
        (
            Query("q", "The text.", required=True),
            CASE,
            PROJECT,
            Query("status", "Only runs with this status."),
            LIMIT,
        ),
        ("runs",),
    ),
    Spec(
        "/search/artifacts",
        "_artifacts:search",
        "Artifacts whose ref, kind or location contains a text.",
        (
            Query("q", "The text.", required=True),
            CASE,
            Query("kind", "Only this kind."),
            LIMIT,
            Query("offset", "Skip this many.", "integer"),
        ),
        ("artifacts", "total"),
    ),
)
