"""Follows relations, breadth first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from contexta.contract.errors import ValidationError
from contexta.contract.refs import CORE_STABLE_REF_KINDS
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.lineage._links import PREFIX, Links
from contexta.interpretation.lineage._subjects import near_subjects, subject_ref_of
from contexta.interpretation.lineage.errors import LineageError
from contexta.interpretation.lineage.models import LineageEdge, LineageTraversal
from contexta.interpretation.lineage.policy import LineagePolicy, check_depth, check_direction
from contexta.interpretation.protocols import LineageReader, RelationProvenanceReader
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import ProvenanceView, RelationRecord

# "a consumed_by b": a came first. In every other type the target is what the source rests on.
_SOURCE_IS_UPSTREAM = frozenset({"consumed_by"})


class LineageService:
    """Follows what a thing rests on and what rests on it.

    ``outbound`` and ``inbound`` follow relations as they are written, from source to target or
    back; ``both`` follows them all. A run or stage stands for its parts: a relation of one of its
    artifacts is its own.

    ``upstream`` and ``downstream`` follow what is meant: the data that a model was generated from
    is upstream of it, the deployment of the model downstream. They also follow what things say of
    themselves: an artifact names its run, a deployment what it serves, a run its data. Such an
    edge has a ``relation_ref`` that starts with ``link:``.
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
        """Return the relations around a subject: a ref, or a name of a run, artifact or deployment.

        ``max_depth`` 0 gives the subject's own relations and visits nothing else;
        ``"unlimited"`` follows to the end. Each node and relation counts once, so that circles
        end. A subject without relations gives a note.

        Raises:
            LineageError: ``lineage_invalid_direction``, ``lineage_invalid_max_depth``,
                ``lineage_invalid_subject`` (blank or no text).
            ValidationError: the subject begins like a ref and is none.
            ResolutionError: several runs, artifacts or deployments have the name of the subject.
        """
        way = check_direction(
            self.config.default_direction if direction is None else direction, LineageError
        )
        depth_limit = check_depth(
            self.config.default_max_depth if max_depth is None else max_depth, LineageError
        )
        root = self._root(subject_ref)
        links = Links(self.query_service)
        found: dict[str, _Found] = {}
        visited = {root: None}
        level, depth = [root], 0
        while level:
            farther: list[str] = []
            for relation, side in self._level(level, depth, way, links):
                found.setdefault(relation.relation_ref, _Found(relation, side, depth))
                if depth >= depth_limit:
                    continue
                for end in _next(relation, side):
                    if end not in visited:
                        visited[end] = None
                        farther.append(end)
            level, depth = farther, depth + 1
        views = self._provenances([one.relation for one in found.values()])
        ordered = tuple(_edge(found[ref], views.get(ref)) for ref in sorted(found))
        notes = [
            CompletenessNote("warning", f"artifact_unreadable:{ref}", {"artifact_ref": ref})
            for ref in links.unreadable
        ]
        if not ordered:
            notes.append(self._nothing(root, way, links))
        evidence = dict.fromkeys(link for edge in ordered for link in edge.evidence_links)
        return LineageTraversal(root, ordered, tuple(visited), tuple(notes), tuple(evidence))

    def _level(
        self, nodes: Sequence[str], depth: int, way: str, links: Links
    ) -> Iterator[tuple[RelationRecord, str]]:
        """Yield what leads on from nodes that are equally far, read for all of them at once."""
        repository = self.query_service.repository
        stored: Mapping[str, Sequence[RelationRecord]] | None = None
        if len(nodes) > 1 and isinstance(repository, LineageReader):
            stored = repository.relations_around(nodes)
        if len(nodes) > 1 and way in ("upstream", "downstream"):
            links.prepare(nodes, way)
        for node in nodes:
            own = self._stored(node, depth) if stored is None else stored.get(node, ())
            yield from _around(node, own, way, links)

    def _stored(self, node: str, depth: int) -> Sequence[RelationRecord]:
        """Return the stored relations of a node; what is no ref, such as a URL of data, has none.

        A subject that begins like a ref has to be one.
        """
        try:
            return self.query_service.repository.list_relations(node)
        except ValidationError:
            if depth == 0 and node.partition(":")[0] in CORE_STABLE_REF_KINDS:
                raise
            return ()

    def _root(self, subject: str) -> str:
        """Return the ref of the subject; a name that nothing has stays as it is."""
        if not isinstance(subject, str) or not subject.strip():
            raise LineageError(
                f"subject {subject!r} is blank or no text; pass the ref of a run, stage, "
                "artifact or deployment",
                code="lineage_invalid_subject",
                details={"subject_ref": str(subject)},
            )
        subject = subject.strip()
        if ":" in subject:
            return subject
        return subject_ref_of(self.query_service.repository, subject)

    def _nothing(self, root: str, way: str, links: Links) -> CompletenessNote:
        """Say that nothing is known, and what else may have been meant."""
        details: dict[str, object] = {"root_ref": root}
        near = near_subjects(self.query_service.repository, root)
        if near is not None:
            details["nearest"] = list(near)
        elif way not in ("upstream", "downstream"):
            linked = {"upstream": links.upstream(root), "downstream": links.downstream(root)}
            details["directions"] = [name for name, found in linked.items() if any(found)]
        return CompletenessNote("info", "lineage_root_has_no_relations", details)

    def _provenances(self, relations: Sequence[RelationRecord]) -> Mapping[str, ProvenanceView]:
        """Return who asserted relations, by their refs; nobody did what things say themselves."""
        repository = self.query_service.repository
        stored = [one for one in relations if not one.relation_ref.startswith(PREFIX)]
        if not self.config.include_provenance or not stored:
            return {}
        if isinstance(repository, LineageReader):
            return repository.relation_provenances(stored)
        if not isinstance(repository, RelationProvenanceReader):
            return {}
        asked = ((one.relation_ref, repository.get_relation_provenance(one)) for one in stored)
        return {ref: view for ref, view in asked if view is not None}


class _Found(NamedTuple):
    """A relation, the side of it that the node it was found from is on, and how far that is."""

    relation: RelationRecord
    side: str
    depth: int


def _around(
    node: str, stored: Sequence[RelationRecord], way: str, links: Links
) -> Iterator[tuple[RelationRecord, str]]:
    """Yield what leads on from a node, and on which side of it the node is."""
    for relation in stored:
        side = _side(relation, node)
        if _wanted(relation, side, way):
            yield relation, side
    # A run is not its artifacts here: they are what came of it.
    if way == "upstream":
        yield from ((link, "outbound") for link in links.upstream(node))
    elif way == "downstream":
        yield from ((link, "inbound") for link in links.downstream(node))


def _edge(found: _Found, provenance: ProvenanceView | None) -> LineageEdge:
    relation = found.relation
    return LineageEdge(
        relation.relation_ref,
        relation.source_ref,
        relation.target_ref,
        relation.relation_type,
        relation.recorded_at,
        found.side,
        found.depth,
        provenance,
        (
            EvidenceLink("relation", relation.relation_ref, relation.relation_type),
            EvidenceLink("ref", relation.source_ref, relation.source_ref),
            EvidenceLink("ref", relation.target_ref, relation.target_ref),
        ),
    )


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
