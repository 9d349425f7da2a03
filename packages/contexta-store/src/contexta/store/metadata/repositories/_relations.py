"""Relations between refs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from sqlalchemy import select

from contexta.contract.errors import NotFoundError
from contexta.contract.lineage import RELATION_TYPES
from contexta.store.metadata import _filters as f
from contexta.store.metadata._arguments import several
from contexta.store.metadata._citations import cite
from contexta.store.metadata._lookup import chunks, existing
from contexta.store.metadata._paging import Listing
from contexta.store.metadata._refs import filter_text, ref_text
from contexta.store.metadata._tables import (
    TABLE_OF_REF_KIND,
    batches,
    deployments,
    mentions,
    relations,
    stages,
)
from contexta.store.metadata.repositories._base import Repository
from contexta.store.metadata.repositories._reads import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from contexta.contract import LineageEdge
    from contexta.contract.refs import StableRef
    from contexta.store.metadata._filter_types import RelationFilters
    from contexta.store.metadata._paging import Page

# Endpoints whose entities other planes keep, or nobody.
_UNCHECKED_KINDS = frozenset({"artifact", "op"})
_ENDPOINTS = (relations.c.source_ref, relations.c.target_ref)
_NAMED_ENDS = ("source_ref", "target_ref")
_OF_ENDS = frozenset({"ref", "refs", "parts_of"})


class RelationRepository(Repository["LineageEdge"]):
    """Directed relations between two refs.

    Lists are by recording time, then ref, when an end is given; otherwise by ref.
    """

    _known_filters = {
        "source_ref": lambda value: relations.c.source_ref == ref_text(value),
        "target_ref": lambda value: relations.c.target_ref == ref_text(value),
        "relation_type": f.is_one_of(relations.c.relation_type, "relation_type", RELATION_TYPES),
        "recorded_after": f.at_or_after(relations.c.recorded_us),
        "recorded_before": f.before(relations.c.recorded_us),
    }

    def put_relation(
        self, relation: LineageEdge, *, expected_revision: int | None = None
    ) -> LineageEdge:
        """Store a relation, replacing one with the same ref.

        Endpoints of kind `artifact` and `op` are taken as given. Entities of this plane must be
        stored; that some evidence names them is not enough. Any other kind (a record, say) must
        have been mentioned before. Evidence is stored as given; `check_integrity` reports the
        evidence of this plane that is not stored.

        Raises:
            NotFoundError: `metadata_ref_not_found`; nothing is stored then.
            ConflictError: `metadata_revision_conflict` when it has another revision than the one
                expected; 0 expects none.
        """
        return self._put(relation, expected_revision)

    def get_relation(self, ref: StableRef | str) -> LineageEdge:
        """Return a relation, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_relation(self, ref: StableRef | str) -> LineageEdge | None:
        """Return a relation, or None."""
        return self._find(ref)

    def exists_relation(self, ref: StableRef | str) -> bool:
        """Tell whether a relation is stored."""
        return self._exists(ref)

    def list_relations(
        self,
        *,
        limit: int | None = None,
        after: str | None = None,
        **filters: Unpack[RelationFilters],
    ) -> tuple[LineageEdge, ...]:
        """Return relations by recording time, then ref, when an end is given; else by ref."""
        return self._list(self._listing(filters), limit=limit, after=after)

    def list_relations_for_ref(
        self, ref: StableRef | str, *, limit: int | None = None, after: str | None = None
    ) -> tuple[LineageEdge, ...]:
        """Return the relations from or to a ref by recording time, then ref."""
        return self.list_relations(ref=ref, limit=limit, after=after)

    def list_relations_for_refs(
        self,
        refs: Iterable[StableRef | str],
        *,
        limit: int | None = None,
        after: str | None = None,
    ) -> tuple[LineageEdge, ...]:
        """Return the relations from or to any of some refs, each once, by time, then ref."""
        return self.list_relations(refs=several("refs", refs), limit=limit, after=after)

    def list_relations_for_source(
        self, ref: StableRef | str, *, limit: int | None = None, after: str | None = None
    ) -> tuple[LineageEdge, ...]:
        """Return the relations from a ref by recording time, then ref."""
        return self.list_relations(source_ref=ref, limit=limit, after=after)

    def list_relations_for_target(
        self, ref: StableRef | str, *, limit: int | None = None, after: str | None = None
    ) -> tuple[LineageEdge, ...]:
        """Return the relations to a ref by recording time, then ref."""
        return self.list_relations(target_ref=ref, limit=limit, after=after)

    def page_relations(
        self,
        *,
        limit: int = PAGE_SIZE,
        after: str | None = None,
        **filters: Unpack[RelationFilters],
    ) -> Page[LineageEdge]:
        """Return relations and the cursor of the page behind them; in the order of the list."""
        return self._page(self._listing(filters), limit=limit, after=after)

    def iter_relations(self, **filters: Unpack[RelationFilters]) -> Iterator[LineageEdge]:
        """Yield relations page by page, each page as it is then; in the order of the list."""
        return self._iterate(self._listing(filters))

    def count_relations(self, **filters: Unpack[RelationFilters]) -> int:
        """Count relations."""
        return self._count(self._listing(filters))

    def _listing(self, filters: Mapping[str, Any]) -> Listing:
        others = {name: own for name, own in filters.items() if name not in _OF_ENDS}
        ends: list[str] = []
        owners = _runs(filters.get("parts_of"))
        if filters.get("ref") is not None:
            ends = [ref_text(filters["ref"])]
        elif filters.get("refs") is not None:
            ends = sorted({ref_text(ref) for ref in several("refs", filters["refs"])})
        elif owners is None and all(others.get(name) is None for name in _NAMED_ENDS):
            return super()._listing(others)
        either = tuple(end.in_(chunk) for chunk in chunks(ends) for end in _ENDPOINTS)
        either += tuple(end.in_(part) for part in _parts(owners or ()) for end in _ENDPOINTS)
        conditions = f.conditions_of(self._filters(), others)
        if not either and (filters.get("refs") is not None or owners is not None):
            conditions = (*conditions, relations.c.ref.is_(None))  # of no refs: none
        name = f"relations|{ends}|{f.signature(others)}"
        if owners is not None:
            name = f"{name}|{owners}"
        keys = (relations.c.recorded_us, relations.c.ref)
        return Listing(relations, name, conditions, keys, either=either)

    def _keys(self, filters: Mapping[str, Any]) -> tuple[ColumnElement[Any], ...]:
        return (relations.c.ref,)

    def _require_parents(
        self,
        connection: Connection,
        models: Mapping[str, LineageEdge],
        present: Collection[str],
    ) -> None:
        wanted: dict[str, set[str]] = {}
        for model in models.values():
            for end in (model.source_ref, model.target_ref):
                if end.kind not in _UNCHECKED_KINDS and end.text not in present:
                    wanted.setdefault(end.kind, set()).add(end.text)
        found = {*present}
        for kind, refs in wanted.items():
            found |= existing(connection, TABLE_OF_REF_KIND.get(kind, mentions), refs)
        for own, model in models.items():
            for end in (model.source_ref, model.target_ref):
                if end.kind not in _UNCHECKED_KINDS and end.text not in found:
                    raise NotFoundError(
                        f"{own!r} names {end.text!r}, which is not stored. Put that first.",
                        code="metadata_ref_not_found",
                        details={"ref": end.text},
                    )

    def _after_put(
        self,
        connection: Connection,
        models: Mapping[str, LineageEdge],
        old: Mapping[str, Row[Any]],
    ) -> None:
        named = {}
        for own, model in models.items():
            cited = [(ref_text(ref), "evidence") for ref in model.evidence_refs]
            if model.operation_context_ref is not None:
                cited.append((ref_text(model.operation_context_ref), "operation_context"))
            named[own] = cited
        ends = [
            end.text
            for model in models.values()
            for end in (model.source_ref, model.target_ref)
            if end.kind not in TABLE_OF_REF_KIND
        ]
        cite(connection, named, replaced=old, ends=ends)


def _runs(given: Iterable[StableRef | str] | None) -> list[str] | None:
    if given is None:
        return None
    return sorted({filter_text(ref, "run", "parts_of") for ref in several("parts_of", given)})


def _parts(owners: Sequence[str]) -> Iterator[Any]:
    """Yield what ends may be among to belong to some runs, each a question that an index serves."""
    for chunk in chunks(owners):
        yield chunk
        for table in (stages, batches, deployments):
            yield select(table.c.ref).where(table.c.run_ref.in_(chunk))
