"""Outcome objects that library calls return instead of raising.

An outcome says whether the work was done (`SUCCESS`), done with something
missing (`DEGRADED`) or not done (`FAILURE`), and why. All classes are frozen;
mappings are stored sorted and read-only. Constructors raise `ValueError` for
arguments that contradict each other, which is a bug in the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self, TypeVar

from contexta.contract.errors import ContextaError

__all__ = [
    "BatchResult",
    "DegradationNote",
    "FailureInfo",
    "MessageLevel",
    "OperationResult",
    "ReadOnlyMapping",
    "ResultMessage",
    "ResultStatus",
    "enum_member",
    "read_only",
]

E = TypeVar("E", bound=Enum)


class ReadOnlyMapping(Mapping[str, Any]):
    """Mapping sorted by key that cannot be changed; picklable and comparable to a dict."""

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        source = data or {}
        self._data = {key: source[key] for key in sorted(source)}

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"ReadOnlyMapping({self._data!r})"


def read_only(data: Mapping[str, Any] | None) -> ReadOnlyMapping:
    """Return `data` as a sorted read-only mapping; None becomes empty."""
    return data if isinstance(data, ReadOnlyMapping) else ReadOnlyMapping(data)


def enum_member(kind: type[E], value: object) -> E:
    """Return the member of `kind` that `value` names, whatever its case.

    Raises:
        ValueError: `value` is no member; the message lists the members.
    """
    if isinstance(value, kind):
        return value
    if isinstance(value, str) and value.strip().upper() in kind.__members__:
        return kind[value.strip().upper()]
    raise ValueError(
        f"{value!r} is not a {kind.__name__}; use one of {', '.join(kind.__members__)}"
    )


def _require_text(name: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} must be a non-empty string, got {value!r}")


class ResultStatus(str, Enum):  # noqa: UP042 - StrEnum would change str() of the members
    """Overall outcome of one call."""

    SUCCESS = "SUCCESS"
    DEGRADED = "DEGRADED"
    FAILURE = "FAILURE"


class MessageLevel(str, Enum):  # noqa: UP042 - as above
    """Weight of a message inside a result."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class ResultMessage:
    """One remark about the call. `code` is stable, `message` is for people."""

    level: MessageLevel
    code: str
    message: str
    details: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", enum_member(MessageLevel, self.level))
        _require_text("code", self.code)
        object.__setattr__(self, "details", read_only(self.details))

    def to_dict(self) -> dict[str, Any]:
        """Return level, code, message, details."""
        return {
            "level": self.level.value,
            "code": self.code,
            "message": self.message,
            "details": dict(self.details or {}),
        }


@dataclass(frozen=True, slots=True)
class DegradationNote:
    """What is missing from a degraded outcome, and which planes it touches."""

    code: str
    message: str
    fidelity_loss: bool = True
    recoverable: bool = True
    affected_planes: tuple[str, ...] = ()
    details: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        _require_text("code", self.code)
        object.__setattr__(self, "affected_planes", tuple(self.affected_planes))
        object.__setattr__(self, "details", read_only(self.details))

    def to_dict(self) -> dict[str, Any]:
        """Return all fields in order."""
        return {
            "code": self.code,
            "message": self.message,
            "fidelity_loss": self.fidelity_loss,
            "recoverable": self.recoverable,
            "affected_planes": list(self.affected_planes),
            "details": dict(self.details or {}),
        }


@dataclass(frozen=True, slots=True)
class FailureInfo:
    """Why a call failed. `retryable` says whether trying again can help."""

    code: str
    message: str
    retryable: bool = False
    error_type: str | None = None
    details: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        _require_text("code", self.code)
        object.__setattr__(self, "details", read_only(self.details))

    @classmethod
    def from_exception(cls, error: BaseException) -> FailureInfo:
        """Describe `error`; a foreign exception gets the code `unexpected_error`."""
        name = type(error).__name__
        if isinstance(error, ContextaError):
            return cls(error.code, error.message, error.retryable, name, error.details)
        return cls("unexpected_error", str(error) or name, False, name)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields in order."""
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "error_type": self.error_type,
            "details": dict(self.details or {}),
        }


@dataclass(frozen=True, slots=True)
class OperationResult:
    """Outcome of one call.

    `applied` is False when nothing was changed; `planned_only` when nothing
    was meant to be. SUCCESS carries no failure, DEGRADED at least one note,
    FAILURE a failure.

    Raises:
        ValueError: the fields contradict each other.
    """

    status: ResultStatus
    value: Any = None
    messages: tuple[ResultMessage, ...] = ()
    degradation_notes: tuple[DegradationNote, ...] = ()
    failure: FailureInfo | None = None
    applied: bool = True
    planned_only: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "status", enum_member(ResultStatus, self.status))
        put(self, "messages", tuple(self.messages))
        put(self, "degradation_notes", tuple(self.degradation_notes))
        put(self, "metadata", read_only(self.metadata))
        check_outcome(self)

    @property
    def succeeded(self) -> bool:
        """Everything was done."""
        return self.status is ResultStatus.SUCCESS

    @property
    def degraded(self) -> bool:
        """Done, with something missing."""
        return self.status is ResultStatus.DEGRADED

    @property
    def failed(self) -> bool:
        """Not done."""
        return self.status is ResultStatus.FAILURE

    def __bool__(self) -> bool:
        return True

    @classmethod
    def success(cls, value: Any = None, **fields: Any) -> Self:
        """Build a SUCCESS outcome."""
        return cls(status=ResultStatus.SUCCESS, value=value, **fields)

    @classmethod
    def with_degradation(cls, value: Any = None, **fields: Any) -> Self:
        """Build a DEGRADED outcome; give at least one of `degradation_notes`."""
        return cls(status=ResultStatus.DEGRADED, value=value, **fields)

    @classmethod
    def failure_result(cls, failure: FailureInfo | BaseException, **fields: Any) -> Self:
        """Build a FAILURE outcome from a description or an exception."""
        info = failure if isinstance(failure, FailureInfo) else FailureInfo.from_exception(failure)
        fields.setdefault("applied", False)
        return cls(status=ResultStatus.FAILURE, failure=info, **fields)


def check_outcome(result: OperationResult) -> None:
    """Raise `ValueError` when status, notes, failure and flags contradict each other."""
    if result.status is ResultStatus.SUCCESS and result.failure is not None:
        raise ValueError("a SUCCESS result carries no failure; pass status FAILURE or no failure")
    if result.status is ResultStatus.DEGRADED and not result.degradation_notes:
        raise ValueError("a DEGRADED result needs at least one degradation note")
    if result.status is ResultStatus.FAILURE and result.failure is None:
        raise ValueError("a FAILURE result needs a failure")
    if result.planned_only and result.applied:
        raise ValueError("planned_only requires applied=False")


@dataclass(frozen=True, slots=True)
class BatchResult(OperationResult):
    """Outcome of several calls made as one."""

    items: tuple[OperationResult, ...] = ()

    def __post_init__(self) -> None:
        OperationResult.__post_init__(self)
        object.__setattr__(self, "items", tuple(self.items))

    @property
    def total_count(self) -> int:
        """Number of items."""
        return len(self.items)

    @property
    def success_count(self) -> int:
        """Items with status SUCCESS."""
        return sum(item.succeeded for item in self.items)

    @property
    def degraded_count(self) -> int:
        """Items with status DEGRADED."""
        return sum(item.degraded for item in self.items)

    @property
    def failure_count(self) -> int:
        """Items with status FAILURE."""
        return sum(item.failed for item in self.items)

    @classmethod
    def aggregate(cls, items: Iterable[OperationResult], **fields: Any) -> Self:
        """Combine: any failed item makes FAILURE, else any degraded one DEGRADED."""
        kept = tuple(items)
        notes = tuple(note for item in kept for note in item.degradation_notes)
        failed = next((item.failure for item in kept if item.failed), None)
        status = ResultStatus.SUCCESS
        if failed is not None:
            status = ResultStatus.FAILURE
        elif any(item.degraded for item in kept):
            status = ResultStatus.DEGRADED
        return cls(status=status, items=kept, degradation_notes=notes, failure=failed, **fields)
