"""What the record plane takes and returns. Everything here is frozen and compares by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import ValidationError
from contexta.contract.time import normalize_timestamp
from contexta.store.records._enums import DurabilityStatus, IntegrityState, ReplayMode
from contexta.store.records.schema import RECORD_TYPES

if TYPE_CHECKING:
    from contexta.contract.records import (
        DegradedRecord,
        MetricRecord,
        StructuredEventRecord,
        TraceSpanRecord,
    )

    AnyRecord = StructuredEventRecord | MetricRecord | TraceSpanRecord | DegradedRecord


def _refuse(code: str, text: str, **details: Any) -> ValidationError:
    return ValidationError(text, code=f"record_store_{code}", details=details)


def _number(name: str, value: object, minimum: int = 1) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise _refuse("invalid_number", f"{name} is {value!r}; expected an int >= {minimum}.")


def _text(code: str, name: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise _refuse(code, f"{name} is {value!r}; expected a non-blank text.")


@dataclass(frozen=True, slots=True)
class AppendReceipt:
    """One accepted record: its number, where it is, and how safe it is.

    `segment_id` and `offset` are opaque; ordering by them is ordering by `sequence`.
    """

    sequence: int
    segment_id: int
    offset: int
    record_ref: str
    record_type: str
    run_ref: str
    durability_status: DurabilityStatus = DurabilityStatus.ACCEPTED

    def __post_init__(self) -> None:
        for name in ("sequence", "segment_id", "offset"):
            _number(name, getattr(self, name))
        _text("invalid_record_ref", "record_ref", self.record_ref)
        _text("invalid_run_ref", "run_ref", self.run_ref)
        if self.record_type not in RECORD_TYPES:
            raise _refuse("invalid_record_type", f"{self.record_type!r} is not a record type.")


@dataclass(frozen=True, slots=True)
class AppendRejection:
    """One item that was not stored; `index` is its position in the input, from 0."""

    index: int
    code: str
    message: str
    record_ref: str | None = None
    record_type: str | None = None

    def __post_init__(self) -> None:
        _number("index", self.index, 0)
        _text("invalid_rejection", "code", self.code)
        _text("invalid_rejection", "message", self.message)


@dataclass(frozen=True, slots=True)
class AppendSkip:
    """One item that was there already, by its reference; `index` is its position in the input."""

    index: int
    record_ref: str
    record_type: str


@dataclass(frozen=True, slots=True)
class AppendResult:
    """What became of each item; `durability_status` is that of the weakest receipt.

    `skipped` lists items that the store had already, for appends with `skip_existing`.
    """

    accepted: tuple[AppendReceipt, ...] = ()
    rejected: tuple[AppendRejection, ...] = ()
    durability_status: DurabilityStatus = DurabilityStatus.ACCEPTED
    durable_count: int = 0
    skipped: tuple[AppendSkip, ...] = ()

    def __post_init__(self) -> None:
        for name in ("accepted", "rejected", "skipped"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not 0 <= self.durable_count <= len(self.accepted):
            raise _refuse(
                "invalid_append_result",
                f"durable_count is {self.durable_count} with {len(self.accepted)} accepted.",
            )

    @property
    def accepted_count(self) -> int:
        """Number of stored records."""
        return len(self.accepted)

    @property
    def rejected_count(self) -> int:
        """Number of refused items."""
        return len(self.rejected)

    @property
    def skipped_count(self) -> int:
        """Number of items that were there already."""
        return len(self.skipped)

    @property
    def success(self) -> bool:
        """Whether nothing was rejected."""
        return not self.rejected


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as it was appended, with its number; `appended_at` is UTC text.

    `writer_id` names the process that wrote it; two records compare without it.
    """

    sequence: int
    segment_id: int
    offset: int
    appended_at: str
    record: AnyRecord
    writer_id: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for name in ("sequence", "segment_id", "offset"):
            _number(name, getattr(self, name))
        try:
            object.__setattr__(self, "appended_at", normalize_timestamp(self.appended_at))
        except ValidationError as error:
            raise _refuse("invalid_timestamp", f"appended_at: {error.message}") from error
        if getattr(self.record, "envelope", None) is None:
            raise _refuse("invalid_record", f"{type(self.record).__name__} is not a record.")

    @property
    def record_ref(self) -> str:
        """Text of the record's reference."""
        return str(self.record.envelope.record_ref)

    @property
    def record_type(self) -> str:
        """`event`, `metric`, `span` or `degraded`."""
        return str(self.record.envelope.record_type)

    @property
    def run_ref(self) -> str:
        """Text of the run's reference."""
        return str(self.record.envelope.run_ref)

    @property
    def stage_execution_ref(self) -> str | None:
        """Text of the stage's reference, if any."""
        return _optional(self.record.envelope.stage_execution_ref)

    @property
    def batch_execution_ref(self) -> str | None:
        """Text of the batch's reference, if any."""
        return _optional(self.record.envelope.batch_execution_ref)

    @property
    def sample_observation_ref(self) -> str | None:
        """Text of the sample's reference, if any."""
        return _optional(self.record.envelope.sample_observation_ref)


def _optional(ref: object) -> str | None:
    return None if ref is None else str(ref)


@dataclass(frozen=True, slots=True)
class KnownGap:
    """Something that cannot be read, and which sequence numbers it concerns, if known.

    `details` names the file and the place in it.
    """

    code: str
    message: str
    segment_id: int
    line_number: int | None = None
    start_sequence: int | None = None
    end_sequence: int | None = None
    details: Mapping[str, Any] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        _text("invalid_gap", "code", self.code)
        _text("invalid_gap", "message", self.message)
        _number("segment_id", self.segment_id)
        for name in ("line_number", "start_sequence", "end_sequence"):
            if getattr(self, name) is not None:
                _number(name, getattr(self, name))
        start, end = self.start_sequence, self.end_sequence
        if start is not None and end is not None and start > end:
            raise _refuse("invalid_gap", f"The gap starts at {start}, behind its end {end}.")
        details = dict(sorted((self.details or {}).items()))
        object.__setattr__(self, "details", MappingProxyType(details))

    def __reduce__(self) -> tuple[Any, ...]:
        values = (self.code, self.message, self.segment_id, self.line_number)
        return KnownGap, (*values, self.start_sequence, self.end_sequence, dict(self.details or {}))


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """Records in sequence order, and everything known to be missing beside them."""

    records: tuple[StoredRecord, ...] = ()
    record_count: int = 0
    mode: ReplayMode = ReplayMode.STRICT
    warnings: tuple[str, ...] = ()
    known_gaps: tuple[KnownGap, ...] = ()
    integrity_state: IntegrityState = IntegrityState.HEALTHY

    def __post_init__(self) -> None:
        for name in ("records", "warnings", "known_gaps"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.records and self.record_count != len(self.records):
            raise _refuse(
                "invalid_replay_result",
                f"record_count is {self.record_count} with {len(self.records)} records.",
            )
        if self.mode is ReplayMode.STRICT and (self.warnings or self.known_gaps):
            raise _refuse("invalid_replay_result", "A strict replay has no warnings and no gaps.")


@dataclass(frozen=True, slots=True)
class IntegrityIssue:
    """One finding of a check; `severity` is `error` or `warning`."""

    severity: str
    code: str
    message: str
    segment_id: int | None = None
    line_number: int | None = None


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """Result of reading every byte of a store."""

    healthy: bool
    issues: Sequence[IntegrityIssue] = ()
    segment_count: int = 0
    record_count: int = 0
    state: IntegrityState = IntegrityState.HEALTHY
    recommendations: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair changed; `quarantined_paths` are files that exist."""

    success: bool
    repaired_segments: Sequence[int] = ()
    quarantined_paths: Sequence[str] = ()
    rebuilt_indexes: bool = False
    integrity_state: IntegrityState = IntegrityState.DEGRADED
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()


class DeadWriter(NamedTuple):
    """What a process left that ended without closing the store.

    `torn_bytes` is the length of a last record that was cut in the middle; it was never
    acknowledged.
    """

    writer_id: str
    last_record_at_us: int | None
    record_count: int
    torn_bytes: int


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One metric of one run and stage, over all its points.

    `first` and `last` are by observed time, ties by sequence. `min`, `max`, `mean` and `m2` (sum
    of squared distances from the mean) are over finite values, None when there are none.
    """

    run_ref: str
    stage_execution_ref: str | None
    metric_key: str
    unit: str | None
    count: int
    first: float
    last: float
    min: float | None
    max: float | None
    mean: float | None
    m2: float | None
    nonfinite_count: int
    last_step: int | None
    first_observed_us: int
    last_observed_us: int
    last_record_ref: str
