"""A sink that prints JSON, for pipes and containers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from contexta.capture.results import PayloadFamily
from contexta.capture.sinks._base import BaseSink, SinkCaptureReceipt


class StdoutSink(BaseSink):
    """Print one JSON object per payload to `stdout` or `stderr`, and flush.

    Raises:
        ValueError: unknown stream.
    """

    def __init__(
        self,
        *,
        name: str = "stdout",
        stream: str = "stdout",
        supported_families: Iterable[PayloadFamily | str] | None = None,
        indent: int | None = None,
    ) -> None:
        super().__init__(name=name, supported_families=supported_families)
        if stream not in ("stdout", "stderr"):
            raise ValueError(f"stream must be 'stdout' or 'stderr', got {stream!r}")
        self.stream = stream
        self._indent = indent

    def capture(self, *, family: PayloadFamily | str, payload: Any) -> SinkCaptureReceipt:
        """Print one payload."""
        request = self.make_request(family=family, payload=payload)
        line = {
            "sink": self.name,
            "family": request.family.value,
            "payload_type": request.payload_type,
            "payload_ref": request.payload_ref,
            "payload": request.serialized_payload,
        }
        # Looked up per call, so that redirected streams are honored.
        stream = getattr(sys, self.stream)
        text = json.dumps(line, ensure_ascii=False, allow_nan=False, indent=self._indent)
        stream.write(text + "\n")
        stream.flush()
        return SinkCaptureReceipt.success(metadata={"stream": self.stream})
