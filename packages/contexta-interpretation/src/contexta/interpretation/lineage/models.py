"""Results of following lineage."""

from __future__ import annotations

from dataclasses import dataclass

from contexta.interpretation._base import Result
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.repositories.records import ProvenanceView


@dataclass(frozen=True, slots=True)
class LineageEdge(Result):
    """One relation on the way; ``direction`` is relative to the node it was found from.

    ``outbound``: the node (or a part of it) is the source; ``inbound``: the target; ``both``:
    both ends are parts of the node, or neither is. A ``relation_ref`` that starts with ``link:``
    stands for what an end says of itself, not for a stored relation.
    """

    relation_ref: str
    source_ref: str
    target_ref: str
    relation_type: str
    recorded_at: str
    direction: str
    depth: int
    provenance: ProvenanceView | None = None
    evidence_links: tuple[EvidenceLink, ...] = ()

    _sequences = ("evidence_links",)


@dataclass(frozen=True, slots=True)
class LineageTraversal(Result):
    """What was reached: edges by ref, nodes in the order of visiting, the root first."""

    root_ref: str
    edges: tuple[LineageEdge, ...] = ()
    visited_refs: tuple[str, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()

    _sequences = ("edges", "visited_refs", "completeness_notes", "evidence_links")
