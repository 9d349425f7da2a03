"""The methods of a record store that answer with figures of many series at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from contexta.store.records._store_reading import StoreReading

if TYPE_CHECKING:
    import pyarrow as pa


class StoreFigures(StoreReading):
    """Columns instead of objects: of 10,000 runs they take a fiftieth of the time."""

    def metric_table(
        self, run_refs: Iterable[str] | None = None, keys: Iterable[str] | None = None
    ) -> pa.Table:
        """Return `metric_summaries` as an Arrow table, in the same order.

        Returns:
            Columns `run_ref`, `stage_execution_ref` (null: of the run itself), `metric_key`
            (strings), `count`, `nonfinite_count`, `last_us` (observed time of the last point,
            microseconds since 1970 UTC) and `last_sequence` (int64), `first`, `last`, `min`,
            `max` and `mean` (double; the last three null when no value is finite).

        Raises:
            ValidationError: `record_store_invalid_run_ref`.
        """
        from contexta.store.records._last_values import figures
        from contexta.store.records._reads import project_filter

        runs = None if run_refs is None else project_filter(run_refs)
        wanted = None if keys is None else frozenset(keys)
        question = self._question()
        found = question.answer(
            lambda look: figures(question.partials(look, runs, wanted)), bounded=runs is not None
        )
        self._remember(question.lost)
        return found
