"""Which columns a statement reads, found out on empty tables before anything is loaded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from contexta.sql._check import Checked
from contexta.sql._views import VIEWS

# The one optimizer that finds unused columns; others could drop whole tables that are empty.
_KEPT = "unused_columns"


def prepare(connection: Any) -> None:
    """Make the views as empty tables."""
    for view in VIEWS.values():
        columns = ", ".join(f'"{one.name}" {one.type}' for one in view.columns)
        connection.execute(f'CREATE TABLE "{view.name}" ({columns})')
    names = connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()
    others = ",".join(name for (name,) in names if name != _KEPT)
    connection.execute(f"SET disabled_optimizers = '{others}'")


def columns_read(checked: Checked, connection: Any) -> dict[str, tuple[str, ...]]:
    """Return the columns that are needed of each view.

    A view that the plan does not show is needed as a whole.

    Raises:
        duckdb.Error: the statement names what is not there, or makes no sense.
    """
    rows = connection.execute(f"EXPLAIN (FORMAT json)\n{checked.sql}").fetchall()
    found: dict[str, set[str]] = {}
    waiting = list(json.loads(rows[0][1]))
    while waiting:
        node = waiting.pop()
        waiting.extend(node.get("children", ()))
        extra = node.get("extra_info") or {}
        name = str(extra.get("Table", "")).rsplit(".", 1)[-1]
        if name in VIEWS:
            found.setdefault(name, set()).update(_listed(extra.get("Projections")))
    return {
        name: tuple(
            column.name
            for column in VIEWS[name].columns
            if name not in found or column.name in found[name]
        )
        for name in checked.views
    }


def _listed(projections: object) -> Iterable[str]:
    if isinstance(projections, str):
        return [projections] if projections else []
    return [str(one) for one in projections] if isinstance(projections, list) else []
