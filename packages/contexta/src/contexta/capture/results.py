"""What a capture call returns: the outcome, the deliveries, and the payload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self, cast

from contexta.common.results import (
    BatchResult,
    DegradationNote,
    FailureInfo,
    MessageLevel,
    OperationResult,
    ResultMessage,
    ResultStatus,
    check_outcome,
    enum_member,
    read_only,
)

__all__ = [
    "BatchCaptureResult",
    "CaptureResult",
    "Delivery",
    "DeliveryStatus",
    "PayloadFamily",
    "ResultStatus",
]


class DeliveryStatus(str, Enum):  # noqa: UP042 - StrEnum would change str() of the members
    """What became of one payload at one destination."""

    SUCCESS = "SUCCESS"
    DEGRADED = "DEGRADED"
    FAILURE = "FAILURE"
    SKIPPED = "SKIPPED"


class PayloadFamily(str, Enum):  # noqa: UP042 - as above
    """Kind of payload that sinks receive."""

    CONTEXT = "CONTEXT"
    RECORD = "RECORD"
    ARTIFACT = "ARTIFACT"
    DEGRADATION = "DEGRADATION"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One payload at one destination: a truth plane (`local`) or a sink."""

    sink_name: str
    family: PayloadFamily
    status: DeliveryStatus
    detail: str = ""
    metadata: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", enum_member(PayloadFamily, self.family))
        object.__setattr__(self, "status", enum_member(DeliveryStatus, self.status))
        object.__setattr__(self, "metadata", read_only(self.metadata))

    def to_dict(self) -> dict[str, Any]:
        """Return all fields in order."""
        return {
            "sink_name": self.sink_name,
            "family": self.family.value,
            "status": self.status.value,
            "detail": self.detail,
            "metadata": dict(self.metadata or {}),
        }


def _plain(value: Any) -> Any:
    """Unfold a payload into plain dicts, lists and scalars."""
    if value is None or isinstance(value, str | int | float | bool):
        return value.value if isinstance(value, Enum) else value
    convert = getattr(value, "to_dict", None)
    if callable(convert):
        return _plain(convert())
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return str(value)


def _texts(name: str, values: Iterable[str]) -> tuple[str, ...]:
    kept = tuple(values)
    for value in kept:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{name} must hold non-blank strings, got {value!r}")
    return kept


@dataclass(frozen=True, slots=True, repr=False)
class CaptureResult(OperationResult):
    """Outcome of capturing one record or artifact.

    `payload` is what was built, kept also when storing it failed. A result is
    always truthy; ask `succeeded`, `degraded` or `failed`.

    Raises:
        ValueError: the fields contradict each other.
    """

    family: PayloadFamily = PayloadFamily.RECORD
    deliveries: tuple[Delivery, ...] = ()
    warnings: tuple[str, ...] = ()
    degradation_reasons: tuple[str, ...] = ()
    payload: Any = None
    degradation_emitted: bool = False
    degradation_payload: Any = None
    recovered_to_outbox: bool = False
    replay_refs: tuple[str, ...] = ()
    error_code: str | None = None
    error_message: str | None = None

    def __repr__(self) -> str:
        """One short line: a notebook shows the result of the last call of a cell."""
        why = self.error_message or "; ".join(self.degradation_reasons)
        said = f": {why[:200]}" if why else ""
        return f"<{type(self).__name__} {self.family.value} {self.status.value}{said}>"

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "family", enum_member(PayloadFamily, self.family))
        put(self, "status", enum_member(ResultStatus, self.status))
        put(self, "deliveries", tuple(self.deliveries))
        for name in ("warnings", "degradation_reasons", "replay_refs"):
            put(self, name, _texts(name, getattr(self, name)))
        put(self, "metadata", read_only(self.metadata))
        self._mirror_payload()
        self._fill_messages()
        self._fill_notes()
        self._fill_failure()
        check_outcome(self)
        if self.degradation_payload is not None and not self.degradation_emitted:
            raise ValueError("degradation_payload requires degradation_emitted=True")

    def _mirror_payload(self) -> None:
        if self.payload is None and self.value is not None:
            object.__setattr__(self, "payload", self.value)
        elif self.value is None and self.payload is not None:
            object.__setattr__(self, "value", self.payload)
        elif self.value is not self.payload and self.value != self.payload:
            raise ValueError("value and payload are the same thing; pass only one of them")

    def _fill_messages(self) -> None:
        messages = tuple(self.messages)
        known = {message.message for message in messages}
        added = tuple(
            ResultMessage(MessageLevel.WARNING, f"capture_warning_{number}", text)
            for number, text in enumerate(self.warnings, 1)
            if text not in known
        )
        object.__setattr__(self, "messages", messages + added)

    def _fill_notes(self) -> None:
        notes = tuple(self.degradation_notes)
        if self.status is ResultStatus.DEGRADED and not notes:
            notes = tuple(
                DegradationNote(
                    f"capture_degradation_{number}", reason, affected_planes=("capture",)
                )
                for number, reason in enumerate(self.degradation_reasons, 1)
            ) or (
                DegradationNote(
                    "capture_degraded", "capture was degraded", affected_planes=("capture",)
                ),
            )
        object.__setattr__(self, "degradation_notes", notes)

    def _fill_failure(self) -> None:
        failure = self.failure
        if self.status is ResultStatus.FAILURE and failure is None:
            failure = FailureInfo(
                self.error_code or "capture_failed", self.error_message or "capture failed"
            )
            object.__setattr__(self, "failure", failure)
        if failure is not None:
            object.__setattr__(self, "error_code", failure.code)
            object.__setattr__(self, "error_message", failure.message)

    @classmethod
    def success(  # type: ignore[override]  # the family comes first
        cls, family: Any = PayloadFamily.RECORD, **fields: Any
    ) -> Self:
        """Build a SUCCESS outcome."""
        return cls(status=ResultStatus.SUCCESS, family=family, **fields)

    @classmethod
    def with_degradation(  # type: ignore[override]  # the family comes first
        cls, family: Any = PayloadFamily.RECORD, **fields: Any
    ) -> Self:
        """Build a DEGRADED outcome; reasons become notes."""
        return cls(status=ResultStatus.DEGRADED, family=family, **fields)

    @classmethod
    def failure_result(  # type: ignore[override]  # the family comes first
        cls, family: Any, failure: FailureInfo | BaseException, **fields: Any
    ) -> Self:
        """Build a FAILURE outcome; give `payload` to keep what could not be stored."""
        info = failure if isinstance(failure, FailureInfo) else FailureInfo.from_exception(failure)
        fields.setdefault("applied", False)
        return cls(status=ResultStatus.FAILURE, family=family, failure=info, **fields)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data, payloads unfolded."""
        return {
            "family": self.family.value,
            "status": self.status.value,
            "deliveries": [delivery.to_dict() for delivery in self.deliveries],
            "warnings": list(self.warnings),
            "degradation_reasons": list(self.degradation_reasons),
            "payload": _plain(self.payload),
            "degradation_emitted": self.degradation_emitted,
            "degradation_payload": _plain(self.degradation_payload),
            "recovered_to_outbox": self.recovered_to_outbox,
            "replay_refs": list(self.replay_refs),
            "error_code": self.error_code,
            "error_message": self.error_message,
            "messages": [message.to_dict() for message in self.messages],
            "degradation_notes": [note.to_dict() for note in self.degradation_notes],
            "failure": None if self.failure is None else self.failure.to_dict(),
            "applied": self.applied,
            "planned_only": self.planned_only,
            "metadata": dict(self.metadata),
        }


@dataclass(frozen=True, slots=True)
class BatchCaptureResult(BatchResult):
    """Outcome of capturing several items; each keeps its own result in `results`."""

    family: PayloadFamily = field(default=PayloadFamily.RECORD)

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", enum_member(PayloadFamily, self.family))
        BatchResult.__post_init__(self)
        for item in self.items:
            if not isinstance(item, CaptureResult) or item.family is not self.family:
                raise ValueError(f"items must be CaptureResult of family {self.family.value}")

    @property
    def results(self) -> tuple[CaptureResult, ...]:
        """One result per item, in input order."""
        return cast("tuple[CaptureResult, ...]", self.items)

    @classmethod
    def aggregate(cls, family: Any, results: Iterable[CaptureResult], **fields: Any) -> Self:  # type: ignore[override]  # see above
        """Combine: all failed makes FAILURE, anything short of all succeeded DEGRADED."""
        items = tuple(results)
        failures = [item.failure for item in items if item.failed]
        notes = tuple(note for item in items for note in item.degradation_notes)
        status, failure = ResultStatus.SUCCESS, None
        if items and len(failures) == len(items):
            status, failure = ResultStatus.FAILURE, failures[0]
        elif not all(item.succeeded for item in items):
            status = ResultStatus.DEGRADED
            notes = notes or (
                DegradationNote(
                    "capture_batch_partial_failure",
                    f"{len(failures)} of {len(items)} items failed",
                    affected_planes=("capture",),
                ),
            )
        fields.setdefault("applied", not items or any(item.applied for item in items))
        return cls(
            status=status,
            family=family,
            items=items,
            degradation_notes=notes,
            failure=failure,
            **fields,
        )

    @classmethod
    def from_results(cls, family: Any, results: Iterable[CaptureResult], **fields: Any) -> Self:
        """Same as `aggregate`."""
        return cls.aggregate(family, results, **fields)

    def to_dict(self) -> dict[str, Any]:
        """Return the batch as plain data, item by item."""
        return {
            "family": self.family.value,
            "status": self.status.value,
            "results": [item.to_dict() for item in self.results],
            "messages": [message.to_dict() for message in self.messages],
            "degradation_notes": [note.to_dict() for note in self.degradation_notes],
            "failure": None if self.failure is None else self.failure.to_dict(),
            "applied": self.applied,
            "planned_only": self.planned_only,
            "metadata": dict(self.metadata),
        }
