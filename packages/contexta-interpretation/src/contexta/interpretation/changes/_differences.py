"""What sets the runs after a change apart from those before, the best explanation first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from contexta.interpretation.changes._facts import KINDS, Facts
from contexta.interpretation.changes.models import Difference

_ABSENT = object()
_SEPARATES, _NEARBY, _NEVER_SHARED, _VARIES = range(4)
# The interval of a place misses it in one of twenty histories, and rarely by more than this.
_BESIDE = 3


def rank_differences(
    before: Sequence[Facts],
    after: Sequence[Facts],
    *,
    index: int,
    earliest: int,
    latest: int,
) -> tuple[Difference, ...]:
    """Return what differs between the last run before and the first run after, and more.

    First comes what has one value in every run before and another in every run after. Then what
    does so at a run in the interval of the change's place, or up to three runs beside it. Then
    what differs and was never the same on both sides (as revisions are); last what differs, but
    also within a side.

    Args:
        before: facts of runs up to the change, oldest first; not empty.
        after: facts of runs from the change on; not empty.
        index: place of ``after[0]`` in the history.
        earliest: with ``latest`` the interval of the place.
        latest: see there.
    """
    facts = [*before, *after]
    ranked = []
    for kind, key in sorted({name for one in facts for name in one.values}):
        told = [(place, one) for place, one in enumerate(facts) if kind in one.known]
        values = {place: _plain(one.values.get((kind, key), _ABSENT)) for place, one in told}
        found = _judge(values, len(before), earliest - index - _BESIDE, latest - index + _BESIDE)
        if found is None:
            continue
        tier, shift, agreeing = found
        first = len(before) + shift
        ranked.append(
            _difference(
                kind, key, facts, first, index + shift, tier, agreeing, len(values), abs(shift)
            )
        )
    ranked.sort(key=_order)
    return tuple(difference for _, difference in ranked)


def _order(item: tuple[int, Difference]) -> tuple[int, float, int, str]:
    tier, difference = item
    share = difference.runs_agreeing / max(1, difference.runs_known)
    return tier, -share, KINDS.index(difference.kind), difference.key


def _judge(
    values: dict[int, Any], first: int, earliest: int, latest: int
) -> tuple[int, int, int] | None:
    """Return (tier, how far from the change, runs agreeing); ``None`` for no difference."""
    if first - 1 not in values or first not in values:
        return None
    shifts = sorted(range(earliest, latest + 1), key=abs)
    for shift in shifts:
        left = [value for place, value in values.items() if place < first + shift]
        right = [value for place, value in values.items() if place >= first + shift]
        if _one(left) and _one(right) and left[0] != right[0]:
            return (_NEARBY if shift else _SEPARATES), shift, len(values)
    if values[first - 1] == values[first]:
        return None
    left = [value for place, value in values.items() if place < first]
    right = [value for place, value in values.items() if place >= first]
    agreeing = Counter(left)[values[first - 1]] + Counter(right)[values[first]]
    return (_VARIES if set(left) & set(right) else _NEVER_SHARED), 0, agreeing


def _one(values: Sequence[Any]) -> bool:
    return bool(values) and all(value == values[0] for value in values)


def _difference(
    kind: str,
    key: str,
    facts: Sequence[Facts],
    first: int,
    index: int,
    tier: int,
    agreeing: int,
    known: int,
    away: int,
) -> tuple[int, Difference]:
    sides = (facts[first - 1], facts[first])
    old, new = (side.values.get((kind, key), _ABSENT) for side in sides)
    change = "added" if old is _ABSENT else "removed" if new is _ABSENT else "changed"
    labels = {
        _SEPARATES: f"consistent with the change across {known} runs",
        _NEARBY: f"consistent across {known} runs, but from {sides[1].run.run_id} on, "
        f"{away} run{'s' * (away > 1)} beside the change",
        _NEVER_SHARED: f"never the same before and after, but not constant on each side "
        f"({agreeing} of {known} runs agree)",
        _VARIES: f"varies anyway: {agreeing} of {known} runs agree with the change",
    }
    return tier, Difference(
        kind=kind,
        key=key,
        before_value=None if old is _ABSENT else old,
        after_value=None if new is _ABSENT else new,
        change=change,
        separates=tier in (_SEPARATES, _NEARBY),
        index=index,
        runs_agreeing=agreeing,
        runs_known=known,
        label=labels[tier],
        evidence_links=tuple(dict.fromkeys(side.link(kind, key) for side in sides)),
    )


def _plain(value: Any) -> Any:
    """Make a value hashable, and booleans different from numbers."""
    if value is _ABSENT or isinstance(value, str):
        return value
    if isinstance(value, float) and value != value:
        return "nan", "float"
    if isinstance(value, (bool, int, float)):
        return ("bool", value) if isinstance(value, bool) else ("number", value)
    return "json", json.dumps(value, sort_keys=True, default=str)


def known_kinds(facts: Iterable[Facts]) -> frozenset[str]:
    """Return the kinds of facts that every one of the runs tells."""
    kinds = frozenset(KINDS)
    for one in facts:
        kinds &= one.known
    return kinds
