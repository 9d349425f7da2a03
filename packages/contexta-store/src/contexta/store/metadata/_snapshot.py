"""Everything that the ledger knows about one run, in one consistent read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import literal, or_, select, union_all

from contexta.contract.errors import IntegrityError
from contexta.store.metadata import _entities, _tables
from contexta.store.metadata._reading import fetch_rows, read_models

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from contexta.contract import (
        BatchExecution,
        DeploymentExecution,
        EnvironmentSnapshot,
        LineageEdge,
        Project,
        ProvenanceRecord,
        Run,
        SampleObservation,
        StageExecution,
    )
    from contexta.contract.refs import StableRef
    from contexta.store.metadata._damage import DamageLog
    from contexta.store.metadata._rows import Entity
    from contexta.store.metadata._store import MetadataStore


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """A run with its project, parts, relations one hop away, and what is not included.

    Tuples are in the order of the repositories' lists by run; relations and provenance by ref.
    """

    project: Project
    run: Run
    deployments: tuple[DeploymentExecution, ...]
    stages: tuple[StageExecution, ...]
    batches: tuple[BatchExecution, ...]
    samples: tuple[SampleObservation, ...]
    environments: tuple[EnvironmentSnapshot, ...]
    relations: tuple[LineageEdge, ...]
    provenance: tuple[ProvenanceRecord, ...]
    scoped_refs: tuple[str, ...]
    completeness_notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the snapshot as plain data, keys in field order."""
        models = ("deployments", "stages", "batches", "samples", "environments")
        return {
            "project": self.project.to_dict(),
            "run": self.run.to_dict(),
            **{name: [item.to_dict() for item in getattr(self, name)] for name in models},
            "relations": [item.to_dict() for item in self.relations],
            "provenance": [item.to_dict() for item in self.provenance],
            "scoped_refs": list(self.scoped_refs),
            "completeness_notes": list(self.completeness_notes),
        }


def build_run_snapshot(store: MetadataStore, run_ref: StableRef | str) -> RunSnapshot:
    """Collect a run and what hangs on it: `MetadataStore.build_run_snapshot` as a function."""
    return store.build_run_snapshot(run_ref)


def collect_snapshot(connection: Connection, run: Run, damage: DamageLog) -> RunSnapshot:
    """Collect what hangs on a run; the number of queries does not depend on how much that is.

    Args:
        connection: Of one read transaction, so that all parts are of one moment.
        run: The run, as read in that transaction.
        damage: Where rows that cannot be read are reported.
    """
    text = run.run_ref.text
    project = _one(connection, _entities.PROJECT, run.project_ref.text)
    parts = {
        name: read_models(connection, entity, _of_run(name, text), damage)
        for name, entity in _PARTS.items()
    }
    anchors = _anchor_refs(text)
    edges = _tables.relations.c
    relations = read_models(
        connection,
        _entities.RELATION,
        select(_tables.relations)
        .where(or_(edges.source_ref.in_(anchors), edges.target_ref.in_(anchors)))
        .order_by(edges.ref),
        damage,
    )
    claims = _tables.provenance.c
    found = [edge.relation_ref.text for edge in relations]
    provenance = read_models(
        connection,
        _entities.PROVENANCE,
        select(_tables.provenance)
        .where(
            claims.relation_ref.in_(
                select(edges.ref).where(
                    or_(edges.source_ref.in_(anchors), edges.target_ref.in_(anchors))
                )
            )
        )
        .order_by(claims.ref),
        damage,
    )
    refs = [text, *found, *(claim.provenance_ref.text for claim in provenance)]
    for name, entity in _PARTS.items():
        refs.extend(entity.ref_of(item) for item in parts[name])
    return RunSnapshot(
        project=project,
        run=run,
        **parts,
        relations=relations,
        provenance=provenance,
        scoped_refs=tuple(sorted(refs)),
        completeness_notes=_notes(parts["environments"], relations, provenance),
    )


_PARTS: dict[str, Entity[Any]] = {
    "deployments": _entities.DEPLOYMENT,
    "stages": _entities.STAGE,
    "batches": _entities.BATCH,
    "samples": _entities.SAMPLE,
    "environments": _entities.ENVIRONMENT,
}

_ORDER = {
    "deployments": ("order_index", "started_us", "ref"),
    "stages": ("order_index", "started_us", "ref"),
    "batches": ("stage_ref", "order_index", "started_us", "ref"),
    "samples": ("stage_ref", "batch_ref", "observed_us", "ref"),
    "environments": ("captured_us", "ref"),
}


def _of_run(name: str, run_ref: str) -> Select[Any]:
    table = _PARTS[name].table
    order = [table.c[column].nulls_last() for column in _ORDER[name]]
    return select(table).where(table.c.run_ref == run_ref).order_by(*order)


def _anchor_refs(run_ref: str) -> Select[Any]:
    selects = [select(literal(run_ref).label("ref"))]
    selects.extend(
        select(entity.table.c.ref).where(entity.table.c.run_ref == run_ref)
        for entity in _PARTS.values()
    )
    return select(union_all(*selects).subquery().c.ref)


def _one(connection: Connection, entity: Entity[Any], ref: str) -> Any:
    rows = fetch_rows(connection, select(entity.table).where(entity.table.c.ref == ref))
    if not rows:
        raise IntegrityError(
            f"{ref!r} is gone although its runs are stored. Restore a backup.",
            code="metadata_row_damaged",
            details={"table": entity.table.name.removeprefix("ledger_"), "ref": ref},
        )
    return entity.model_of(rows[0])


def _notes(
    environments: tuple[object, ...],
    relations: tuple[object, ...],
    provenance: tuple[object, ...],
) -> tuple[str, ...]:
    notes = []
    if not environments:
        notes.append("environment_snapshot_missing")
    if not relations:
        notes.append("relation_graph_empty")
    elif not provenance:
        notes.append("provenance_missing")
    return (*notes, "record_plane_not_projected", "artifact_plane_not_projected")
