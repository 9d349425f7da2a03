"""Orders by a value that a run may lack: its status, its duration, one of its parameters.

The value is a number, a text, or nothing, and runs come in this order of kinds whatever the
direction, which turns numbers among numbers and texts among texts. Runs that tie come by start,
oldest first, then by id, also whatever the direction. One rule for all repositories: they differ
only in where the value is read from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from contexta.interpretation.instants import instant_us, sort_instant
from contexta.interpretation.query.filters import VALUE_SORT_FIELDS, as_number, as_text

if TYPE_CHECKING:
    from contexta.interpretation.query.filters import RunListQuery
    from contexta.interpretation.repositories.records import RunRecord

# Kind and value, start in microseconds since 1970 UTC, id. A plain tuple: ten thousand of them
# are made for one list, and instances of a class of ours would each be visited by the collector.
Place = tuple[int, float | str, int, str]

_NUMBER, _TEXT, _NOTHING = range(3)
_NOTHING_KNOWN: tuple[int, float | str] = (_NOTHING, 0)
# What stands for a value that JSON cannot write, wherever it came from; None: for no value.
_WORDS = {
    "null": None,
    "NaN": None,
    "nan": None,
    "Infinity": math.inf,
    "inf": math.inf,
    "-Infinity": -math.inf,
    "-inf": -math.inf,
}
_SIGNIFICANT = 200  # characters of a text, so that a cursor fits into an address


def is_by_value(query: RunListQuery) -> bool:
    """Whether the order is one of these."""
    return query.sort_by in VALUE_SORT_FIELDS or query.sort_param is not None


def place_of(run: RunRecord, query: RunListQuery) -> Place:
    """Return the place of a run."""
    started = sort_instant(run.started_at)
    if query.sort_by == "status":
        own = of_status(run.status)
    elif query.sort_by == "duration":
        own = of_duration(instant_us(run.started_at), instant_us(run.ended_at))
    else:
        value = run.params.get(query.sort_param or "")
        number = as_number(value)
        own = of_param(number, as_text(value) if number is None else None)
    return (*own, started, run.run_id)


def of_status(status: str) -> tuple[int, float | str]:
    """Return the kind and value of a status: the word."""
    return _TEXT, status


def of_duration(started_us: int | None, ended_us: int | None) -> tuple[int, float | str]:
    """Return the kind and value of a duration: microseconds, nothing before the end."""
    if started_us is None or ended_us is None:
        return _NOTHING_KNOWN
    return _NUMBER, ended_us - started_us


def of_param(number: float | None, text: str | None) -> tuple[int, float | str]:
    """Return the kind and value of a parameter that is a number or a text, or neither."""
    if number is None and text is not None:
        if text not in _WORDS:
            return _TEXT, text[:_SIGNIFICANT]
        number = _WORDS[text]
    return _NOTHING_KNOWN if number is None or math.isnan(number) else (_NUMBER, number)


def in_order(places: Iterable[Place], *, descending: bool) -> list[str]:
    """Return the ids of runs in the order of their places."""
    kinds: tuple[list[Place], ...] = ([], [], [])
    for place in places:
        kinds[place[0]].append(place)
    by_value: Any = itemgetter(1)  # of one kind, so all numbers or all texts
    for kind, found in enumerate(kinds):
        found.sort(key=itemgetter(2, 3))
        if kind != _NOTHING:
            found.sort(key=by_value, reverse=descending)
    return [place[3] for found in kinds for place in found]


def is_behind(own: Place, other: Place, *, descending: bool) -> bool:
    """Whether one place comes after another."""
    if own[0] != other[0]:
        return own[0] > other[0]
    mine: Any = own[1]
    theirs: Any = other[1]
    if mine != theirs:
        return bool(mine < theirs if descending else mine > theirs)
    return own[2:] > other[2:]
