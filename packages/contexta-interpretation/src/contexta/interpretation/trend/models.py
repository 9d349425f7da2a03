"""Results of trends."""

from __future__ import annotations

from dataclasses import dataclass, field

from contexta.interpretation._base import Result
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.query.models import EvidenceLink


@dataclass(frozen=True, slots=True)
class TrendPoint(Result):
    """One run's value; ``captured_at`` is when its latest value was observed."""

    run_id: str
    run_name: str
    value: float
    captured_at: str | None = None
    stage_name: str | None = None
    evidence_links: tuple[EvidenceLink, ...] = ()

    _sequences = ("evidence_links",)


@dataclass(frozen=True, slots=True)
class MetricTrend(Result):
    """One value per run, in the order of the runs."""

    metric_key: str
    project_name: str | None
    points: tuple[TrendPoint, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("points", "completeness_notes")

    @property
    def values(self) -> tuple[float, ...]:
        """The values of the points."""
        return tuple(point.value for point in self.points)


@dataclass(frozen=True, slots=True)
class StepPoint(Result):
    """One point of a curve. ``epoch`` is ``None`` when none was logged."""

    step: int
    value: float
    observed_at: str
    epoch: float | None = None


@dataclass(frozen=True, slots=True)
class StepSeries(Result):
    """The curve of one metric of one run and stage, in step order.

    ``total_points`` is the number of stored points; when it is larger than ``len(points)``, the
    series was thinned and keeps its ends and extremes.
    """

    run_id: str
    metric_key: str
    stage_id: str | None
    points: tuple[StepPoint, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    unit: str | None = None
    total_points: int = 0
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("points", "completeness_notes")


@dataclass(frozen=True, slots=True)
class StageDurationPoint(Result):
    """How long the stage of one run took, in seconds."""

    run_id: str
    run_name: str
    stage_name: str
    duration_seconds: float
    started_at: str | None = None


@dataclass(frozen=True, slots=True)
class DurationTrend(Result):
    """One stage duration per run."""

    stage_name: str
    project_name: str | None
    points: tuple[StageDurationPoint, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("points", "completeness_notes")


@dataclass(frozen=True, slots=True)
class ArtifactSizePoint(Result):
    """The size of one artifact, in bytes."""

    run_id: str
    run_name: str
    artifact_kind: str
    size_bytes: int
    artifact_ref: str
    created_at: str | None = None


@dataclass(frozen=True, slots=True)
class ArtifactSizeTrend(Result):
    """One point per artifact of a kind."""

    artifact_kind: str
    project_name: str | None
    points: tuple[ArtifactSizePoint, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("points", "completeness_notes")
