"""What would go with some refs, and what stands in the way, as one state of the ledger shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.store.metadata import _tables as t
from contexta.store.metadata._deletion_models import DeletionBlocker
from contexta.store.metadata._filters import run_of
from contexta.store.metadata._lookup import REFS, among, chunks, existing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sqlalchemy import Column, Connection, Table

# What belongs to an entity of a table: child table and the column that names the owner.
_CHILDREN: dict[str, tuple[tuple[Table, Column[Any]], ...]] = {
    t.projects.name: (
        (t.runs, t.runs.c.project_ref),
        (t.deployments, t.deployments.c.project_ref),
    ),
    t.runs.name: tuple(
        (table, table.c.run_ref) for table in (t.stages, t.batches, t.samples, t.environments)
    ),
    t.stages.name: ((t.batches, t.batches.c.stage_ref), (t.samples, t.samples.c.stage_ref)),
    t.batches.name: ((t.samples, t.samples.c.batch_ref),),
    t.relations.name: ((t.provenance, t.provenance.c.relation_ref),),
}
_HELD_BY_RUNS = frozenset({"artifact", "record", "op"})


class Closure:
    """The rows that go, found table by table until nothing new turns up.

    Args:
        connection: Of one transaction.
        recursive: Whether children go; otherwise they block.
        erase: Whether everything that names what goes, goes too; otherwise it may block.
    """

    def __init__(self, connection: Connection, *, recursive: bool, erase: bool) -> None:
        self._connection = connection
        self._recursive = recursive
        self._erase = erase
        self.going: dict[str, set[str]] = {table.name: set() for table in ORDER}
        self.blockers: list[DeletionBlocker] = []
        self.all: set[str] = set()

    def add(self, table: Table, refs: Iterable[str]) -> None:
        """Let rows go, with all that goes because of them."""
        fresh = set(refs) - self.all
        if not fresh:
            return
        self.going[table.name] |= fresh
        self.all |= fresh
        for child, column in _CHILDREN.get(table.name, ()):
            found = self._refs_where(child, column, fresh)
            if self._recursive or child is t.provenance:
                self.add(child, found)
            else:
                self._block("child_exists", found)
        self._add_relations(fresh)

    def finish(self) -> None:
        """Find what stands in the way, once all that goes is known."""
        # A child that was met before it was let go is no obstacle.
        self.blockers = [item for item in self.blockers if item.blocked_by not in self.all]
        runs = self.going[t.runs.name]
        named = self._refs_where(t.deployments, t.deployments.c.run_ref, runs)
        self._block("deployment_points_here", named)
        for owner, ref in self._citing(self.all):
            self._block("evidence_points_here", {owner: ref})
        for own, source, target in self._edges(self.all):
            if own not in self.all:
                self._block("relation_points_here", {own: target if target in self.all else source})

    def _add_relations(self, fresh: Collection[str]) -> None:
        """Let the relations of rows go that nobody outside stands for."""
        edges = list(self._edges(fresh))
        sources = {own: _holder(source) for own, source, _ in edges}
        stored = self._stored(set(sources.values()) - self.all)
        self.add(
            t.relations,
            {own for own, source in sources.items() if self._erase or source not in stored},
        )
        if self._erase:
            citing = {owner for owner, _ in self._citing(fresh)}
            self.add(t.relations, {own for own in citing if own.startswith("relation:")})
            self.add(t.provenance, {own for own in citing if own.startswith("provenance:")})

    def _edges(self, refs: Collection[str]) -> Iterator[tuple[str, str, str]]:
        columns = t.relations.c
        found: dict[str, tuple[str, str, str]] = {}
        for chunk in chunks(refs):
            for end in (columns.source_ref, columns.target_ref):
                statement = select(columns.ref, columns.source_ref, columns.target_ref)
                rows = self._connection.execute(statement.where(among(end)), {REFS: chunk})
                for row in rows:
                    found[row.ref] = (row.ref, row.source_ref, row.target_ref)
        yield from sorted(found.values())

    def _citing(self, refs: Collection[str]) -> list[tuple[str, str]]:
        columns = t.citations.c
        found: set[tuple[str, str]] = set()
        for chunk in chunks(refs):
            statement = select(columns.owner_ref, columns.ref).where(among(columns.ref))
            rows = self._connection.execute(statement, {REFS: chunk})
            found.update((row.owner_ref, row.ref) for row in rows)
        return sorted(pair for pair in found if pair[0] not in self.all)

    def _stored(self, refs: Iterable[str]) -> set[str]:
        by_kind: dict[str, set[str]] = {}
        for ref in refs:
            by_kind.setdefault(ref.partition(":")[0], set()).add(ref)
        found: set[str] = set()
        for kind, texts in by_kind.items():
            table = t.TABLE_OF_REF_KIND.get(kind)
            if table is not None:
                found |= existing(self._connection, table, texts)
        return found

    def _refs_where(
        self, table: Table, column: Column[Any], owners: Collection[str]
    ) -> dict[str, str]:
        """Return ref to owner of the rows that name one of the owners."""
        found: dict[str, str] = {}
        for chunk in chunks(owners):
            statement = select(table.c.ref, column).where(among(column))
            if column.name in {"stage_ref", "batch_ref"}:  # no index of its own
                statement = statement.where(table.c.run_ref.in_({run_of(ref) for ref in chunk}))
            rows = self._connection.execute(statement, {REFS: chunk})
            found.update({row[0]: row[1] for row in rows})
        return found

    def _block(self, code: str, found: dict[str, str]) -> None:
        self.blockers += [
            DeletionBlocker(code, ref, by)
            for by, ref in sorted(found.items())
            if by not in self.all
        ]


def _holder(ref: str) -> str:
    """Return the entity of this plane that stands for a ref: its run, for an artifact."""
    return run_of(ref) if ref.partition(":")[0] in _HELD_BY_RUNS else ref


ORDER = (
    t.provenance,
    t.relations,
    t.samples,
    t.batches,
    t.stages,
    t.environments,
    t.deployments,
    t.runs,
    t.projects,
)
"""Entity tables, children before parents."""
