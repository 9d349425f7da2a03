"""Which records a read wants."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from contexta.contract.errors import ValidationError
from contexta.contract.time import normalize_timestamp, to_epoch_us
from contexta.store.records.schema import RECORD_TYPES

_REFS = ("run_ref", "stage_execution_ref", "batch_execution_ref", "sample_observation_ref")
_TIMES = ("start_time", "end_time")
_TIME_FIELDS = ("recorded", "observed", "appended")


@dataclass(frozen=True, slots=True)
class ScanFilter:
    """Conditions that a record must meet, all of them; None means any.

    Attributes:
        run_ref: Exact text; like the other references stripped, blank meaning None.
        stage_execution_ref: Exact text.
        batch_execution_ref: Exact text.
        sample_observation_ref: Exact text.
        record_type: `event`, `metric`, `span` or `degraded`.
        start_time: Earliest instant, inclusive; ISO text or datetime, naive meaning UTC.
        end_time: Latest instant, inclusive.
        key: Exact metric, event or issue key, or span name.
        time_field: Which time the bounds mean: `recorded`, `observed` or `appended`.
        after_sequence: Only records behind this number; with `limit` this pages through a store.
        limit: At most so many records.

    Raises:
        ValidationError: `record_store_invalid_text`, `..._record_type`, `..._timestamp`,
            `..._time_range` or `..._number`.
    """

    run_ref: str | None = None
    stage_execution_ref: str | None = None
    batch_execution_ref: str | None = None
    sample_observation_ref: str | None = None
    record_type: str | None = None
    start_time: str | datetime | None = None
    end_time: str | datetime | None = None
    key: str | None = None
    time_field: str = "recorded"
    after_sequence: int | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        for name in (*_REFS, "key"):
            object.__setattr__(self, name, _optional_text(name, getattr(self, name)))
        kind = _optional_text("record_type", self.record_type)
        if kind is not None:
            kind = kind.lower()
            if kind not in RECORD_TYPES:
                raise _invalid("record_type", f"{kind!r} is not one of {', '.join(RECORD_TYPES)}.")
        object.__setattr__(self, "record_type", kind)
        for name in _TIMES:
            object.__setattr__(self, name, _instant(name, getattr(self, name)))
        start, end = self.bounds_us
        if start is not None and end is not None and start > end:
            raise _invalid("time_range", f"{self.start_time} is later than {self.end_time}.")
        if self.time_field not in _TIME_FIELDS:
            raise _invalid("text", f"time_field is {self.time_field!r}, not one of {_TIME_FIELDS}.")
        for name in ("after_sequence", "limit"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 0):
                raise _invalid("number", f"{name} is {value!r}; expected an int >= 0.")

    @property
    def bounds_us(self) -> tuple[int | None, int | None]:
        """Start and end in microseconds since 1970 UTC."""
        start, end = self.start_time, self.end_time
        return (
            None if start is None else to_epoch_us(start),
            None if end is None else to_epoch_us(end),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return every field by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def _optional_text(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _invalid(
            "record_type" if name == "record_type" else "text",
            f"{name} is a {type(value).__name__}; expected text or None.",
        )
    return value.strip() or None


def _instant(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value.strip():
        try:
            naive = datetime.fromisoformat(value.strip())
        except ValueError:
            pass  # the contract reads more forms, and its error is the one to show
        else:
            value = naive if naive.tzinfo else naive.replace(tzinfo=UTC)
    elif not isinstance(value, datetime):
        raise _invalid("timestamp", f"{name} is {value!r}; expected ISO text or a datetime.")
    try:
        return normalize_timestamp(value)
    except ValidationError as error:
        raise _invalid("timestamp", f"{name}: {error.message}") from error


def _invalid(what: str, text: str) -> ValidationError:
    return ValidationError(
        f"The scan filter is not usable: {text}", code=f"record_store_invalid_{what}"
    )
