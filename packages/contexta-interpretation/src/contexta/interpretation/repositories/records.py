"""Projections of stored things, as the services see them. Refs are canonical texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contexta.interpretation._base import FrozenDict, Result

_EMPTY = FrozenDict()


@dataclass(frozen=True, slots=True)
class RunRecord(Result):
    """One run. Times are UTC texts; ``params`` are JSON scalars, ``tags`` texts."""

    run_id: str
    project_name: str
    name: str
    status: str
    started_at: str | None = None
    ended_at: str | None = None
    tags: Mapping[str, str] = field(default=_EMPTY)
    metadata: Mapping[str, Any] = field(default=_EMPTY)
    params: Mapping[str, Any] = field(default=_EMPTY)
    code_revision: str | None = None
    dataset_ref: str | None = None
    description: str | None = None

    _mappings = ("tags", "metadata", "params")


@dataclass(frozen=True, slots=True)
class StageRecord(Result):
    """One stage of a run; ``order`` is its position, 0 when none was given."""

    stage_id: str
    run_id: str
    name: str
    status: str
    order: int = 0
    started_at: str | None = None
    ended_at: str | None = None
    tags: Mapping[str, str] = field(default=_EMPTY)
    metadata: Mapping[str, Any] = field(default=_EMPTY)

    _mappings = ("tags", "metadata")


@dataclass(frozen=True, slots=True)
class DeploymentRecord(Result):
    """One deployment of a project, with the run and artifact that it serves when known."""

    deployment_id: str
    project_name: str
    name: str
    status: str
    run_id: str | None = None
    artifact_ref: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    order: int = 0
    metadata: Mapping[str, Any] = field(default=_EMPTY)

    _mappings = ("metadata",)


@dataclass(frozen=True, slots=True)
class BatchRecord(Result):
    """One batch of a stage."""

    batch_id: str
    run_id: str
    stage_id: str
    name: str
    status: str
    order: int = 0
    started_at: str | None = None
    ended_at: str | None = None
    metadata: Mapping[str, Any] = field(default=_EMPTY)

    _mappings = ("metadata",)


@dataclass(frozen=True, slots=True)
class SampleRecord(Result):
    """One observed sample of a stage, or of one of its batches."""

    sample_id: str
    run_id: str
    stage_id: str
    batch_id: str | None
    name: str
    observed_at: str
    retention_class: str | None = None
    redaction_profile: str | None = None
    metadata: Mapping[str, Any] = field(default=_EMPTY)

    _mappings = ("metadata",)


@dataclass(frozen=True, slots=True)
class ArtifactRecord(Result):
    """One artifact binding; ``size_bytes`` and ``hash_value`` are those of the stored body."""

    artifact_ref: str
    run_id: str
    stage_id: str | None
    kind: str
    created_at: str | None = None
    location: str | None = None
    hash_value: str | None = None
    size_bytes: int | None = None
    attributes: Mapping[str, Any] = field(default=_EMPTY)
    content_type: str | None = None
    body_missing: bool = False

    _mappings = ("attributes",)


@dataclass(frozen=True, slots=True)
class ObservationRecord(Result):
    """One event, metric, span or degraded record. ``value`` of a span is its duration in ms."""

    record_id: str
    run_id: str
    stage_id: str | None
    record_type: str
    key: str
    observed_at: str
    value: float | None = None
    message: str | None = None
    completeness_marker: str = "complete"
    degradation_marker: str = "none"
    payload: Mapping[str, Any] = field(default=_EMPTY)
    tags: Mapping[str, str] = field(default=_EMPTY)
    schema_version: str = "1"
    producer_ref: str | None = None
    correlation_id: str | None = None
    unit: str | None = None

    _mappings = ("payload", "tags")


@dataclass(frozen=True, slots=True)
class RelationRecord(Result):
    """One stored relation: ``source_ref`` ``relation_type`` ``target_ref``."""

    relation_ref: str
    relation_type: str
    source_ref: str
    target_ref: str
    recorded_at: str
    origin_marker: str
    confidence_marker: str


@dataclass(frozen=True, slots=True)
class ProvenanceView(Result):
    """The latest assertion about how a run's relations are known."""

    run_id: str
    provenance_ref: str
    relation_ref: str
    assertion_mode: str
    asserted_at: str
    formation_context_ref: str | None = None
    policy_ref: str | None = None
    evidence_bundle_ref: str | None = None


@dataclass(frozen=True, slots=True)
class EnvironmentRecord(Result):
    """The latest environment snapshot of a run: packages by name, variables by name."""

    environment_ref: str
    run_id: str
    captured_at: str
    python_version: str
    platform: str
    packages: Mapping[str, str] = field(default=_EMPTY)
    environment_variables: Mapping[str, str] = field(default=_EMPTY)
    metadata: Mapping[str, Any] = field(default=_EMPTY)

    _mappings = ("packages", "environment_variables", "metadata")


@dataclass(frozen=True, slots=True)
class MetricSummaryRecord(Result):
    """What is known of one metric of one run and stage without reading its points.

    ``last`` is the value observed latest (ties: the later record). ``minimum``, ``maximum`` and
    ``mean`` are over finite values, ``None`` when there are none. ``stage_id`` ``None`` means
    the metric was logged on the run itself.
    """

    run_id: str
    stage_id: str | None
    metric_key: str
    count: int
    first: float | None
    last: float | None
    minimum: float | None
    maximum: float | None
    mean: float | None
    nonfinite_count: int = 0
    last_step: int | None = None
    first_observed_at: str | None = None
    last_observed_at: str | None = None
    last_record_id: str | None = None
    unit: str | None = None

    @property
    def stage_name(self) -> str | None:
        """The last component of ``stage_id``."""
        return None if self.stage_id is None else self.stage_id.rsplit(".", 1)[-1]


@dataclass(frozen=True, slots=True)
class MetricPoint(Result):
    """One point of a metric, in the order in which the store took them."""

    value: float
    observed_at: str
    step: int | None = None
    epoch: float | None = None
    record_id: str | None = None


@dataclass(frozen=True, slots=True)
class MetricSeries(Result):
    """Points of one metric of one run and stage, in step order, thinned for drawing.

    ``total_points`` counts the stored points; fewer in ``points`` means that extremes and ends
    were kept and the rest dropped.
    """

    metric_key: str
    stage_id: str | None
    points: tuple[MetricPoint, ...]
    total_points: int
    unit: str | None = None

    _sequences = ("points",)


@dataclass(frozen=True, slots=True)
class PointStatistics(Result):
    """The finite points of one metric of one run and stage; percentiles interpolate linearly.

    ``step_at_minimum`` and ``step_at_maximum`` are the first steps with that value, ``None``
    when the points have no steps.
    """

    run_id: str
    stage_id: str | None
    metric_key: str
    count: int
    minimum: float
    maximum: float
    mean: float
    p5: float
    p50: float
    p95: float
    step_at_minimum: int | None = None
    step_at_maximum: int | None = None
