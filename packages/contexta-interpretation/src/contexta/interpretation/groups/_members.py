"""Which runs a group has, and which belong together."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from contexta.contract.errors import ValidationError
from contexta.interpretation._nearest import hint, nearest
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.groups.errors import GroupError
from contexta.interpretation.groups.models import ReplicateGroup
from contexta.interpretation.protocols import RunIndexReader
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import RunRecord

#: What names a group: a query, one run, several runs, or a replicate group.
Selection = RunListQuery | ReplicateGroup | str | Iterable[str]


def select_runs(query_service: QueryService, selection: object) -> tuple[RunRecord, ...]:
    """Return the runs of one side; a query may select none.

    Raises:
        ValidationError: the selection is of another type (``groups_invalid_selection``).
        ResolutionError: a run is unknown or its name is ambiguous.
        GroupError: a run is named twice (``groups_run_repeated``).
    """
    if isinstance(selection, RunListQuery):
        return query_service.list_runs(query=selection)
    if isinstance(selection, ReplicateGroup):
        names: list[Any] = list(selection.run_ids)
    elif isinstance(selection, str):
        names = [selection]
    elif isinstance(selection, Iterable):
        names = list(selection)
    else:
        names = [selection]
    if not all(isinstance(name, str) for name in names):
        raise ValidationError(
            f"{selection!r} does not name runs; give a RunListQuery, a run id, several run ids, "
            "or a ReplicateGroup",
            code="groups_invalid_selection",
        )
    runs = _load(query_service, names)
    counts = Counter(run.run_id for run in runs)
    repeated = [run_id for run_id, count in counts.items() if count > 1]
    if repeated:
        raise GroupError(
            f"{', '.join(repeated)} named more than once in one group; each run counts once",
            code="groups_run_repeated",
            details={"run_ids": repeated},
        )
    return runs


def _load(query_service: QueryService, names: Sequence[str]) -> tuple[RunRecord, ...]:
    """Return the named runs: refs in one question, other names one by one."""
    refs = [name for name in names if name.startswith("run:")]
    repository = query_service.repository
    listed: Sequence[RunRecord] = ()
    if isinstance(repository, RunIndexReader):
        listed = repository.get_runs(refs) if refs else ()
    elif refs:
        listed = query_service.list_runs(query=RunListQuery(run_ids=tuple(refs)))
    known = {run.run_id: run for run in listed}
    return tuple(known.get(name) or query_service.require_run(name) for name in names)


def refuse_overlap(left: Sequence[RunRecord], right: Sequence[RunRecord]) -> None:
    """Refuse groups that share a run: their difference would be of a thing with itself.

    Raises:
        GroupError: ``groups_run_in_both``.
    """
    ids = {run.run_id for run in left}
    both = [run.run_id for run in right if run.run_id in ids]
    if both:
        shown = ", ".join(both[:5]) + (" ..." if len(both) > 5 else "")
        raise GroupError(
            f"{shown} in both groups ({len(both)} in all); narrow one of the queries, or name the "
            "runs by id",
            code="groups_run_in_both",
            details={"run_ids": both},
        )


def not_completed(**sides: Sequence[RunRecord]) -> list[CompletenessNote]:
    """Say for each side how many of its runs are open, failed or cancelled: they count too."""
    notes = []
    for side, runs in sides.items():
        counts = Counter(run.status for run in runs if run.status != "completed")
        if counts:
            summary = f"groups_runs_not_completed:{side}"
            notes.append(CompletenessNote("warning", summary, dict(sorted(counts.items()))))
    return notes


def check_params(runs: Sequence[RunRecord], keys: Sequence[str]) -> None:
    """Refuse params that no run has, as a typing error would group everything together.

    Raises:
        ResolutionError: ``groups_unknown_param``; ``details`` name the nearest.
    """
    known = {key for run in runs for key in run.params}
    unknown = [key for key in keys if key not in known]
    if not runs or not unknown:
        return
    close = {key: list(nearest(key, known)) for key in unknown}
    texts = [f"{key!r}{hint(close[key])}" for key in unknown]
    raise ResolutionError(
        f"no run has the param {'; nor '.join(texts)}",
        code="groups_unknown_param",
        details={"params": unknown, "nearest": close},
    )


def param_key(value: object) -> tuple[str, object]:
    """A hashable key under which equal params meet: 1 and 1.0 do, 1 and true do not."""
    if isinstance(value, bool) or value is None:
        return ("literal", value)
    if isinstance(value, float) and math.isnan(value):
        return ("literal", "nan")
    if isinstance(value, (int, float)):
        return ("number", value)
    if isinstance(value, str):
        return ("text", value)
    return ("json", json.dumps(value, sort_keys=True, default=str))


def pair_runs(
    left: Sequence[RunRecord], right: Sequence[RunRecord], param: str
) -> list[tuple[str, str]]:
    """Return the run ids that have the same value of ``param``, left first, in left's order.

    Raises:
        ResolutionError: no run has the param (``groups_unknown_param``).
        GroupError: a value occurs twice in one group (``groups_ambiguous_pairs``).
    """
    check_params([*left, *right], [param])
    first, second = _by_value(left, param, "left"), _by_value(right, param, "right")
    return [(run_id, second[key]) for key, run_id in first.items() if key in second]


def _by_value(runs: Sequence[RunRecord], param: str, side: str) -> dict[object, str]:
    found: dict[object, list[RunRecord]] = {}
    for run in runs:
        if param in run.params:
            found.setdefault(param_key(run.params[param]), []).append(run)
    twice = {str(rows[0].params[param]): rows for rows in found.values() if len(rows) > 1}
    if twice:
        names = ", ".join(f"{param}={value} ({len(rows)} runs)" for value, rows in twice.items())
        raise GroupError(
            f"the {side} group has several runs of {names}; pairs need one run per value, so "
            "narrow the group, or compare without paired_by",
            code="groups_ambiguous_pairs",
            details={"side": side, "values": {v: [r.run_id for r in w] for v, w in twice.items()}},
        )
    return {key: rows[0].run_id for key, rows in found.items()}
