"""Which parts to merge: in tiers of size, so that each row is rewritten a few times only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from contexta.store.records._compact_models import CompactionGroup, CompactionPlan
from contexta.store.records._part_entry import PartEntry

PART_CAP_BYTES = 128 << 20
PART_CAP_ROWS = 1 << 24
SMALL_PART_BYTES = 1 << 20
FAN_IN = 32
IN_MEMORY_ROWS = 400_000
IN_MEMORY_BYTES = 32 << 20

_LEAST_IN_TIER = 16
_TIERS = (SMALL_PART_BYTES, 16 << 20, PART_CAP_BYTES // 2)
_MOST_PARTS = 4096


def plan_for(
    parts: Collection[PartEntry],
    *,
    full: bool = False,
    max_bytes: int | None = None,
    leave: Collection[str] = (),
) -> CompactionPlan:
    """Plan one round.

    Args:
        parts: The current parts.
        full: Whether to merge everything that is not large, instead of tiers that are full.
        max_bytes: Most bytes to read.
        leave: Paths of parts that are not to be touched.
    """
    places: dict[tuple[str, str], list[PartEntry]] = {}
    for part in parts:
        if part.path not in leave and not _is_large(part):
            places.setdefault((part.record_type, part.project), []).append(part)
    groups = []
    left = max_bytes
    for (record_type, project), found in sorted(places.items()):
        for chosen in _groups(found, full=full):
            chosen = list(_within(chosen, left))
            if len(chosen) < 2:
                continue
            group = CompactionGroup(
                record_type,
                project,
                tuple(part.path for part in chosen),
                sum(part.rows for part in chosen),
                sum(part.size for part in chosen),
            )
            groups.append(group)
            left = None if left is None else left - group.size
    return CompactionPlan(tuple(groups), len(parts), sum(part.size for part in parts), full)


def _is_large(part: PartEntry) -> bool:
    return part.size >= PART_CAP_BYTES // 2 or part.rows >= PART_CAP_ROWS // 2


def _groups(parts: Sequence[PartEntry], *, full: bool) -> Iterator[list[PartEntry]]:
    # By time of arrival, so that a run that wrote for long lies together.
    ordered = sorted(parts, key=lambda part: (part.first_sequence, part.path))
    if full:
        yield from _cut(ordered)
        return
    low = 0
    for high in _TIERS:
        tier = [part for part in ordered if low <= part.size < high]
        if len(tier) >= _LEAST_IN_TIER:
            yield from _cut(tier)
        low = high


def _cut(parts: Sequence[PartEntry]) -> Iterator[list[PartEntry]]:
    """Cut into groups of at most `FAN_IN`, or of any number that fits in memory together."""
    group: list[PartEntry] = []
    rows = size = 0
    for part in parts:
        rows, size = rows + part.rows, size + part.size
        fits = rows <= IN_MEMORY_ROWS and size <= IN_MEMORY_BYTES and len(group) < _MOST_PARTS
        if group and not fits and len(group) >= FAN_IN:
            yield group
            group, rows, size = [], part.rows, part.size
        group.append(part)
    yield group


def _within(parts: Sequence[PartEntry], limit: int | None) -> Iterator[PartEntry]:
    total = 0
    for part in parts:
        total += part.size
        if limit is not None and total > limit:
            return
        yield part
