"""What bulk appends and imports answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from contexta.store.records._enums import DurabilityStatus
from contexta.store.records._models import AppendRejection


@dataclass(frozen=True, slots=True)
class BulkReceipt:
    """What became of the rows of one bulk append.

    Attributes:
        record_type: Type of the records.
        accepted_count: Rows that are stored.
        sequence_ranges: Their numbers in row order, as inclusive ranges; more than one when other
            threads appended in between or a block of numbers ended.
        rejected: Rows that are not stored, by index and code; empty unless asked for with
            `on_error="reject"`.
        ignored_columns: Columns of the table whose content the store itself decides.
        durability_status: How safe the stored rows are.
    """

    record_type: str
    accepted_count: int = 0
    sequence_ranges: tuple[tuple[int, int], ...] = ()
    rejected: tuple[AppendRejection, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    durability_status: DurabilityStatus = DurabilityStatus.ACCEPTED

    @property
    def rejected_count(self) -> int:
        """Number of refused rows."""
        return len(self.rejected)

    @property
    def success(self) -> bool:
        """Whether nothing was rejected."""
        return not self.rejected

    @property
    def first_sequence(self) -> int | None:
        """Number of the first stored row; None when there is none."""
        return self.sequence_ranges[0][0] if self.sequence_ranges else None

    @property
    def last_sequence(self) -> int | None:
        """Number of the last stored row; None when there is none."""
        return self.sequence_ranges[-1][1] if self.sequence_ranges else None


@dataclass(frozen=True, slots=True)
class ImportRejection:
    """A record of an import source that was not taken.

    `line_number` counts lines of a JSONL file or rows of a Parquet file, from 1.
    """

    source: str
    line_number: int
    code: str
    message: str
    record_ref: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import took and what it could not keep.

    Attributes:
        read_count: Lines or rows looked at, blank lines left out.
        imported: Stored records by type.
        skipped: Records by type that the store had already, by reference.
        rejected: What was not taken, the first 1,000 of `rejected_count`.
        rejected_count: All that was not taken.
        lost_fields: Fields of the source that were not kept, by name, with the number of records
            that had them: `sequence`, `appended_at` and `writer_id` are given anew by the store.
        renamed_runs: Run references that were mapped, with the number of their records.
    """

    source: str
    read_count: int = 0
    imported: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    rejected: tuple[ImportRejection, ...] = ()
    rejected_count: int = 0
    lost_fields: Mapping[str, int] = field(default_factory=dict)
    renamed_runs: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("imported", "skipped", "lost_fields", "renamed_runs"):
            ordered = dict(sorted(getattr(self, name).items()))
            object.__setattr__(self, name, MappingProxyType(ordered))

    @property
    def imported_count(self) -> int:
        """Number of stored records."""
        return sum(self.imported.values())

    @property
    def skipped_count(self) -> int:
        """Number of records that were there already."""
        return sum(self.skipped.values())

    @property
    def success(self) -> bool:
        """Whether nothing was rejected."""
        return not self.rejected_count
