"""Filters as Arrow understands them: on tables, and on Parquet statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import ValidationError
from contexta.contract.time import to_epoch_us
from contexta.store.records._filter import ScanFilter
from contexta.store.records._plain_arrays import texts
from contexta.store.records.schema import KEY_COLUMNS, RECORD_TYPES

_REF_COLUMNS = (
    "run_ref",
    "stage_execution_ref",
    "batch_execution_ref",
    "sample_observation_ref",
)
_TIME_COLUMNS = {
    "recorded": ("recorded_at", "observed_at"),
    "observed": ("observed_at",),
    "appended": ("appended_at", "recorded_at", "observed_at"),
}


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Conditions on rows; None means any. Times are microseconds, both ends inclusive."""

    record_types: tuple[str, ...] = RECORD_TYPES
    words: tuple[tuple[str, frozenset[str]], ...] = ()
    keys: frozenset[str] | None = None
    start_us: int | None = None
    end_us: int | None = None
    time_field: str = "observed"
    after_sequence: int = 0

    @property
    def runs(self) -> frozenset[str] | None:
        """Wanted runs, None for any."""
        return dict(self.words).get("run_ref")

    def allowed(self, record_type: str) -> dict[str, frozenset[str]]:
        """Return the wanted texts by column of a record type."""
        wanted = dict(self.words)
        if self.keys is not None:
            wanted[KEY_COLUMNS[record_type]] = self.keys
        return wanted

    def columns(self, record_type: str) -> set[str]:
        """Return the columns that the filter looks at."""
        times = _TIME_COLUMNS[self.time_field] if self._has_times else ()
        return {*self.allowed(record_type), *times, "sequence"}

    @property
    def _has_times(self) -> bool:
        return self.start_us is not None or self.end_us is not None

    def apply(self, record_type: str, table: pa.Table) -> pa.Table:
        """Return the rows that meet every condition."""
        if table.num_rows == 0:
            return table
        for column, words in sorted(self.allowed(record_type).items()):
            table = table.filter(pc.is_in(table[column], value_set=texts(sorted(words))))
        if self.after_sequence:
            table = table.filter(pc.greater(table["sequence"], self.after_sequence))
        if self._has_times:
            moment = pc.coalesce(*(table[name] for name in _TIME_COLUMNS[self.time_field]))
            kind = moment.type
            if self.start_us is not None:
                table, moment = _keep(table, moment, pc.greater_equal, self.start_us, kind)
            if self.end_us is not None:
                table, _ = _keep(table, moment, pc.less_equal, self.end_us, kind)
        return table

    def may_match(self, record_type: str, statistics: dict[str, tuple[Any, Any]]) -> bool:
        """Whether rows with these minima and maxima by column can contain a match."""
        for column, words in self.allowed(record_type).items():
            if column in statistics:
                low, high = statistics[column]
                if not any(low <= word <= high for word in words):
                    return False
        sequences = statistics.get("sequence") if self.after_sequence else None
        if sequences is not None and sequences[1] <= self.after_sequence:
            return False
        return self._times_may_match(statistics)

    def _times_may_match(self, statistics: dict[str, tuple[Any, Any]]) -> bool:
        found = [statistics[n] for n in _TIME_COLUMNS[self.time_field] if n in statistics]
        if not self._has_times or "observed_at" not in statistics:
            return True
        low = min(to_epoch_us(first) for first, _ in found)
        high = max(to_epoch_us(last) for _, last in found)
        return (self.end_us is None or low <= self.end_us) and (
            self.start_us is None or high >= self.start_us
        )


def _keep(
    table: pa.Table, moment: Any, compare: Any, bound_us: int, kind: pa.DataType
) -> tuple[pa.Table, Any]:
    mask = compare(moment, pa.scalar(bound_us, pa.int64()).cast(kind))
    return table.filter(mask), moment.filter(mask)


def row_filter_of(scan: ScanFilter | None) -> RowFilter:
    """Translate a public filter.

    Raises:
        ValidationError: `record_store_invalid_filter` for what is none.
    """
    if scan is None:
        return RowFilter()
    if not isinstance(scan, ScanFilter):
        raise ValidationError(
            f"scan_filter must be a ScanFilter or None, not {type(scan).__name__}. "
            "Pass ScanFilter(run_ref=...).",
            code="record_store_invalid_filter",
        )
    start, end = scan.bounds_us
    words = tuple(
        (name, frozenset((getattr(scan, name),)))
        for name in _REF_COLUMNS
        if getattr(scan, name) is not None
    )
    return RowFilter(
        record_types=RECORD_TYPES if scan.record_type is None else (scan.record_type,),
        words=words,
        keys=None if scan.key is None else frozenset((scan.key,)),
        start_us=start,
        end_us=end,
        time_field=scan.time_field,
        after_sequence=scan.after_sequence or 0,
    )
