"""Parameters and tags of runs as rows, so that SQL can filter by them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam

from contexta.store.metadata._tables import run_params, run_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection


# Built once: building a statement costs more than running it.
_INSERT_PARAMS = run_params.insert()
_INSERT_TAGS = run_tags.insert()
_DELETE_PARAMS = run_params.delete().where(run_params.c.run_ref == bindparam("ref"))
_DELETE_TAGS = run_tags.delete().where(run_tags.c.run_ref == bindparam("ref"))


def write_params(
    connection: Connection, run_ref: str, params: Mapping[str, Any], *, is_new: bool
) -> None:
    """Make the rows of a run's parameters equal to `params`."""
    if not is_new:
        connection.execute(_DELETE_PARAMS, {"ref": run_ref})
    if params:
        connection.execute(
            _INSERT_PARAMS,
            [param_row(run_ref, key, value) for key, value in params.items()],
        )


def write_tags(
    connection: Connection, run_ref: str, tags: Mapping[str, str], *, is_new: bool
) -> None:
    """Make the rows of a run's tags equal to `tags`."""
    if not is_new:
        connection.execute(_DELETE_TAGS, {"ref": run_ref})
    if tags:
        connection.execute(
            _INSERT_TAGS,
            [{"run_ref": run_ref, "key": key, "value": value} for key, value in tags.items()],
        )


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
