"""Relations between refs, and who asserted them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from contexta.contract.errors import NotFoundError
from contexta.store.metadata._lookup import exists
from contexta.store.metadata._refs import filter_text, parse_ref, ref_text
from contexta.store.metadata._tables import TABLE_OF_REF_KIND, mentions, provenance, relations
from contexta.store.metadata.repositories._base import Repository

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

    from contexta.contract import LineageEdge, ProvenanceRecord
    from contexta.contract.refs import StableRef

# Endpoints whose entities other planes keep, or nobody.
_UNCHECKED_KINDS = frozenset({"artifact", "op"})


class RelationRepository(Repository["LineageEdge"]):
    """Directed relations between two refs."""

    def put_relation(self, relation: LineageEdge) -> LineageEdge:
        """Store a relation, replacing one with the same ref.

        Endpoints of kind `artifact` and `op` are taken as given. Entities of this plane must be
        stored; that some evidence names them is not enough. Any other kind (a record, say) must
        have been mentioned before.

        Raises:
            NotFoundError: `metadata_ref_not_found`; nothing is stored then.
        """
        return self._put(relation)

    def get_relation(self, ref: StableRef | str) -> LineageEdge:
        """Return a relation, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_relation(self, ref: StableRef | str) -> LineageEdge | None:
        """Return a relation, or None."""
        return self._find(ref)

    def exists_relation(self, ref: StableRef | str) -> bool:
        """Tell whether a relation is stored."""
        return self._exists(ref)

    def list_relations_for_ref(self, ref: StableRef | str) -> tuple[LineageEdge, ...]:
        """Return the relations from or to a ref by recording time, then ref."""
        text = ref_text(ref)
        return self._where(or_(relations.c.source_ref == text, relations.c.target_ref == text))

    def list_relations_for_source(self, ref: StableRef | str) -> tuple[LineageEdge, ...]:
        """Return the relations from a ref by recording time, then ref."""
        return self._where(relations.c.source_ref == ref_text(ref))

    def list_relations_for_target(self, ref: StableRef | str) -> tuple[LineageEdge, ...]:
        """Return the relations to a ref by recording time, then ref."""
        return self._where(relations.c.target_ref == ref_text(ref))

    def _where(self, condition: ColumnElement[bool]) -> tuple[LineageEdge, ...]:
        return self._list(
            self._select().where(condition).order_by(relations.c.recorded_us, relations.c.ref)
        )

    def _require_parents(
        self, connection: Connection, model: LineageEdge, present: set[str]
    ) -> None:
        for endpoint in (model.source_ref, model.target_ref):
            if endpoint.kind in _UNCHECKED_KINDS or endpoint.text in present:
                continue
            table = TABLE_OF_REF_KIND.get(endpoint.kind, mentions)
            if not exists(connection, table, endpoint.text):
                raise NotFoundError(
                    f"{model.relation_ref.text!r} names {endpoint.text!r}, which is not stored. "
                    "Put that first.",
                    code="metadata_ref_not_found",
                    details={"ref": endpoint.text},
                )
            present.add(endpoint.text)

    def _after_put(self, connection: Connection, model: LineageEdge, old: Row[Any] | None) -> None:
        named = {
            ref.text: "relation_endpoint"
            for ref in (model.source_ref, model.target_ref)
            if ref.kind not in TABLE_OF_REF_KIND
        }
        if model.operation_context_ref is not None:
            named[ref_text(model.operation_context_ref)] = "operation_context"
        named.update({ref_text(ref): "evidence" for ref in model.evidence_refs})
        mention(connection, named)


class ProvenanceRepository(Repository["ProvenanceRecord"]):
    """Assertions about relations."""

    def put_provenance(self, record: ProvenanceRecord) -> ProvenanceRecord:
        """Store an assertion about a stored relation, replacing one with the same ref."""
        return self._put(record)

    def get_provenance(self, ref: StableRef | str) -> ProvenanceRecord:
        """Return an assertion, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_provenance(self, ref: StableRef | str) -> ProvenanceRecord | None:
        """Return an assertion, or None."""
        return self._find(ref)

    def exists_provenance(self, ref: StableRef | str) -> bool:
        """Tell whether an assertion is stored."""
        return self._exists(ref)

    def list_provenance_for_relation(
        self, relation_ref: StableRef | str
    ) -> tuple[ProvenanceRecord, ...]:
        """Return the assertions about a relation by time, then ref."""
        relation = filter_text(relation_ref, "relation", "relation_ref")
        return self._list(
            self._select()
            .where(provenance.c.relation_ref == relation)
            .order_by(provenance.c.asserted_us, provenance.c.ref)
        )

    def _after_put(
        self, connection: Connection, model: ProvenanceRecord, old: Row[Any] | None
    ) -> None:
        named = {}
        if model.formation_context_ref is not None:
            named[ref_text(model.formation_context_ref)] = "formation_context"
        if model.evidence_bundle_ref is not None:
            named[ref_text(model.evidence_bundle_ref)] = "evidence_bundle"
        mention(connection, named)


def mention(connection: Connection, named: dict[str, str]) -> None:
    """Register refs that lineage names; those already known stay as they are.

    Args:
        connection: Of the transaction of the put.
        named: Ref text to the role in which it is named.
    """
    if not named:
        return
    known = set(
        connection.execute(select(mentions.c.ref).where(mentions.c.ref.in_(named))).scalars()
    )
    now = time.time_ns() // 1_000
    fresh = [
        {
            "ref": text,
            "ref_kind": parse_ref(text).kind,
            "mentioned_as": role,
            "registered_us": now,
        }
        for text, role in named.items()
        if text not in known
    ]
    if fresh:
        connection.execute(mentions.insert(), fresh)
