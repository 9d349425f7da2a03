"""Which runs a query selects and in which order, decided on ids; only the shown ones are read."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from contexta.interpretation.instants import sort_instant
from contexta.interpretation.protocols import CompositeRepository, ExpressionReader, RunIndexReader
from contexta.interpretation.query._expression_runs import matching_runs
from contexta.interpretation.query._listing import filter_runs, page, sort_runs
from contexta.interpretation.query.filters import OPERATORS, RunListQuery
from contexta.interpretation.query.metrics import run_values

if TYPE_CHECKING:
    from contexta.interpretation.repositories.records import RunRecord

_MOST_TIES = 200


def select_runs(repository: CompositeRepository, query: RunListQuery) -> tuple[RunRecord, ...]:
    """Return the runs that meet every condition, in the order asked for, paged."""
    if not isinstance(repository, RunIndexReader):
        return select_from(repository, query)
    best = _best(repository, query)
    if best is not None:
        return best
    return tuple(repository.get_runs(select_ids(repository, query)))


def select_from(repository: CompositeRepository, query: RunListQuery) -> tuple[RunRecord, ...]:
    """The same where a list of all runs is all that there is."""
    runs = filter_runs(repository.list_runs(query.project_name), query)
    if query.expression is not None:
        runs = matching_runs(repository, runs, query.expression)
    ordered = {run.run_id: run for run in sort_runs(runs, query)}
    return tuple(ordered[run_id] for run_id in _by_metrics(repository, list(ordered), query))


def select_ids(
    repository: CompositeRepository, query: RunListQuery, *, ordered: bool = True
) -> tuple[str, ...]:
    """Return the ids of :func:`select_runs`; one that cannot be read may be among them.

    In any order when it need not be ``ordered`` and no page is cut, which costs half.
    """
    if not isinstance(repository, RunIndexReader):
        return tuple(run.run_id for run in select_from(repository, query))
    ordered = ordered or query.limit is not None or query.offset > 0
    if not is_decided_here(repository, query):
        return tuple(repository.find_run_ids(query, ordered=ordered))
    ids = repository.find_run_ids(unpaged(repository, query), ordered=ordered)
    return _by_metrics(repository, _matching(repository, ids, query), query)


def is_decided_here(repository: CompositeRepository, query: RunListQuery) -> bool:
    """Whether the repository cannot know which runs are on the page."""
    return query.needs_metrics or _is_matched_here(repository, query)


def unpaged(repository: CompositeRepository, query: RunListQuery) -> RunListQuery:
    """What is asked of the repository when the page is cut here."""
    where = None if _is_matched_here(repository, query) else query.where
    return replace(query, where=where, limit=None, offset=0)


def _is_matched_here(repository: CompositeRepository, query: RunListQuery) -> bool:
    if query.where is None:
        return False
    return not (isinstance(repository, ExpressionReader) and repository.applies_expression(query))


def _matching(
    repository: CompositeRepository, ids: Sequence[str], query: RunListQuery
) -> Sequence[str]:
    """Keep the ids of runs for which the expression is true."""
    if query.expression is None or not _is_matched_here(repository, query):
        return ids
    runs = repository.get_runs(ids) if isinstance(repository, RunIndexReader) else ()
    return [run.run_id for run in matching_runs(repository, runs, query.expression)]


def meeting_conditions(
    repository: CompositeRepository, ids: Sequence[str], query: RunListQuery
) -> Sequence[str]:
    """Keep the ids of runs that have every metric asked for and meet its condition."""
    for condition in query.metric_conditions:
        values = run_values(repository, ids, condition.metric_key, stage_name=condition.stage_name)
        holds, threshold = OPERATORS[condition.operator], condition.threshold
        ids = [
            run_id
            for run_id in ids
            if (value := values.get(run_id)) is not None and holds(value, threshold)
        ]
    return ids


def by_value(
    ids: Sequence[str], values: dict[str, float], *, descending: bool
) -> tuple[list[str], list[str]]:
    """Sort by value, ties in the order given; and the ids without a value, or with NaN."""
    known: list[str] = []
    unknown: list[str] = []
    for run_id in ids:
        number = values.get(run_id)
        (unknown if number is None or number != number else known).append(run_id)
    known.sort(key=values.__getitem__, reverse=descending)
    return known, unknown


def _by_metrics(
    repository: CompositeRepository, ids: Sequence[str], query: RunListQuery
) -> tuple[str, ...]:
    kept = meeting_conditions(repository, ids, query)
    if query.sort_metric is not None:
        values = run_values(repository, kept, query.sort_metric)
        known, unknown = by_value(kept, values, descending=query.sort_desc)
        kept = [*known, *unknown]
    return page(kept, query)


def _best(repository: CompositeRepository, query: RunListQuery) -> tuple[RunRecord, ...] | None:
    """The first runs by a metric, without bringing the others in order.

    ``None`` where that does not answer: no limit, too few values, too many ties at the end,
    runs that were named, whose ties are in the order of naming.
    """
    if (
        query.sort_metric is None
        or query.run_ids is not None
        or query.limit is None
        or not isinstance(repository, RunIndexReader)
    ):
        return None
    ids = _matching(
        repository, repository.find_run_ids(unpaged(repository, query), ordered=False), query
    )
    ids = meeting_conditions(repository, ids, query)
    values = run_values(repository, ids, query.sort_metric)
    wanted = {run_id: values[run_id] for run_id in ids if run_id in values}
    numbers = [value for value in wanted.values() if value == value]
    end = query.offset + query.limit
    if len(numbers) < end:
        return None
    pick = heapq.nlargest if query.sort_desc else heapq.nsmallest
    edge = pick(end, numbers)[-1]
    chosen = [
        run_id
        for run_id, value in wanted.items()
        if (value >= edge if query.sort_desc else value <= edge)
    ]
    if len(chosen) > end + _MOST_TIES:
        return None
    runs = list(repository.get_runs(chosen))
    if len(runs) < len(chosen):
        return None
    if len({wanted[run_id] for run_id in chosen}) < len(chosen):
        runs.sort(key=lambda run: (sort_instant(run.started_at), run.run_id))
    runs.sort(key=lambda run: wanted[run.run_id], reverse=query.sort_desc)
    return page(runs, query)
