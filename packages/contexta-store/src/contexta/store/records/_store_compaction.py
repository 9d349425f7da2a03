"""The methods of a record store that compact it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.records._store_writing import StoreWriting

if TYPE_CHECKING:
    from contexta.store.records._compact_models import CompactionPlan, CompactionReport


class StoreCompaction(StoreWriting):
    """Merging small parts into large ones."""

    def plan_compaction(self, *, full: bool = False) -> CompactionPlan:
        """Return what `compact` would merge first; changes nothing. `str` gives it as text."""
        from contexta.store.records._compact import plan_layout

        self._check_usable()
        return plan_layout(self._layout, full=full)

    def compact(self, *, full: bool = False, max_bytes: int | None = None) -> CompactionReport:
        """Merge small parts of a record type and project into larger ones, up to 128 MiB.

        Records, their numbers and references stay as they are, and every other process may
        append and read meanwhile. Each merge is verified row by row before it takes effect; a
        damaged part is left as it is and reported. What was replaced stays in `_retired` for
        ten minutes, for readers that began before. Needs at most about 600 MB of memory.

        Args:
            full: Whether to merge whatever is not large yet. Otherwise parts are merged when at
                least 16 of similar size have gathered, so that each record is rewritten few
                times in its life.
            max_bytes: Most bytes to read; None for no limit.

        Raises:
            ReadOnlyStoreError: `record_store_read_only`.
            StoreError: When something cannot be written; what was merged before stays.
        """
        from contexta.store.records._compact import compact_layout
        from contexta.store.records._index import note_published

        self._check_writable("compact")
        report = compact_layout(self._layout, full=full, max_bytes=max_bytes)
        if self.config.enable_indexes:
            note_published(self._layout, thorough=True)
        return report
