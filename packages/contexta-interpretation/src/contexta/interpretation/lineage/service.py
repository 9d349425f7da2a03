"""Follows relations, breadth first."""

from __future__ import annotations

from collections import deque

from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.lineage.errors import LineageError
from contexta.interpretation.lineage.models import LineageEdge, LineageTraversal
from contexta.interpretation.lineage.policy import LineagePolicy, check_depth, check_direction
from contexta.interpretation.protocols import RelationProvenanceReader
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import ProvenanceView, RelationRecord

# "a consumed_by b": a came first. In every other type the target is what the source rests on.
_SOURCE_IS_UPSTREAM = frozenset({"consumed_by"})


class LineageService:
    """Follows what a thing rests on and what rests on it.

    ``outbound`` and ``inbound`` follow relations as they are written, from source to target or
    back. ``upstream`` and ``downstream`` follow their meaning: the data that a model was
    generated from is upstream of it, the deployment of the model downstream.
    A run or stage stands for its parts: a relation of one of its artifacts is its own.
    """

    def __init__(self, query_service: QueryService, *, config: LineagePolicy | None = None) -> None:
        """Ask through ``query_service``; ``config`` may be any object with the policy's fields."""
        self.query_service = query_service
        self.config = config if config is not None else LineagePolicy()

    def traverse_lineage(
        self,
        subject_ref: str,
        *,
        direction: str | None = None,
        max_depth: int | str | None = None,
    ) -> LineageTraversal:
        """Return the relations around a subject.

        ``max_depth`` 0 gives the subject's own relations and visits nothing else;
        ``"unlimited"`` follows to the end. Each node and relation counts once, so that circles
        end. A subject without relations gives a note.

        Raises:
            LineageError: ``lineage_invalid_direction``, ``lineage_invalid_max_depth``.
        """
        way = check_direction(direction or self.config.default_direction, LineageError)
        depth_limit = check_depth(
            self.config.default_max_depth if max_depth is None else max_depth, LineageError
        )
        edges: dict[str, LineageEdge] = {}
        visited = {subject_ref: 0}
        queue = deque([subject_ref])
        while queue:
            node = queue.popleft()
            depth = visited[node]
            for relation in self.query_service.repository.list_relations(node):
                side = _side(relation, node)
                if not _wanted(relation, side, way):
                    continue
                if relation.relation_ref not in edges:
                    edges[relation.relation_ref] = self._edge(relation, side, depth)
                if depth >= depth_limit:
                    continue
                for end in _next(relation, side):
                    if end not in visited:
                        visited[end] = depth + 1
                        queue.append(end)
        ordered = tuple(edges[ref] for ref in sorted(edges))
        notes: tuple[CompletenessNote, ...] = ()
        if not edges:
            details = {"root_ref": subject_ref}
            notes = (CompletenessNote("info", "lineage_root_has_no_relations", details),)
        links = dict.fromkeys(link for edge in ordered for link in edge.evidence_links)
        return LineageTraversal(subject_ref, ordered, tuple(visited), notes, tuple(links))

    def _edge(self, relation: RelationRecord, side: str, depth: int) -> LineageEdge:
        return LineageEdge(
            relation.relation_ref,
            relation.source_ref,
            relation.target_ref,
            relation.relation_type,
            relation.recorded_at,
            side,
            depth,
            self._provenance(relation),
            (
                EvidenceLink("relation", relation.relation_ref, relation.relation_type),
                EvidenceLink("ref", relation.source_ref, relation.source_ref),
                EvidenceLink("ref", relation.target_ref, relation.target_ref),
            ),
        )

    def _provenance(self, relation: RelationRecord) -> ProvenanceView | None:
        repository = self.query_service.repository
        if not self.config.include_provenance or not isinstance(
            repository, RelationProvenanceReader
        ):
            return None
        return repository.get_relation_provenance(relation)


def _part_of(ref: str, node: str) -> bool:
    """Whether ``ref`` is the node, or lies under it when the node is a run or a stage."""
    if ref == node:
        return True
    kind, _, value = node.partition(":")
    if kind not in ("run", "stage") or ref.startswith("deployment:"):
        return False
    return ref.partition(":")[2].startswith(value + ".")


def _side(relation: RelationRecord, node: str) -> str:
    source, target = _part_of(relation.source_ref, node), _part_of(relation.target_ref, node)
    if source == target:
        return "both"
    return "outbound" if source else "inbound"


def _wanted(relation: RelationRecord, side: str, way: str) -> bool:
    if way in ("both", side) or side == "both":
        return True
    if way in ("inbound", "outbound"):
        return False
    source_first = relation.relation_type in _SOURCE_IS_UPSTREAM
    return ((side == "outbound") != source_first) == (way == "upstream")


def _next(relation: RelationRecord, side: str) -> tuple[str, ...]:
    if side == "both":
        return (relation.source_ref, relation.target_ref)
    return (relation.target_ref,) if side == "outbound" else (relation.source_ref,)
