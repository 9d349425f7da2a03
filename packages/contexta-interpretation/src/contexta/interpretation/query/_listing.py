"""Filtering, order and paging of run lists, for repositories that push nothing down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from contexta.interpretation.instants import instant_us, sort_instant
from contexta.interpretation.query._order import in_order, is_by_value, place_of
from contexta.interpretation.query.filters import RunListQuery, meets_param
from contexta.interpretation.repositories.records import RunRecord

_T = TypeVar("_T")


def filter_runs(runs: Iterable[RunRecord], query: RunListQuery) -> tuple[RunRecord, ...]:
    """Keep the runs that meet every filter except the metric conditions."""
    return tuple(run for run in runs if _keeps(run, query))


def _keeps(run: RunRecord, query: RunListQuery) -> bool:
    if query.status is not None and run.status != query.status:
        return False
    if query.name is not None and run.name != query.name:
        return False
    if query.run_ids is not None and run.run_id not in query.run_ids:
        return False
    if any(run.tags.get(key) != value for key, value in (query.tags or {}).items()):
        return False
    for key, wanted in query.params.items():
        if key not in run.params or not meets_param(run.params[key], wanted):
            return False
    return _in_range(run, query)


def _in_range(run: RunRecord, query: RunListQuery) -> bool:
    bounds = query.time_range
    if bounds is None or (bounds.started_after is None and bounds.started_before is None):
        return True
    started = instant_us(run.started_at)
    if started is None:
        return False
    after, before = bounds.after_us, bounds.before_us
    return (after is None or started >= after) and (before is None or started <= before)


def sort_runs(runs: Iterable[RunRecord], query: RunListQuery) -> tuple[RunRecord, ...]:
    """Sort stably by the query's field; a metric order is made later, from values."""
    if is_by_value(query):
        by_id = {run.run_id: run for run in runs}
        places = (place_of(run, query) for run in by_id.values())
        return tuple(by_id[run_id] for run_id in in_order(places, descending=query.sort_desc))
    keys: dict[str, Callable[[RunRecord], int | str]] = {
        "started_at": lambda run: sort_instant(run.started_at),
        "ended_at": lambda run: sort_instant(run.ended_at),
        "name": lambda run: run.name or "",
    }
    key = keys.get(query.sort_by)
    if key is None:
        return tuple(runs)
    return tuple(sorted(runs, key=key, reverse=query.sort_desc))


def page(runs: Sequence[_T], query: RunListQuery) -> tuple[_T, ...]:
    """Apply offset, then limit, to runs or their ids."""
    end = None if query.limit is None else query.offset + query.limit
    return tuple(runs[query.offset : end])
