"""What several parts ask of the record store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol


class RecordReader(Protocol):
    """The part of the record store that gives columns, and says what is not in them."""

    def arrow(
        self,
        record_type: str,
        *,
        run_refs: Iterable[str] | None = None,
        keys: Iterable[str] | None = None,
        columns: Iterable[str] | None = None,
    ) -> Any:
        """Return an Arrow table of matching records, sorted by sequence."""
        ...

    def damage(self, *, run_refs: Iterable[str] | None = None) -> Sequence[Any]:
        """Return what is known to be unreadable, as far as it may concern the runs."""
        ...
