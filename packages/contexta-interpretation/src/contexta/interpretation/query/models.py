"""Results of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contexta.interpretation._base import FrozenDict, Result
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    BatchRecord,
    DeploymentRecord,
    EnvironmentRecord,
    MetricSeries,
    MetricSummaryRecord,
    ObservationRecord,
    ProvenanceView,
    RelationRecord,
    RunRecord,
    SampleRecord,
    StageRecord,
)


@dataclass(frozen=True, slots=True)
class EvidenceLink(Result):
    """Where a statement comes from: ``kind`` of thing, its ``ref``, and a ``label`` to show."""

    kind: str
    ref: str
    label: str


@dataclass(frozen=True, slots=True)
class RunPage(Result):
    """Some runs of a list, and the cursor of the page behind them; ``None`` on the last page.

    A page may hold fewer runs than asked for although more follow: damaged rows are left out.
    """

    runs: tuple[RunRecord, ...] = ()
    next_cursor: str | None = None

    _sequences = ("runs",)


@dataclass(frozen=True, slots=True)
class RunSnapshot(Result):
    """Everything known of one run at one moment.

    ``records`` is a sequence in append order that builds its items on first use.
    """

    run: RunRecord
    deployments: tuple[DeploymentRecord, ...] = ()
    stages: tuple[StageRecord, ...] = ()
    batches: tuple[BatchRecord, ...] = ()
    samples: tuple[SampleRecord, ...] = ()
    artifacts: tuple[ArtifactRecord, ...] = ()
    relations: tuple[RelationRecord, ...] = ()
    records: Sequence[ObservationRecord] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()
    completeness_notes: tuple[str, ...] = ()
    provenance: ProvenanceView | None = None
    metrics: tuple[MetricSummaryRecord, ...] = ()
    series: tuple[MetricSeries, ...] = ()
    environment: EnvironmentRecord | None = None
    record_counts: Mapping[str, int] = field(default_factory=FrozenDict)
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = (
        "deployments",
        "stages",
        "batches",
        "samples",
        "artifacts",
        "relations",
        "records",
        "evidence_links",
        "completeness_notes",
        "metrics",
        "series",
    )
    _mappings = ("record_counts",)

    def __repr__(self) -> str:
        """Name the run and count the rest, which may be millions of records."""
        counts = ", ".join(
            f"{name}={len(getattr(self, name))}"
            for name in ("stages", "artifacts", "metrics", "records")
        )
        return f"RunSnapshot({self.run.run_id!r}, status={self.run.status!r}, {counts})"
