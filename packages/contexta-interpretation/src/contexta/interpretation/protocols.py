"""What the services ask of a repository.

The four readers together are a :class:`CompositeRepository`; that is all a service needs.
The capabilities below them are optional: a repository that has one answers from an index, for
one that has not, the services compute the same from the basic methods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from contexta.interpretation.completeness.models import Completeness
    from contexta.interpretation.query.filters import RunListQuery
    from contexta.interpretation.repositories.records import (
        ArtifactRecord,
        BatchRecord,
        DeploymentRecord,
        EnvironmentRecord,
        MetricPoint,
        MetricSeries,
        MetricSummaryRecord,
        ObservationRecord,
        PointStatistics,
        ProvenanceView,
        RelationRecord,
        RunRecord,
        SampleRecord,
        StageRecord,
    )


@runtime_checkable
class RunStoreReader(Protocol):
    """Reads projects, runs and what they are made of."""

    def list_projects(self) -> Sequence[str]:
        """Return the project names, sorted."""
        ...

    def list_runs(self, project_name: str | None = None) -> Sequence[RunRecord]:
        """Return runs oldest first; over all projects, project by project."""
        ...

    def get_run(self, run_id: str) -> RunRecord | None:
        """Return the run, or ``None`` when nothing has that name."""
        ...

    def list_deployments(
        self, project_name: str | None = None, run_id: str | None = None
    ) -> Sequence[DeploymentRecord]:
        """Return deployments by order and start."""
        ...

    def list_stages(self, run_id: str) -> Sequence[StageRecord]:
        """Return the stages of a run by order and start."""
        ...

    def list_batches(self, run_id: str, stage_id: str | None = None) -> Sequence[BatchRecord]:
        """Return the batches of a run, or of one stage."""
        ...

    def list_samples(
        self, run_id: str, stage_id: str | None = None, batch_id: str | None = None
    ) -> Sequence[SampleRecord]:
        """Return the samples of a run, a stage or a batch."""
        ...


@runtime_checkable
class RecordStoreReader(Protocol):
    """Reads records."""

    def list_records(
        self, *, run_id: str, stage_id: str | None = None, record_type: str | None = None
    ) -> Sequence[ObservationRecord]:
        """Return records in the order in which they were appended."""
        ...


@runtime_checkable
class RelationStoreReader(Protocol):
    """Reads relations and provenance."""

    def list_relations(self, subject_ref: str | None = None) -> Sequence[RelationRecord]:
        """Return relations that touch the subject, sorted by ref."""
        ...

    def get_provenance(self, run_id: str) -> ProvenanceView | None:
        """Return the latest assertion about the run, or ``None``."""
        ...


@runtime_checkable
class ArtifactStoreReader(Protocol):
    """Reads artifact bindings, never their bodies."""

    def get_artifact(self, artifact_ref: str) -> ArtifactRecord | None:
        """Return the artifact, or ``None`` when nothing has that ref."""
        ...

    def list_artifacts(
        self, *, run_id: str | None = None, stage_id: str | None = None
    ) -> Sequence[ArtifactRecord]:
        """Return artifacts sorted by ref."""
        ...


@runtime_checkable
class CompositeRepository(
    RunStoreReader, RecordStoreReader, RelationStoreReader, ArtifactStoreReader, Protocol
):
    """Everything that a service needs."""


ObservabilityRepository = CompositeRepository


@runtime_checkable
class RunFinder(Protocol):
    """Optional: filters, order and limit pushed down."""

    def find_runs(self, query: RunListQuery) -> Sequence[RunRecord]:
        """Return what ``query`` selects, its metric conditions aside, in its order.

        ``query.where`` is heeded by an :class:`ExpressionReader` only; others are asked without.
        """
        ...


@runtime_checkable
class RunIndexReader(Protocol):
    """Optional: which runs there are without reading them, and given runs in one question."""

    def find_run_ids(self, query: RunListQuery, *, ordered: bool = True) -> Sequence[str]:
        """Return the ids of what ``query`` selects, its metric conditions aside.

        Paged, unless metric values decide. Ids of runs that cannot be read may be among them.
        """
        ...

    def get_runs(self, run_ids: Sequence[str]) -> Sequence[RunRecord]:
        """Return those of some runs that are there, in this order; ids are canonical."""
        ...

    def page_runs(
        self, query: RunListQuery, *, after: str | None, limit: int
    ) -> tuple[Sequence[RunRecord], str | None] | None:
        """Return a page and the cursor behind it; ``None`` when it cannot cut such pages.

        Raises:
            ValidationError: the cursor is none of this list.
        """
        ...


@runtime_checkable
class ExpressionReader(Protocol):
    """Optional: a finder of runs that applies expressions itself."""

    def applies_expression(self, query: RunListQuery) -> bool:
        """Whether the answers to ``query`` heed its ``where``, metrics included."""
        ...


@runtime_checkable
class KeyReader(Protocol):
    """Optional: which keys there are, without reading the runs."""

    def known_keys(self, field: str) -> Sequence[str]:
        """Return the keys of ``params``, ``tags`` or ``metrics`` over all runs, sorted."""
        ...


@runtime_checkable
class ValueReader(Protocol):
    """Optional: one value of a metric for each of many runs, in one question."""

    def metric_values(
        self,
        metric_key: str,
        *,
        run_ids: Sequence[str] | None = None,
        stage_name: str | None = None,
        aggregation: str = "latest",
    ) -> dict[str, float]:
        """Return values by run id, of runs that have one; ``run_ids`` are canonical, None: all.

        Which values stand for a run is the rule of ``query.metrics``.
        """
        ...


@runtime_checkable
class RunSuggester(Protocol):
    """Optional: names close to one that fits nothing."""

    def nearest_runs(self, text: str) -> Sequence[str]:
        """Return up to five run refs, the closest first."""
        ...


@runtime_checkable
class MetricReader(Protocol):
    """Optional: metrics from an index and from columns instead of record by record."""

    def metric_summaries(
        self, run_ids: Sequence[str], keys: Sequence[str] | None = None
    ) -> Sequence[MetricSummaryRecord]:
        """Return one row per run, stage and key; ``run_ids`` are canonical."""
        ...

    def metric_points(
        self, run_id: str, metric_key: str, stage_id: str | None
    ) -> Sequence[MetricPoint]:
        """Return the points of one series in arrival order; ``stage_id`` ``None``: the run's."""
        ...


@runtime_checkable
class SeriesReader(Protocol):
    """Optional: the points of a series from an index, without the ids of their records."""

    def series_points(
        self, run_id: str, metric_key: str, stage_id: str | None
    ) -> Sequence[MetricPoint]:
        """Return what ``MetricReader.metric_points`` does, with ``record_id`` None."""
        ...


@runtime_checkable
class CurveReader(Protocol):
    """Optional: all curves of a run in one read, thinned before objects are built."""

    def metric_curves(
        self,
        run_id: str,
        rows: Sequence[MetricSummaryRecord],
        max_points: int,
        records: Sequence[ObservationRecord] | None = None,
    ) -> Sequence[MetricSeries]:
        """Return the curve of each row, in the order of ``rows``.

        ``records`` are all records of the run as ``list_records`` gave them, to save reading
        them again.
        """
        ...


@runtime_checkable
class PointStatisticsReader(Protocol):
    """Optional: statistics over all points of many runs, computed where the points are."""

    def point_statistics(
        self, run_ids: Sequence[str], metric_key: str
    ) -> Sequence[PointStatistics]:
        """Return one row per run and stage that has finite points, sorted by those."""
        ...


@runtime_checkable
class ProblemReader(Protocol):
    """Optional: what is wrong, without reading what is right."""

    def problem_records(self, run_id: str) -> Sequence[ObservationRecord]:
        """Return degraded records, and events of level error or critical."""
        ...

    def record_counts(self, run_id: str) -> dict[str, int]:
        """Return the number of records by record type."""
        ...

    def damage_notes(self, run_id: str) -> Sequence[str]:
        """Return one text per gap that reading is known to leave."""
        ...


@runtime_checkable
class CompletenessReader(Protocol):
    """Optional: what is missing, from counts that are kept instead of from records."""

    def completeness_counts(
        self, run_ids: Sequence[str], metric_keys: Sequence[str] | None = None
    ) -> Completeness:
        """Return the counts of all these runs together, missing bodies aside.

        ``run_ids`` are canonical, each once.
        """
        ...

    def missing_bodies(self, run_ids: Sequence[str]) -> int:
        """Return how many artifacts of the runs have no body."""
        ...


@runtime_checkable
class EnvironmentReader(Protocol):
    """Optional: environment snapshots."""

    def get_environment(self, run_id: str) -> EnvironmentRecord | None:
        """Return the latest environment of the run, or ``None``."""
        ...


@runtime_checkable
class RunRelationReader(Protocol):
    """Optional: all relations around a run in one question."""

    def list_run_relations(
        self, run_id: str, parts: Sequence[str] | None = None
    ) -> Sequence[RelationRecord]:
        """Return relations touching the run, its stages, batches, deployments or artifacts.

        ``parts`` are the refs of all these, to save listing them.
        """
        ...

    def provenance_among(
        self, run_id: str, relations: Sequence[RelationRecord]
    ) -> ProvenanceView | None:
        """Return ``get_provenance`` of a run whose relations are known."""
        ...


@runtime_checkable
class RelationProvenanceReader(Protocol):
    """Optional: who asserted a relation."""

    def get_relation_provenance(self, relation: RelationRecord) -> ProvenanceView | None:
        """Return the assertion made last about the relation, or ``None``."""
        ...


@runtime_checkable
class LineageReader(Protocol):
    """Optional: what lies around many things, in as few questions as around one."""

    def relations_around(self, refs: Sequence[str]) -> Mapping[str, Sequence[RelationRecord]]:
        """Return ``list_relations`` of each of some refs that has any."""
        ...

    def relation_provenances(
        self, relations: Iterable[RelationRecord]
    ) -> Mapping[str, ProvenanceView]:
        """Return ``get_relation_provenance`` of those relations that have one, by their refs."""
        ...

    def artifacts_by_run(self, run_ids: Sequence[str]) -> Mapping[str, Sequence[ArtifactRecord]]:
        """Return ``list_artifacts`` of those runs that have any, by their refs."""
        ...


__all__ = [
    "ArtifactStoreReader",
    "CompletenessReader",
    "CompositeRepository",
    "CurveReader",
    "EnvironmentReader",
    "ExpressionReader",
    "KeyReader",
    "LineageReader",
    "MetricReader",
    "ObservabilityRepository",
    "PointStatisticsReader",
    "ProblemReader",
    "RecordStoreReader",
    "RelationProvenanceReader",
    "RelationStoreReader",
    "RunFinder",
    "RunIndexReader",
    "RunRelationReader",
    "RunStoreReader",
    "RunSuggester",
    "SeriesReader",
    "ValueReader",
]
