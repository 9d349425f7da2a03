"""Rows that could not be read, kept until someone asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contexta.contract.errors import IntegrityError

_MAX_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class DamagedRow:
    """A row whose bytes are not what was written: its table, ref, and what is wrong."""

    table: str
    ref: str
    reason: str


class DamageLog:
    """The damaged rows that reads of one store have met; each once, at most 1,000."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], DamagedRow] = {}

    def add(self, error: IntegrityError) -> DamagedRow:
        """Remember a damaged row."""
        details = error.details or {}
        row = DamagedRow(
            str(details.get("table", "")),
            str(details.get("ref", "")),
            str(details.get("reason", error.message)),
        )
        if len(self._rows) < _MAX_ROWS:
            self._rows.setdefault((row.table, row.ref), row)
        return row

    def rows(self) -> tuple[DamagedRow, ...]:
        """Return what was met, by table and ref."""
        return tuple(self._rows[key] for key in sorted(self._rows.copy()))
