"""Answers about what lies around many things at once, for following lineage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from contexta.contract.errors import IntegrityError, ValidationError
from contexta.contract.refs import StableRef
from contexta.interpretation.repositories import _artifacts
from contexta.interpretation.repositories._completeness import run_of
from contexta.interpretation.repositories._project import provenance_view, relation_record
from contexta.interpretation.repositories._resolve import canonical
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    ProvenanceView,
    RelationRecord,
)

if TYPE_CHECKING:
    from contexta.store.artifacts import ArtifactStore
    from contexta.store.metadata import MetadataStore

_TOLD_BY_REF = frozenset({"stage", "batch"})


class LineageAnswers:
    """Asks the ledger a few questions about many refs instead of a few about each."""

    metadata_store: MetadataStore
    artifact_store: ArtifactStore

    def relations_around(self, refs: Sequence[str]) -> dict[str, tuple[RelationRecord, ...]]:
        """Return what ``list_relations`` says of each of some refs.

        What is no ref has no relations, and is left out as all that has none.
        """
        known = {ref for ref in refs if _is_ref(ref)}
        runs = {ref for ref in known if ref.startswith("run:")}
        owners = self._owners(known, runs)
        found: dict[str, dict[str, RelationRecord]] = defaultdict(dict)
        edges = self.metadata_store.relations.list_relations(
            refs=sorted(known - runs | set(owners)), parts_of=sorted(runs)
        )
        for relation in map(relation_record, edges):
            for end in (relation.source_ref, relation.target_ref):
                own = owners.get(end, ())
                run = run_of(end) if end.partition(":")[0] in _TOLD_BY_REF else None
                for ref in (end, run, *own):
                    if ref in known:
                        found[str(ref)][relation.relation_ref] = relation
        return {ref: tuple(own[name] for name in sorted(own)) for ref, own in found.items()}

    def _owners(self, known: set[str], runs: set[str]) -> dict[str, list[str]]:
        """Return whose relations those of an artifact or a deployment are, too, by its ref."""
        owners: dict[str, list[str]] = defaultdict(list)
        for ref in self._artifact_refs(runs):
            owners[ref].append(str(run_of(ref)))
        stages = {ref for ref in known if ref.startswith("stage:")}
        for items in self.artifacts_by_run([str(run_of(ref)) for ref in stages]).values():
            for item in items:
                if item.stage_id in stages:
                    owners[item.artifact_ref].append(str(item.stage_id))
        for ref, run in self._deployments_of(runs).items():
            owners[ref].append(run)
        return owners

    def relation_provenances(
        self, relations: Iterable[RelationRecord]
    ) -> dict[str, ProvenanceView]:
        """Return ``get_relation_provenance`` of many relations, by their refs."""
        by_ref = {relation.relation_ref: relation for relation in relations}
        rows = self.metadata_store.provenance.list_provenance_for_relations(by_ref)
        latest = {row.relation_ref.text: row for row in rows}  # the last of each relation
        found = {}
        for ref, row in latest.items():
            relation = by_ref[ref]
            owner = run_of(relation.source_ref) or run_of(relation.target_ref)
            found[ref] = provenance_view(row, owner or ref)
        return found

    def artifacts_by_run(self, run_ids: Sequence[str]) -> dict[str, tuple[ArtifactRecord, ...]]:
        """Return ``list_artifacts`` of many runs, by their refs."""
        found: dict[str, list[ArtifactRecord]] = defaultdict(list)
        for ref in self._artifact_refs(set(run_ids)):
            try:
                item = _artifacts.find(self.artifact_store, ref)
            except IntegrityError:  # as in lists: left out, and told by ``damage_notes``
                continue
            if item is not None:
                found[item.run_id].append(item)
        return {run: tuple(items) for run, items in found.items()}

    def _artifact_refs(self, runs: set[str]) -> list[str]:
        """Return the refs of the artifacts of runs, sorted; a ref tells the run."""
        if not runs:
            return []
        return [ref for ref in self.artifact_store.list_refs() if run_of(ref) in runs]

    def _deployments_of(self, runs: set[str]) -> dict[str, str]:
        """Return the run of each deployment that serves one of them."""
        if not runs:
            return {}
        return {
            item.deployment_execution_ref.text: item.run_ref.text
            for item in self.metadata_store.deployments.list_deployment_executions()
            if item.run_ref is not None and item.run_ref.text in runs
        }


def _is_ref(text: str) -> bool:
    try:
        ref = StableRef.parse(text)
        return ref.kind not in ("run", "stage") or bool(canonical(ref.kind, text))
    except ValidationError:
        return False
