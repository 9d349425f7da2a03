"""Runs that repeat one another but for their seed, so that a difference gets an interval."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import GroupComparison, RunRecord

_SEED = re.compile(r"(?:^|[^a-z])(?:seed|random_?state|rng)s?(?:$|[^a-z])", re.IGNORECASE)
_MOST = 200


def replicates_of(ctx: Contexta, run: RunRecord) -> tuple[str, ...]:
    """Return the completed runs of the same name, params (seeds aside), code and data.

    This run is the first of them, and the only one where no param is a seed by its name. Of code
    and data the recorded revision and ref count: a run that recorded one repeats none without it.
    """
    from contexta.interpretation import RunListQuery

    if not any(_SEED.search(name) for name in run.params):
        return (run.run_id,)
    settled = {key: value for key, value in run.params.items() if not _SEED.search(key)}
    query = RunListQuery(
        project_name=run.project_name,
        name=run.name,
        status="completed",
        params=settled,
        limit=_MOST,
        sort_desc=True,
    )
    found = [one.run_id for one in ctx.list_runs(query=query) if _made_alike(one, run)]
    return tuple(dict.fromkeys((run.run_id, *found)))


def _made_alike(one: RunRecord, other: RunRecord) -> bool:
    """Tell whether two runs have params of the same names, and the same code and data."""
    return (set(one.params), one.code_revision, one.dataset_ref) == (
        set(other.params),
        other.code_revision,
        other.dataset_ref,
    )


def between_replicates(
    ctx: Contexta, left: RunRecord, right: RunRecord
) -> tuple[GroupComparison | None, tuple[str, ...], tuple[str, ...]]:
    """Return the comparison of both runs' replicates, and the ids of each side.

    No comparison where a side has only one run, or both are replicates of each other.
    """
    one, two = replicates_of(ctx, left), replicates_of(ctx, right)
    if min(len(one), len(two)) < 2 or set(one) & set(two):
        return None, one, two
    return ctx.compare_groups(one, two), one, two
