"""Parameters, tags and origins of runs as rows, so that SQL can filter by them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam

from contexta.store.metadata._tables import run_origins, run_params, run_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from contexta.contract import Run


# Built once: building a statement costs more than running it.
_INSERT_PARAMS = run_params.insert()
_INSERT_TAGS = run_tags.insert()
_INSERT_ORIGIN = run_origins.insert()
_DELETE_PARAMS = run_params.delete().where(run_params.c.run_ref == bindparam("ref"))
_DELETE_TAGS = run_tags.delete().where(run_tags.c.run_ref == bindparam("ref"))
_DELETE_ORIGIN = run_origins.delete().where(run_origins.c.run_ref == bindparam("ref"))


def write_facts(
    connection: Connection, runs: Iterable[Run], before: Mapping[str, Run | None]
) -> None:
    """Bring the rows that are derived from runs in step with them.

    Args:
        connection: Of the transaction of the put.
        runs: The runs as stored now.
        before: By ref, the runs that were replaced; None for one that could not be read. Those
            that are not in it are new.
    """
    params: list[tuple[str, list[dict[str, Any]]]] = []
    tags: list[tuple[str, list[dict[str, Any]]]] = []
    origins: list[tuple[str, list[dict[str, Any]]]] = []
    for run in runs:
        ref = run.run_ref.text
        old = before.get(ref)
        if old is None or old.params != run.params:
            params.append((ref, [param_row(ref, *item) for item in run.params.items()]))
        if old is None or old.tags != run.tags:
            rows = [{"run_ref": ref, "key": key, "value": own} for key, own in run.tags.items()]
            tags.append((ref, rows))
        if old is None or _origin(old) != _origin(run):
            origins.append((ref, _origin_rows(run)))
    for delete, insert, changed in (
        (_DELETE_PARAMS, _INSERT_PARAMS, params),
        (_DELETE_TAGS, _INSERT_TAGS, tags),
        (_DELETE_ORIGIN, _INSERT_ORIGIN, origins),
    ):
        stale = [{"ref": ref} for ref, _ in changed if ref in before]
        if stale:
            connection.execute(delete, stale)
        fresh = [row for _, rows in changed for row in rows]
        if fresh:
            connection.execute(insert, fresh)


def _origin(run: Run) -> tuple[str | None, str | None]:
    return run.code_revision, run.dataset_ref


def _origin_rows(run: Run) -> list[dict[str, Any]]:
    code, dataset = _origin(run)
    if code is None and dataset is None:
        return []
    return [{"run_ref": run.run_ref.text, "code_revision": code, "dataset_ref": dataset}]


def param_row(run_ref: str, key: str, value: object) -> dict[str, Any]:
    """Return the row of one parameter."""
    text, number = param_value(value)
    return {"run_ref": run_ref, "key": key, "text": text, "number": number}


def param_value(value: object) -> tuple[str, float | None]:
    """Return a parameter value as (text, number).

    `number` is None for what is not a finite number of the range of a double. A text stays as
    it is; True, False and None become `true`, `false` and `null`, like the words.
    """
    if isinstance(value, str):
        return value, None
    if value is None or isinstance(value, bool):
        return json.dumps(value), None
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return str(value), None
        return str(value), number if math.isfinite(number) else None
    return json.dumps(value, sort_keys=True, default=str), None
