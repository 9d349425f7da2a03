"""One entity that has gone different ways in two workspaces."""

from __future__ import annotations

from typing import Any, NamedTuple

_RANKS = {"open": 0, "interrupted": 1}
_ENDED = 2


class Combined(NamedTuple):
    """The content that counts from now on, and the fields in which ours was kept."""

    content: dict[str, Any]
    conflicts: tuple[str, ...]


def combine(
    ours: dict[str, Any],
    theirs: dict[str, Any],
    *,
    their_lead: int,
    seen: bool = False,
) -> Combined:
    """Bring an entity forward, never back.

    A status goes from `open` to an end; of two ends, and of two values of anything else, that of
    the higher revision counts, and ours when they are equal. What only one side has is kept.

    Args:
        ours: The content here.
        theirs: The content of the source.
        their_lead: Their revision minus ours.
        seen: Whether their status was here before, and was changed since.
    """
    content = dict(ours)
    conflicts = []
    done = {"status", "ended_at"} if "status" in ours else set()
    if done and _status_goes(ours, theirs, their_lead=their_lead, seen=seen):
        content["status"], content["ended_at"] = theirs.get("status"), theirs.get("ended_at")
    for name, value in theirs.items():
        own = ours.get(name)
        if name in done or own == value:
            continue
        if isinstance(own, dict) and isinstance(value, dict):
            content[name], lost = _united(own, value, their_lead=their_lead)
            conflicts += [f"{name}.{key}" for key in lost]
        elif not own or (value and their_lead > 0):
            content[name] = value
        elif value and their_lead == 0:
            conflicts.append(name)
    return Combined(content, tuple(conflicts))


def _status_goes(
    ours: dict[str, Any], theirs: dict[str, Any], *, their_lead: int, seen: bool
) -> bool:
    if seen:
        return False
    own, other = _rank(ours), _rank(theirs)
    if other != own:
        return other > own or their_lead > 0  # a run can be opened again
    return their_lead > 0


def _rank(content: dict[str, Any]) -> int:
    return _RANKS.get(content["status"], _ENDED)


def _united(
    ours: dict[str, Any], theirs: dict[str, Any], *, their_lead: int
) -> tuple[dict[str, Any], list[str]]:
    differ = sorted(key for key in ours.keys() & theirs.keys() if ours[key] != theirs[key])
    if their_lead > 0:
        return {**ours, **theirs}, []
    return {**theirs, **ours}, differ if their_lead == 0 else []
