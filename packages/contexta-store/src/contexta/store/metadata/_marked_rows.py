"""Rows of the tables besides the entities: compared with their digest when they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract.errors import IntegrityError
from contexta.store.metadata._rows import row_digest
from contexta.store.metadata._tables import MARKED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Row

    from contexta.store.metadata._damage import DamageLog


def is_whole(table: str, row: Row[Any]) -> bool:
    """Tell whether a row that was selected with all columns is what was written."""
    values = row._mapping
    stored: object = values["digest"]
    return row_digest(table, tuple(values[name] for name in MARKED[table])) == stored


def whole_rows(table: str, rows: Iterable[Row[Any]], damage: DamageLog) -> list[Row[Any]]:
    """Return the rows that can be believed, in order; report the others."""
    found = []
    for row in rows:
        if is_whole(table, row):
            found.append(row)
            continue
        values = row._mapping
        plain = table.removeprefix("ledger_")
        ref = str(values.get("ref", values.get("run_ref")))
        damage.add(
            IntegrityError(
                f"A row of {ref!r} in {plain!r} does not match its digest.",
                code="metadata_row_damaged",
                details={"table": plain, "ref": ref, "reason": "its digest does not match"},
            )
        )
    return found
