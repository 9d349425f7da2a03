"""Pages of runs by where the one before ended, not by how many came before.

What SQL can order is continued by the metadata store's own cursor, at the same cost for every
page. Other orders (a metric, the end, a status that depends on a living process) are continued
behind the sort key of the last run, found in the list of ids.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ValidationError
from contexta.interpretation.instants import sort_instant
from contexta.interpretation.protocols import CompositeRepository, RunIndexReader
from contexta.interpretation.query._order import Place, is_behind, is_by_value, place_of
from contexta.interpretation.query._selection import is_decided_here, select_from, select_ids
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.metrics import run_values
from contexta.interpretation.query.models import RunPage

if TYPE_CHECKING:
    from contexta.interpretation.repositories.records import RunRecord

_VERSION = "q1"
_STORE, _KEY = "s", "k"
_MAX_LENGTH = 1 << 20
_Position = list[Any]


def page_of_runs(
    repository: CompositeRepository, query: RunListQuery, after: str | None, limit: int
) -> RunPage:
    """Return the page behind ``after``, or the first one; see ``QueryService.page_runs``."""
    _check(query, limit)
    kind, position = (None, []) if after is None else _read(query, after)
    if kind != _KEY and isinstance(repository, RunIndexReader):
        found = _from_store(repository, query, position[0] if position else None, limit)
        if found is not None:
            return found
    if kind == _STORE:
        raise _invalid("it is of another workspace")
    return _from_ids(repository, query, position, limit)


def _check(query: RunListQuery, limit: int) -> None:
    if type(limit) is not int or limit <= 0:
        raise ValidationError(
            f"limit is {limit!r}; it must be a whole number above 0",
            code="query_invalid_page",
            details={"field": "limit"},
        )
    if query.offset or query.limit is not None:
        raise ValidationError(
            "a query that is paged has no limit and no offset of its own; give limit and after "
            "to page_runs",
            code="query_invalid_page",
            details={"limit": query.limit, "offset": query.offset},
        )


def _from_store(
    repository: CompositeRepository, query: RunListQuery, after: str | None, limit: int
) -> RunPage | None:
    if is_decided_here(repository, query) or not isinstance(repository, RunIndexReader):
        return None
    try:
        found = repository.page_runs(query, after=after, limit=limit)
    except ValidationError as error:
        if error.code != "metadata_invalid_cursor":
            raise
        raise _invalid("it is of another list") from error
    if found is None:
        return None
    runs, cursor = found
    return RunPage(tuple(runs), None if cursor is None else _write(query, _STORE, [cursor]))


def _from_ids(
    repository: CompositeRepository, query: RunListQuery, position: _Position, limit: int
) -> RunPage:
    """Cut a page out of the list of ids, which costs the same for each page."""
    if isinstance(repository, RunIndexReader):
        ids: Sequence[str] = select_ids(repository, query)
        load: Callable[[Sequence[str]], Sequence[RunRecord]] = repository.get_runs
    else:
        runs = {run.run_id: run for run in select_from(repository, query)}
        ids, load = tuple(runs), lambda wanted: [runs[run_id] for run_id in wanted]
    values: dict[str, float] = {}
    if query.sort_metric is not None:
        values = run_values(repository, ids, query.sort_metric)
    named = query.run_ids is not None or not isinstance(repository, RunIndexReader)
    if position and named and position[-1] in ids:  # ties are in the order of naming there
        start = ids.index(position[-1]) + 1
    else:
        start = _start(ids, position, query, values, load) if position else 0
    shown = tuple(load(ids[start : start + limit]))
    while not shown and start + limit < len(ids):  # none of them can be read
        start += limit
        shown = tuple(load(ids[start : start + limit]))
    if start + limit >= len(ids):
        return RunPage(shown, None)
    return RunPage(shown, _write(query, _KEY, _position(shown[-1], query, values)))


def _position(run: RunRecord, query: RunListQuery, values: dict[str, float]) -> _Position:
    """The sort key of a run, turned so that greater is later, and its id; or its place."""
    if is_by_value(query):
        return list(place_of(run, query))
    started = sort_instant(run.started_at)
    if query.sort_metric is not None:
        value = values.get(run.run_id)
        if value is None or value != value:
            return [1, 0.0, started, run.run_id]
        return [0, repr(-value if query.sort_desc else value), started, run.run_id]
    if query.sort_by == "ended_at":
        ended = sort_instant(run.ended_at)
        return [-ended if query.sort_desc else ended, started, run.run_id]
    return [run.name if query.sort_by == "name" else started, run.run_id]


def _start(
    ids: Sequence[str],
    position: _Position,
    query: RunListQuery,
    values: dict[str, float],
    load: Callable[[Sequence[str]], Sequence[RunRecord]],
) -> int:
    """The first place behind a position: each step of the search halves what is left."""
    low, high = 0, len(ids)
    while low < high:
        middle = looked_at = (low + high) // 2
        found = load([ids[looked_at]])
        while not found and looked_at + 1 < high:  # one that cannot be read has no place
            looked_at += 1
            found = load([ids[looked_at]])
        if not found or _is_behind(_position(found[0], query, values), position, query):
            high = middle
        else:
            low = looked_at + 1
    return low


def _is_behind(own: _Position, position: _Position, query: RunListQuery) -> bool:
    if is_by_value(query):
        return is_behind(_place(own), _place(position), descending=query.sort_desc)
    left, right = _comparable(own), _comparable(position)
    turned = query.sort_desc and query.sort_by in ("started_at", "name")
    return left < right if turned else left > right


def _place(position: _Position) -> Place:
    kind, value, started, run_id = position
    return kind, value, started, run_id


def _comparable(position: _Position) -> tuple[Any, ...]:
    """Turn what JSON kept as text back into a number; infinities have no other form there."""
    if len(position) == 4:
        flag, value, started, run_id = position
        return (flag, float(value), started, run_id)
    return tuple(position)


def _write(query: RunListQuery, kind: str, position: _Position) -> str:
    body = json.dumps([kind, position], separators=(",", ":")).encode()
    return f"{_VERSION}.{_tag(query, body)}.{base64.urlsafe_b64encode(body).decode()}"


def _read(query: RunListQuery, cursor: object) -> tuple[str, _Position]:
    if not isinstance(cursor, str) or not cursor.isascii() or len(cursor) > _MAX_LENGTH:
        raise _invalid("it is not a cursor")
    version, tag, encoded = [*cursor.split(".", 2), "", ""][:3]
    if version != _VERSION or not encoded:
        raise _invalid("it is not a cursor of this release")
    try:
        body = base64.b64decode(encoded, altchars=b"-_", validate=True)
    except ValueError as error:
        raise _invalid("it is damaged") from error
    if tag != _tag(query, body):
        raise _invalid("it is damaged, or of a list with other filters or another order")
    kind, position = json.loads(body)
    return kind, position


def _tag(query: RunListQuery, body: bytes) -> str:
    asked = json.dumps(replace(query, limit=None, offset=0).to_dict(), sort_keys=True)
    return blake2b(asked.encode("utf-8", "surrogatepass") + b"\0" + body, digest_size=8).hexdigest()


def _invalid(reason: str) -> ValidationError:
    return ValidationError(
        f"this cursor cannot continue the list: {reason}; pass the next_cursor of the page "
        "before with the same query, or start without one",
        code="query_invalid_cursor",
        details={"reason": reason},
    )
