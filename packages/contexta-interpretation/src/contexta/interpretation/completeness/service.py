"""Finds out what is missing beside a number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from contexta.interpretation.completeness._records import count_records
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.protocols import CompletenessReader

if TYPE_CHECKING:
    from contexta.interpretation.query.service import QueryService


def completeness_of(
    query_service: QueryService, run_ids: Iterable[str], metric_keys: Sequence[str] | None = None
) -> Completeness:
    """Count what is known to be missing or doubtful in some runs.

    A repository with counts of its own answers from its index, in one question for all runs;
    otherwise the records are counted.

    Args:
        query_service: Where to ask.
        run_ids: Run ids, or names where the repository has counts of its own; one that is given
            twice counts once, a canonical id that is unknown counts as a run without anything.
        metric_keys: Only what concerns these metrics: points and non-finite values of theirs,
            ``missing`` for each run that lacks one of them, and no artifacts. What is counted by
            run only (degraded, lost, damaged, ...) is counted for the whole run. ``None``: all.

    Raises:
        ResolutionError: no run, or several, have a name that is no canonical id.
        ValidationError: an id starts with ``run:`` and is no ref.
    """
    repository = query_service.repository
    if isinstance(repository, CompletenessReader):
        run_ids = (_canonical(query_service, run_id) for run_id in run_ids)
    ids = tuple(dict.fromkeys(run_ids))
    keys = None if metric_keys is None else tuple(dict.fromkeys(metric_keys))
    if not ids:
        return Completeness()
    if isinstance(repository, CompletenessReader):
        # In this order: what is damaged among the artifacts shows when they are listed.
        bodies = repository.missing_bodies(ids) if keys is None else 0
        return repository.completeness_counts(ids, keys) + Completeness(missing_bodies=bodies)
    return count_records(repository, ids, keys)


def _canonical(query_service: QueryService, run_id: str) -> str:
    """Return the id itself where it is one; looking each up would cost as much as counting."""
    if isinstance(run_id, str) and run_id.startswith("run:"):
        return run_id
    return query_service.require_run(run_id).run_id
