"""The repository over the three planes of a workspace.

The only module that knows the stores. Filters, order and limits go to the metadata database,
metric values come from the record plane's index, points from its columns; no question reads
more runs or records than it is about. Nothing is cached, so that an answer is what the stores
hold at the time of the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contexta.interpretation.repositories import _artifacts, _metrics
from contexta.interpretation.repositories._columns import ColumnRecords
from contexta.interpretation.repositories._completeness import CompletenessAnswers, run_of
from contexta.interpretation.repositories._lineage_answers import LineageAnswers
from contexta.interpretation.repositories._metric_answers import MetricAnswers, derive_record_ref
from contexta.interpretation.repositories._project import (
    batch_record,
    deployment_record,
    environment_record,
    provenance_view,
    relation_record,
    sample_record,
    stage_record,
)
from contexta.interpretation.repositories._resolve import (
    RunResolver,
    canonical,
    checked_text,
    pick_part,
)
from contexta.interpretation.repositories._runs import RunTable
from contexta.interpretation.repositories._where import Conditions
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    BatchRecord,
    DeploymentRecord,
    EnvironmentRecord,
    ObservationRecord,
    ProvenanceView,
    RelationRecord,
    RunRecord,
    SampleRecord,
    StageRecord,
)

if TYPE_CHECKING:
    from contexta.interpretation.query.filters import RunListQuery
    from contexta.store.artifacts import ArtifactStore
    from contexta.store.metadata import MetadataStore
    from contexta.store.records import RecordStore

_RECORD_TYPES = ("event", "metric", "span", "degraded")


class CompositeStoreRepository(MetricAnswers, CompletenessAnswers, LineageAnswers):
    """Reads metadata, records and artifacts of one workspace; closes none of the stores."""

    def __init__(
        self,
        metadata_store: MetadataStore,
        record_store: RecordStore,
        artifact_store: ArtifactStore,
    ) -> None:
        """Read through open stores, which stay the caller's to close."""
        self.metadata_store = metadata_store
        self.record_store = record_store
        self.artifact_store = artifact_store
        conditions = Conditions(metadata_store, record_store)
        self._runs = RunTable(metadata_store, record_store.writer_alive, conditions)
        self._resolver = RunResolver(metadata_store)

    # Projects and runs

    def list_projects(self) -> tuple[str, ...]:
        """Return the project names, sorted."""
        return tuple(sorted({p.name for p in self.metadata_store.projects.list_projects()}))

    def list_runs(self, project_name: str | None = None) -> tuple[RunRecord, ...]:
        """Return runs oldest first; over all projects, project by project. Unknown: empty."""
        return self._runs.list_runs(project_name)

    def find_runs(self, query: RunListQuery) -> tuple[RunRecord, ...]:
        """Return what ``query`` selects; paged here unless metric values decide."""
        if query.run_ids is None:
            return self._runs.find_runs(query)
        named = (self._resolver.find(run_id) for run_id in query.run_ids)
        return self._runs.choose(self._runs.records(row for row in named if row), query)

    def applies_expression(self, query: RunListQuery) -> bool:
        """Whether ``query.where`` is answered by SQL; not for runs that are named one by one."""
        return query.run_ids is None

    def known_keys(self, field: str) -> tuple[str, ...]:
        """Return the keys of ``params``, ``tags`` or ``metrics`` over all runs, sorted."""
        if field == "metrics":
            return self.record_store.metric_keys()
        return self.metadata_store.runs.list_keys(field)

    def find_run_ids(self, query: RunListQuery, *, ordered: bool = True) -> tuple[str, ...]:
        """Return the ids of what ``query`` selects; paged here unless metric values decide.

        With ``ordered=False`` in any order, where that is not paged. Ids of runs whose rows are
        damaged are among them; reading such a run tells.
        """
        if query.run_ids is not None:
            return tuple(run.run_id for run in self.find_runs(query))
        return tuple(self._runs.find_ids(query, ordered=ordered))

    def get_runs(self, run_ids: Sequence[str]) -> tuple[RunRecord, ...]:
        """Return those of some runs, by their refs, that are there and readable, in this order."""
        return self._runs.get_runs(run_ids)

    def page_runs(
        self, query: RunListQuery, *, after: str | None, limit: int
    ) -> tuple[tuple[RunRecord, ...], str | None] | None:
        """Return a page and the cursor behind it; ``None`` when SQL cannot cut it.

        Raises:
            ValidationError: the cursor is none of this list (``metadata_invalid_cursor``).
        """
        if query.run_ids is not None:
            return None
        return self._runs.page_runs(query, after=after, limit=limit)

    def get_run(self, run_id: str) -> RunRecord | None:
        """Return a run by ref, ``project.run``, short id or unique name, else ``None``.

        Raises:
            ResolutionError: several runs fit (``query_run_ambiguous``).
            ValidationError: ``run_id`` starts with ``run:`` and is no ref.
        """
        row = self._resolver.find(run_id)
        return None if row is None else self._runs.records([row])[0]

    def nearest_runs(self, text: str) -> list[str]:
        """Return up to five run refs whose id or name is close to ``text``."""
        return self._resolver.nearest(text)

    # What runs are made of

    def list_deployments(
        self, project_name: str | None = None, run_id: str | None = None
    ) -> tuple[DeploymentRecord, ...]:
        """Return deployments by order and start; with both arguments, both must hold."""
        rows = self.metadata_store.deployments
        allowed = None if project_name is None else self._runs.projects(project_name)
        if run_id is not None:
            found = rows.list_deployment_executions(run_ref=self._resolver.require(run_id))
        elif allowed is None:
            found = rows.list_deployment_executions()
        else:
            found = tuple(
                item for ref in allowed for item in rows.list_deployment_executions(project_ref=ref)
            )
        kept = [item for item in found if allowed is None or item.project_ref.text in allowed]
        names = self._runs.project_names(item.project_ref.text for item in kept)
        return tuple(deployment_record(item, names[item.project_ref.text]) for item in kept)

    def list_stages(self, run_id: str) -> tuple[StageRecord, ...]:
        """Return the stages of a run by order and start."""
        ref = self._resolver.require(run_id)
        return tuple(
            stage_record(item) for item in self.metadata_store.stages.list_stage_executions(ref)
        )

    def list_batches(self, run_id: str, stage_id: str | None = None) -> tuple[BatchRecord, ...]:
        """Return the batches of a run, or of one of its stages by ref or name."""
        run_ref = self._resolver.require(run_id)
        rows = self.metadata_store.batches
        if stage_id is None:
            found = rows.list_batch_executions(run_ref=run_ref)
        else:
            found = rows.list_batch_executions(stage_ref=self._stage_ref(run_ref, stage_id))
        return tuple(batch_record(item) for item in found)

    def list_samples(
        self, run_id: str, stage_id: str | None = None, batch_id: str | None = None
    ) -> tuple[SampleRecord, ...]:
        """Return the samples of a run, narrowed by stage and batch when given."""
        run_ref = self._resolver.require(run_id)
        stage_ref = None if stage_id is None else self._stage_ref(run_ref, stage_id)
        rows = self.metadata_store.samples
        if batch_id is not None:
            found = rows.list_sample_observations(batch_ref=self._batch_ref(run_ref, batch_id))
        elif stage_ref is not None:
            found = rows.list_sample_observations(stage_ref=stage_ref)
        else:
            found = rows.list_sample_observations(run_ref=run_ref)
        records = (sample_record(item) for item in found)
        return tuple(
            record
            for record in records
            if record.run_id == run_ref and stage_ref in (None, record.stage_id)
        )

    def get_environment(self, run_id: str) -> EnvironmentRecord | None:
        """Return the environment captured last, or ``None``."""
        ref = self._resolver.require(run_id)
        found = self.metadata_store.environments.list_environment_snapshots(ref)
        return environment_record(found[-1]) if found else None

    # Records

    def list_records(
        self, *, run_id: str, stage_id: str | None = None, record_type: str | None = None
    ) -> Sequence[ObservationRecord]:
        """Return records in the order of their sequence; items are built when looked at."""
        run_ref = self._resolver.require(run_id)
        stage_ref = None if stage_id is None else self._stage_ref(run_ref, stage_id)
        types = _RECORD_TYPES if record_type is None else (record_type,)
        tables = {
            name: self.record_store.arrow(name, run_refs=[run_ref], stage_execution_ref=stage_ref)
            for name in types
        }
        return ColumnRecords(tables, derive_record_ref)

    def problem_records(self, run_id: str) -> tuple[ObservationRecord, ...]:
        """Return degraded records, and events of level error or critical, in sequence order."""
        run_ref = self._resolver.require(run_id)
        return tuple(_metrics.problems(self.record_store, run_ref, derive_record_ref))

    def record_counts(self, run_id: str) -> dict[str, int]:
        """Return the number of records by record type."""
        return dict(self.record_store.record_counts(self._resolver.require(run_id)))

    def damage_notes(self, run_id: str) -> tuple[str, ...]:
        """Return what reading is known to leave out, rows of other runs aside."""
        run_ref = self._resolver.require(run_id)
        rows = (
            f"metadata row {row.ref} of {row.table}: {row.reason}"
            for row in self.metadata_store.damage()
            if run_of(row.ref) in (None, run_ref)
        )
        return (
            *_metrics.damage_notes(self.record_store, run_ref),
            *rows,
            *_artifacts.damage_notes(self.artifact_store, run_ref),
        )

    # Relations

    def list_relations(self, subject_ref: str | None = None) -> tuple[RelationRecord, ...]:
        """Return relations that touch the subject; for a run also those of its parts.

        Without a subject: those of all runs.
        """
        if subject_ref is None:
            found = {
                item.relation_ref: item
                for run in self.metadata_store.runs.list_runs()
                for item in self.list_run_relations(run.run_ref.text)
            }
            return tuple(found[ref] for ref in sorted(found))
        if subject_ref.startswith("run:"):
            return self.list_run_relations(subject_ref)
        anchors = [subject_ref]
        if subject_ref.startswith("stage:"):
            anchors += [a.artifact_ref for a in self.list_artifacts(stage_id=subject_ref)]
        return self._relations(anchors)

    def list_run_relations(
        self, run_id: str, parts: Sequence[str] | None = None
    ) -> tuple[RelationRecord, ...]:
        """Return relations touching the run, its stages, batches, deployments or artifacts.

        ``parts`` are the refs of all these, when the caller has them.
        """
        run_ref = self._resolver.require(run_id)
        if parts is None:
            parts = (
                *(stage.stage_id for stage in self.list_stages(run_ref)),
                *(batch.batch_id for batch in self.list_batches(run_ref)),
                *(item.deployment_id for item in self.list_deployments(run_id=run_ref)),
                *(artifact.artifact_ref for artifact in self.list_artifacts(run_id=run_ref)),
            )
        return self._relations([run_ref, *parts])

    def get_provenance(self, run_id: str) -> ProvenanceView | None:
        """Return the assertion made last about a relation of the run's own things.

        A relation is the run's own when its source belongs to the run, or its source belongs to
        no run and its target does: what another run did with this run's model is not told here.
        """
        return self.provenance_among(run_id, self.list_run_relations(run_id))

    def provenance_among(
        self, run_id: str, relations: Sequence[RelationRecord]
    ) -> ProvenanceView | None:
        """Return the provenance of a run whose relations are known."""
        run_ref = self._resolver.require(run_id)
        latest = max(
            (
                record
                for relation in relations
                if run_of(relation.source_ref) == run_ref
                or (run_of(relation.source_ref) is None and run_of(relation.target_ref) == run_ref)
                for record in self.metadata_store.provenance.list_provenance_for_relation(
                    relation.relation_ref
                )
            ),
            key=lambda record: (record.asserted_at, record.provenance_ref.text),
            default=None,
        )
        return None if latest is None else provenance_view(latest, run_ref)

    def get_relation_provenance(self, relation: RelationRecord) -> ProvenanceView | None:
        """Return the assertion made last about a relation, seen from the run of one end."""
        rows = self.metadata_store.provenance.list_provenance_for_relation(relation.relation_ref)
        if not rows:
            return None
        owner = run_of(relation.source_ref) or run_of(relation.target_ref)
        return provenance_view(rows[-1], owner or relation.relation_ref)

    # Artifacts

    def get_artifact(self, artifact_ref: str) -> ArtifactRecord | None:
        """Return an artifact by ref or unique ending of it; ``None`` when nothing fits.

        Raises:
            ResolutionError: several artifacts fit.
        """
        ref = _artifacts.resolve(self.artifact_store, artifact_ref)
        return None if ref is None else _artifacts.find(self.artifact_store, ref)

    def list_artifacts(
        self, *, run_id: str | None = None, stage_id: str | None = None
    ) -> tuple[ArtifactRecord, ...]:
        """Return artifacts sorted by ref, also those whose body is missing."""
        run_ref = None if run_id is None else self._resolver.require(run_id)
        if run_ref is None and stage_id is not None and stage_id.startswith("stage:"):
            run_ref = run_of(stage_id)
        stage_ref = None
        if stage_id is not None:
            stage_ref = stage_id if run_ref is None else self._stage_ref(run_ref, stage_id)
        return _artifacts.of_run(self.artifact_store, run_ref, stage_ref)

    # Helpers

    def _stage_ref(self, run_ref: str, text: str) -> str:
        if checked_text("stage", text).startswith("stage:"):
            return canonical("stage", text.strip())
        stages = ((stage.stage_id, stage.name) for stage in self.list_stages(run_ref))
        return pick_part("stage", text, stages, owner=run_ref)

    def _batch_ref(self, run_ref: str, text: str) -> str:
        if checked_text("batch", text).startswith("batch:"):
            return canonical("batch", text.strip())
        batches = ((batch.batch_id, batch.name) for batch in self.list_batches(run_ref))
        return pick_part("batch", text, batches, owner=run_ref)

    def _relations(self, anchors: Sequence[str]) -> tuple[RelationRecord, ...]:
        edges = self.metadata_store.relations.list_relations_for_refs(anchors)
        return tuple(sorted(map(relation_record, edges), key=lambda item: item.relation_ref))
