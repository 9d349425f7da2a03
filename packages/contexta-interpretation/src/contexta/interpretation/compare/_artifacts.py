"""Artifacts of two runs, kind by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from contexta.interpretation.compare.models import ArtifactChange
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.repositories.records import ArtifactRecord


def compare_artifacts(
    left: Iterable[ArtifactRecord], right: Iterable[ArtifactRecord]
) -> tuple[ArtifactChange, ...]:
    """Return the kinds that differ, sorted; equal hash and location is no difference."""
    left_kinds, right_kinds = _by_kind(left), _by_kind(right)
    changes = (
        _change(kind, left_kinds.get(kind, []), right_kinds.get(kind, []))
        for kind in sorted(left_kinds.keys() | right_kinds.keys())
    )
    return tuple(change for change in changes if change is not None)


def _by_kind(artifacts: Iterable[ArtifactRecord]) -> dict[str, list[ArtifactRecord]]:
    groups: dict[str, list[ArtifactRecord]] = defaultdict(list)
    for artifact in artifacts:
        groups[artifact.kind].append(artifact)
    return groups


def _change(
    kind: str, left: Sequence[ArtifactRecord], right: Sequence[ArtifactRecord]
) -> ArtifactChange | None:
    links = tuple(EvidenceLink("artifact", item.artifact_ref, kind) for item in (*left, *right))
    left_ref = left[0].artifact_ref if left else None
    right_ref = right[0].artifact_ref if right else None
    if not left or not right:
        return ArtifactChange(kind, left_ref, right_ref, "removed" if left else "added", links)
    if len(left) > 1 or len(right) > 1:
        if _bodies(left) == _bodies(right):
            return None
        detail = f"left={len(left)}, right={len(right)}"
        return ArtifactChange(kind, left_ref, right_ref, "ambiguous", links, detail)
    hash_changed = left[0].hash_value != right[0].hash_value
    location_changed = left[0].location != right[0].location
    if not hash_changed and not location_changed:
        return None
    both = "both_changed" if hash_changed and location_changed else None
    detail = both or ("hash_changed" if hash_changed else "location_changed")
    return ArtifactChange(kind, left_ref, right_ref, "changed", links, detail)


def _bodies(artifacts: Sequence[ArtifactRecord]) -> list[tuple[str, str]] | None:
    """Hash and place of each body, sorted; ``None`` is never equal, a hash being unknown."""
    if any(item.hash_value is None for item in artifacts):
        return [("", item.artifact_ref) for item in artifacts]
    return sorted((item.hash_value or "", item.location or "") for item in artifacts)
