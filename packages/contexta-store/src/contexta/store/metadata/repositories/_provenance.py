"""Who asserted relations, when and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from contexta.contract.lineage import ASSERTION_MODES
from contexta.contract.time import to_epoch_us
from contexta.store.metadata import _filters as f
from contexta.store.metadata._arguments import several
from contexta.store.metadata._citations import cite
from contexta.store.metadata._lookup import chunks
from contexta.store.metadata._refs import filter_text, ref_text
from contexta.store.metadata._tables import provenance
from contexta.store.metadata.repositories._base import Repository
from contexta.store.metadata.repositories._reads import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, Row

    from contexta.contract import ProvenanceRecord
    from contexta.contract.refs import StableRef
    from contexta.store.metadata._filter_types import ProvenanceFilters
    from contexta.store.metadata._paging import Page


class ProvenanceRepository(Repository["ProvenanceRecord"]):
    """Assertions about relations, by time, then ref, of one relation; else by ref."""

    _known_filters = {
        "relation_ref": f.is_ref(provenance.c.relation_ref, "relation", "relation_ref"),
        "relation_refs": f.is_ref_among(provenance.c.relation_ref, "relation", "relation_refs"),
        "assertion_mode": f.is_one_of(
            provenance.c.assertion_mode, "assertion_mode", ASSERTION_MODES
        ),
        "asserted_after": f.at_or_after(provenance.c.asserted_us),
        "asserted_before": f.before(provenance.c.asserted_us),
    }

    def put_provenance(
        self, record: ProvenanceRecord, *, expected_revision: int | None = None
    ) -> ProvenanceRecord:
        """Store an assertion about a stored relation, replacing one with the same ref.

        Raises:
            NotFoundError: When its relation is missing.
            ConflictError: `metadata_revision_conflict` when it has another revision than the one
                expected; 0 expects none.
        """
        return self._put(record, expected_revision)

    def get_provenance(self, ref: StableRef | str) -> ProvenanceRecord:
        """Return an assertion, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_provenance(self, ref: StableRef | str) -> ProvenanceRecord | None:
        """Return an assertion, or None."""
        return self._find(ref)

    def exists_provenance(self, ref: StableRef | str) -> bool:
        """Tell whether an assertion is stored."""
        return self._exists(ref)

    def list_provenance(
        self,
        *,
        limit: int | None = None,
        after: str | None = None,
        **filters: Unpack[ProvenanceFilters],
    ) -> tuple[ProvenanceRecord, ...]:
        """Return assertions, by time, then ref, of one relation; else by ref."""
        return self._list(self._listing(filters), limit=limit, after=after)

    def list_provenance_for_relation(
        self, relation_ref: StableRef | str, *, limit: int | None = None, after: str | None = None
    ) -> tuple[ProvenanceRecord, ...]:
        """Return the assertions about a relation by time, then ref."""
        relation = filter_text(relation_ref, "relation", "relation_ref")
        return self.list_provenance(relation_ref=relation, limit=limit, after=after)

    def list_provenance_for_relations(
        self, relation_refs: Iterable[StableRef | str]
    ) -> tuple[ProvenanceRecord, ...]:
        """Return the assertions about several relations, by relation, then time, then ref."""
        given = several("relation_refs", relation_refs)
        wanted = sorted({filter_text(ref, "relation", "relation_refs") for ref in given})
        found = [
            one for chunk in chunks(wanted) for one in self.list_provenance(relation_refs=chunk)
        ]
        return tuple(
            sorted(
                found,
                key=lambda one: (
                    one.relation_ref.text,
                    to_epoch_us(one.asserted_at),
                    one.provenance_ref.text,
                ),
            )
        )

    def page_provenance(
        self,
        *,
        limit: int = PAGE_SIZE,
        after: str | None = None,
        **filters: Unpack[ProvenanceFilters],
    ) -> Page[ProvenanceRecord]:
        """Return assertions and the cursor of the page behind them; in the order of the list."""
        return self._page(self._listing(filters), limit=limit, after=after)

    def iter_provenance(self, **filters: Unpack[ProvenanceFilters]) -> Iterator[ProvenanceRecord]:
        """Yield assertions page by page, each page as it is then; in the order of the list."""
        return self._iterate(self._listing(filters))

    def count_provenance(self, **filters: Unpack[ProvenanceFilters]) -> int:
        """Count assertions."""
        return self._count(self._listing(filters))

    def _keys(self, filters: Mapping[str, Any]) -> tuple[ColumnElement[Any], ...]:
        if filters.get("relation_ref") is not None:
            return provenance.c.asserted_us, provenance.c.ref
        return (provenance.c.ref,)

    def _after_put(
        self,
        connection: Connection,
        models: Mapping[str, ProvenanceRecord],
        old: Mapping[str, Row[Any]],
    ) -> None:
        named = {}
        for own, model in models.items():
            cited = []
            if model.formation_context_ref is not None:
                cited.append((ref_text(model.formation_context_ref), "formation_context"))
            if model.evidence_bundle_ref is not None:
                cited.append((ref_text(model.evidence_bundle_ref), "evidence_bundle"))
            named[own] = cited
        cite(connection, named, replaced=old, ends=())
