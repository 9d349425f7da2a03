"""The port that sinks fill in, and the base class that saves the boilerplate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Self, runtime_checkable

from contexta.capture.results import DeliveryStatus, PayloadFamily
from contexta.common.results import enum_member, read_only
from contexta.contract.errors import DispatchError

_REF_FIELDS = (
    "operation_context_ref",
    "stage_execution_ref",
    "run_ref",
    "project_ref",
    "ref",
)


def extract_payload_ref(payload: Any) -> str | None:
    """Return the ref text that identifies `payload`, or None.

    Artifact payloads are dicts with a `manifest`; its `artifact_ref` counts.
    """
    if isinstance(payload, Mapping):
        manifest = payload.get("manifest")
        return None if manifest is None else extract_payload_ref(manifest)
    found = getattr(payload, "artifact_ref", None)
    if found is None:
        found = getattr(getattr(payload, "envelope", None), "record_ref", None)
    for name in _REF_FIELDS:
        found = getattr(payload, name, None) if found is None else found
    return None if found is None else str(found)


def serialize_payload(payload: Any) -> Any:
    """Unfold models, enums and sequences into JSON-ready data; unknown objects become text."""
    if isinstance(payload, Enum):
        return payload.value
    if payload is None or isinstance(payload, str | bool | int):
        return payload
    if isinstance(payload, float):
        # JSON has no NaN; the contract's wire form spells the three exceptions as text.
        return payload if payload - payload == 0 else _float_name(payload)
    convert = getattr(payload, "to_dict", None)
    if callable(convert):
        return serialize_payload(convert())
    if isinstance(payload, Mapping):
        return {str(key): serialize_payload(item) for key, item in payload.items()}
    if isinstance(payload, Iterable):
        return [serialize_payload(item) for item in payload]
    return str(payload)


def _float_name(value: float) -> str:
    if value != value:
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


@dataclass(frozen=True, slots=True)
class SinkCaptureReceipt:
    """What a sink says about one payload. SKIPPED is not a receipt.

    Raises:
        ValueError: the status is SKIPPED or unknown.
    """

    status: DeliveryStatus = DeliveryStatus.SUCCESS
    detail: str = ""
    metadata: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", enum_member(DeliveryStatus, self.status))
        if self.status is DeliveryStatus.SKIPPED:
            raise ValueError("a sink that was called has not skipped; return DEGRADED or FAILURE")
        object.__setattr__(self, "metadata", read_only(self.metadata))

    @classmethod
    def success(cls, *, detail: str = "", metadata: Mapping[str, Any] | None = None) -> Self:
        """Say that the payload was taken whole."""
        return cls(DeliveryStatus.SUCCESS, detail, metadata)

    @classmethod
    def degraded(cls, *, detail: str, metadata: Mapping[str, Any] | None = None) -> Self:
        """Say that the payload was taken with something missing."""
        return cls(DeliveryStatus.DEGRADED, detail, metadata)

    @classmethod
    def failure(cls, *, detail: str, metadata: Mapping[str, Any] | None = None) -> Self:
        """Say that the payload was not taken."""
        return cls(DeliveryStatus.FAILURE, detail, metadata)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields in order."""
        return {
            "status": self.status.value,
            "detail": self.detail,
            "metadata": dict(self.metadata or {}),
        }


@runtime_checkable
class Sink(Protocol):
    """A further destination of payloads. It must be callable from any thread."""

    name: str
    supported_families: Any

    def supports(self, family: Any) -> bool:
        """Say whether payloads of `family` are wanted."""
        ...

    def capture(self, *, family: Any, payload: Any) -> SinkCaptureReceipt:
        """Take one payload."""
        ...


@dataclass(frozen=True, slots=True)
class SinkCaptureRequest:
    """One payload with what identifies it."""

    family: PayloadFamily
    payload: Any
    payload_type: str | None = None
    payload_ref: str | None = None
    metadata: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "family", enum_member(PayloadFamily, self.family))
        put(self, "payload_type", self.payload_type or type(self.payload).__name__)
        put(self, "payload_ref", self.payload_ref or extract_payload_ref(self.payload))
        put(self, "metadata", read_only(self.metadata))

    @property
    def serialized_payload(self) -> Any:
        """The payload as plain JSON-ready data."""
        return serialize_payload(self.payload)

    def to_dict(self) -> dict[str, Any]:
        """Return family, payload_type, payload_ref, metadata, payload."""
        return {
            "family": self.family.value,
            "payload_type": self.payload_type,
            "payload_ref": self.payload_ref,
            "metadata": dict(self.metadata or {}),
            "payload": self.serialized_payload,
        }


class BaseSink:
    """Keep name and families of a sink; subclasses add `capture`.

    Args:
        name: shown in deliveries and logs.
        supported_families: members or names; None or empty means all four.

    Raises:
        ValueError: blank name or unknown family.
    """

    def __init__(
        self, *, name: str, supported_families: Iterable[PayloadFamily | str] | None = None
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"a sink needs a non-blank name, got {name!r}")
        self.name = name.strip()
        families = tuple(enum_member(PayloadFamily, item) for item in supported_families or ())
        self.supported_families: tuple[PayloadFamily, ...] = families or tuple(PayloadFamily)

    def supports(self, family: PayloadFamily | str) -> bool:
        """Say whether payloads of `family` are wanted."""
        return enum_member(PayloadFamily, family) in self.supported_families

    def make_request(
        self,
        *,
        family: PayloadFamily | str,
        payload: Any,
        metadata: Mapping[str, Any] | None = None,
    ) -> SinkCaptureRequest:
        """Wrap a payload.

        Raises:
            DispatchError: code `sink_family_not_supported`.
        """
        member = enum_member(PayloadFamily, family)
        if member not in self.supported_families:
            wanted = ", ".join(item.value for item in self.supported_families)
            raise DispatchError(
                f"sink {self.name!r} takes {wanted}, not {member.value}",
                code="sink_family_not_supported",
                details={"sink_name": self.name, "family": member.value},
            )
        return SinkCaptureRequest(member, payload, metadata=metadata)

    def capture(self, *, family: PayloadFamily | str, payload: Any) -> SinkCaptureReceipt:
        """Take one payload; subclasses implement it."""
        raise NotImplementedError(f"{type(self).__name__} must define capture()")
