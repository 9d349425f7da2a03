"""Strategies for artifacts, lineage and provenance."""

from __future__ import annotations

from hypothesis import strategies as st

from contexta.contract.artifacts import ArtifactManifest
from contexta.contract.lineage import (
    ASSERTION_MODES,
    CONFIDENCE_MARKERS,
    LINEAGE_ORIGIN_MARKERS,
    RELATION_TYPES,
    LineageEdge,
    ProvenanceRecord,
)
from contexta.contract.testing import _values as v
from contexta.contract.testing._parts import Draw, closing, place_of, refs


@st.composite
def artifact_manifests(draw: Draw) -> ArtifactManifest:
    """Return artifact manifests."""
    place = place_of(draw)
    run = place["run_ref"].removeprefix("run:")
    return ArtifactManifest(
        artifact_ref=f"artifact:{run}.{draw(v.components)}",
        artifact_kind=draw(v.snake_words),
        created_at=draw(v.timestamps),
        producer_ref=draw(v.dotted),
        location_ref=draw(v.text),
        hash_value=draw(v.texts_or_none),
        size_bytes=draw(st.none() | st.integers(0, 2**63 - 1)),
        attributes=draw(v.json_maps),
        **place,
        **closing(draw),
    )


@st.composite
def lineage_edges(draw: Draw) -> LineageEdge:
    """Return relations between two different things."""
    source, target = draw(st.lists(refs(), min_size=2, max_size=2, unique=True))
    return LineageEdge(
        relation_ref=draw(refs("relation")),
        relation_type=draw(st.sampled_from(RELATION_TYPES)),
        source_ref=source,
        target_ref=target,
        recorded_at=draw(v.timestamps),
        origin_marker=draw(st.sampled_from(LINEAGE_ORIGIN_MARKERS)),
        confidence_marker=draw(st.sampled_from(CONFIDENCE_MARKERS)),
        operation_context_ref=draw(st.none() | refs("op", 4)),
        evidence_refs=draw(st.lists(refs(), max_size=2)),
        **closing(draw),
    )


@st.composite
def provenance_records(draw: Draw) -> ProvenanceRecord:
    """Return grounds of relations."""
    return ProvenanceRecord(
        provenance_ref=draw(refs("provenance")),
        relation_ref=draw(refs("relation")),
        assertion_mode=draw(st.sampled_from(ASSERTION_MODES)),
        asserted_at=draw(v.timestamps),
        formation_context_ref=draw(st.none() | refs("run", 2)),
        policy_ref=draw(st.none() | v.dotted),
        evidence_bundle_ref=draw(st.none() | refs("artifact", 3)),
        **closing(draw),
    )
