"""A sink that keeps everything in memory, for tests and notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from contexta.capture.results import PayloadFamily
from contexta.capture.sinks._base import BaseSink, SinkCaptureReceipt, SinkCaptureRequest


@dataclass(frozen=True, slots=True)
class InMemorySinkEntry:
    """One payload kept by an `InMemorySink`."""

    request: SinkCaptureRequest

    @property
    def family(self) -> PayloadFamily:
        """Family of the payload."""
        return self.request.family

    @property
    def payload(self) -> Any:
        """The object that was captured."""
        return self.request.payload

    @property
    def payload_type(self) -> str | None:
        """Class name of the payload."""
        return self.request.payload_type

    @property
    def payload_ref(self) -> str | None:
        """Ref text of the payload."""
        return self.request.payload_ref

    def to_dict(self) -> dict[str, Any]:
        """Return the request as plain data."""
        return self.request.to_dict()


class InMemorySink(BaseSink):
    """Keep payloads in capture order. Unbounded: `clear()` it in long sessions."""

    def __init__(
        self,
        *,
        name: str = "memory",
        supported_families: Iterable[PayloadFamily | str] | None = None,
    ) -> None:
        super().__init__(name=name, supported_families=supported_families)
        self._entries: list[InMemorySinkEntry] = []
        self._lock = Lock()

    @property
    def entries(self) -> tuple[InMemorySinkEntry, ...]:
        """Everything captured so far, oldest first."""
        with self._lock:
            return tuple(self._entries)

    def clear(self) -> None:
        """Forget all entries."""
        with self._lock:
            self._entries.clear()

    def capture(self, *, family: PayloadFamily | str, payload: Any) -> SinkCaptureReceipt:
        """Keep one payload."""
        request = self.make_request(family=family, payload=payload)
        with self._lock:
            index = len(self._entries)
            self._entries.append(InMemorySinkEntry(request))
        return SinkCaptureReceipt.success(
            metadata={
                "entry_index": index,
                "stored_entries": index + 1,
                "payload_ref": request.payload_ref,
                "payload_type": request.payload_type,
            }
        )
