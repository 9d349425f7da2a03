"""The views that a query may read: their columns, and where those come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class ViewColumn:
    """One column: its SQL type, what it means, and how it is computed.

    ``expression`` reads the source's columns, which are named in ``sources``.
    """

    name: str
    type: str
    meaning: str
    expression: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """A view over one source; ``source`` is what :mod:`_sources` calls it."""

    name: str
    source: str
    meaning: str
    columns: tuple[ViewColumn, ...]

    @cached_property
    def by_name(self) -> dict[str, ViewColumn]:
        """The columns by name."""
        return {column.name: column for column in self.columns}


_TYPES = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP",
    "map": "MAP(VARCHAR, VARCHAR)",
}
_PROJECT = "project_name text Project = split_part(substr({run_ref}, 5), '.', 1)"
_STAGE = "stage_name text Last part of the stage's id = split_part({stage_execution_ref}, '.', -1)"
_SPAN = "duration_seconds float Seconds it took = epoch({ended_at} - {started_at})"


def _view(name: str, source: str, meaning: str, *lines: str) -> View:
    return View(name, source, meaning, tuple(_column(line) for line in lines))


def _column(line: str) -> ViewColumn:
    """Read ``name kind meaning = expression``; without one the source has that column."""
    head, _, expression = line.partition(" = ")
    name, kind, meaning = head.split(" ", 2)
    expression = expression or f"{{{name}}}"
    sources = tuple(dict.fromkeys(re.findall(r"\{([a-z_]+)\}", expression)))
    plain = expression.replace("{", '"').replace("}", '"')
    return ViewColumn(name, _TYPES[kind], meaning, plain, sources)


def _payload(key: str, kind: str) -> str:
    return f"CAST(json_extract_string({{payload_json}}, '$.{key}') AS {_TYPES[kind]})"


_ENDED = f"ended_at time When it ended = {_payload('ended_at', 'time')}"
_STARTED = "started_at time When it began = CAST({started_at} AS TIMESTAMP)"
_TOOK = (
    "duration_seconds float Seconds it took = "
    f"epoch({_payload('ended_at', 'time')} - CAST({{started_at}} AS TIMESTAMP))"
)
_ENVELOPE = (
    "batch_id text Batch that it belongs to = {batch_execution_ref}",
    "sample_id text Sample that it belongs to = {sample_observation_ref}",
    "deployment_id text Deployment that it belongs to = {deployment_execution_ref}",
    "completeness_marker text Whether all of it was captured",
    "degradation_marker text What is known to be wrong with it",
    "sequence int Order in which the store took it",
)
_HEAD = (
    "run_id text Run that it belongs to = {run_ref}",
    _PROJECT,
    "stage_id text Stage that it belongs to = {stage_execution_ref}",
    _STAGE,
)

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        _view(
            "runs",
            "runs",
            "One row per run.",
            "run_id text Id of the run",
            "name text Name; names repeat",
            "project_name text Project",
            "status text open, completed, failed, interrupted or cancelled",
            "started_at time When it began",
            "ended_at time When it ended; null while it is open",
            _SPAN,
            "code_revision text Revision of the code",
            "dataset_ref text Data that it ran on",
            "description text Text for people",
            "metadata text Anything else, as JSON",
        ),
        _view(
            "params",
            "params",
            "One row per run and param.",
            "run_id text Id of the run",
            "key text Name of the param",
            "value text Its value as text; other than text as JSON",
            "number float Its value where it is a number",
        ),
        _view(
            "tags",
            "tags",
            "One row per run and tag.",
            "run_id text Id of the run",
            "key text Name of the tag",
            "value text Its value",
        ),
        _view(
            "projects",
            "projects",
            "One row per project.",
            "project_name text Name",
            "runs int How many runs it has",
            "first_started_at time Start of its first run",
            "last_started_at time Start of its newest run",
        ),
        _view(
            "stages",
            "stage_executions",
            "One row per stage of a run.",
            "stage_id text Id of the stage = {ref}",
            "run_id text Run that it belongs to = {run_ref}",
            "name text Name = {stage_name}",
            "position int Place among the stages = CAST({order_index} AS BIGINT)",
            "status text How it ended",
            _STARTED,
            _ENDED,
            _TOOK,
            "payload text The whole stage, as JSON = {payload_json}",
        ),
        _view(
            "batches",
            "batch_executions",
            "One row per batch of a stage.",
            "batch_id text Id of the batch = {ref}",
            "run_id text Run that it belongs to = {run_ref}",
            "stage_id text Stage that it belongs to = {stage_ref}",
            "name text Name = {batch_name}",
            "position int Place among the batches = CAST({order_index} AS BIGINT)",
            "status text How it ended",
            _STARTED,
            _ENDED,
            _TOOK,
            "payload text The whole batch, as JSON = {payload_json}",
        ),
        _view(
            "samples",
            "sample_observations",
            "One row per observed sample.",
            "sample_id text Id of the sample = {ref}",
            "run_id text Run that it belongs to = {run_ref}",
            "stage_id text Stage that it belongs to = {stage_ref}",
            "batch_id text Batch that it belongs to = {batch_ref}",
            "name text Name = {sample_name}",
            "observed_at time When it was observed = CAST({observed_at} AS TIMESTAMP)",
            "retention_class text How long it is kept",
            "payload text The whole sample, as JSON = {payload_json}",
        ),
        _view(
            "deployments",
            "deployment_executions",
            "One row per deployment.",
            "deployment_id text Id of the deployment = {ref}",
            "project_name text Project = split_part({project_ref}, ':', 2)",
            "name text Name = {deployment_name}",
            "run_id text Run that it serves = {run_ref}",
            f"artifact_ref text Artifact that it serves = {_payload('artifact_ref', 'text')}",
            "status text How it ended",
            _STARTED,
            _ENDED,
            _TOOK,
            "payload text The whole deployment, as JSON = {payload_json}",
        ),
        _view(
            "artifacts",
            "artifacts",
            "One row per artifact.",
            "artifact_ref text Id of the artifact",
            "run_id text Run that made it",
            "stage_id text Stage that made it",
            "kind text What it is",
            "created_at time When it was registered",
            "location text Name of its file",
            "content_type text Media type",
            "size_bytes int Bytes of its body",
            "hash_value text SHA-256 of its body",
            "body_missing bool Whether the body is gone",
            "attributes text Free data, as JSON",
        ),
        _view(
            "metrics",
            "metric",
            "One row per point of a metric.",
            *_HEAD,
            "metric_key text Name of the metric",
            "step int Position in the series",
            "epoch float Training epoch",
            "value float Value; NaN and infinities as such",
            "unit text Unit of the value",
            "observed_at time When it was observed",
            "tags map Free texts by name",
            *_ENVELOPE,
        ),
        _view(
            "events",
            "event",
            "One row per event.",
            *_HEAD,
            "event_key text Name of the event",
            "level text Severity",
            "message text Text for people",
            "observed_at time When it happened",
            "subject_ref text What it is about",
            "attributes text Free data, as JSON",
            *_ENVELOPE,
        ),
        _view(
            "spans",
            "span",
            "One row per span of a trace.",
            *_HEAD,
            "span_name text Name of the operation",
            "span_kind text Kind of work",
            "status text How it ended",
            "started_at time When it began",
            "ended_at time When it ended",
            _SPAN,
            "span_id text Id within its trace",
            "trace_id text Id of the trace",
            "parent_span_id text Id of the enclosing span",
            "attributes text Free data, as JSON",
            *_ENVELOPE,
        ),
        _view(
            "degraded",
            "degraded",
            "One row per record that says that something is missing.",
            *_HEAD,
            "issue_key text Name of the issue",
            "category text Where it arose",
            "severity text How bad it is",
            "summary text Text for people",
            "observed_at time When it was noticed",
            "subject_ref text What is affected",
            "attributes text Free data, as JSON",
            *_ENVELOPE,
        ),
    )
}
"""The views by name."""
