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

    Without `indent` an object is one line without spaces. Text is UTF-8 where the stream
    takes it, and escaped where it does not.

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
        text = self._text(line, ascii_only=False)
        try:
            text.encode(getattr(stream, "encoding", None) or "utf-8")
        except (UnicodeEncodeError, LookupError):
            text = self._text(line, ascii_only=True)
        stream.write(text + "\n")
        stream.flush()
        return SinkCaptureReceipt.success(
            metadata={"stream": self.stream, "payload_ref": request.payload_ref}
        )

    def _text(self, line: dict[str, Any], *, ascii_only: bool) -> str:
        separators = (",", ":") if self._indent is None else None
        return json.dumps(
            line,
            ensure_ascii=ascii_only,
            allow_nan=False,
            indent=self._indent,
            separators=separators,
        )
