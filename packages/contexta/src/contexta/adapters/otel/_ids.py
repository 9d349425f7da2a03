"""Contexta's trace and span ids as OpenTelemetry's: 128 and 64 bits, never zero."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def trace_id_of(text: str) -> int:
    """Return the same id when `text` is 32 hex digits (dashes allowed), else a digest of it.

    The digest is stable, so that records of one trace meet again, whoever exports them.
    """
    return _hex(text.replace("-", ""), 32) or _digest(text, 16)


def span_id_of(trace: str, span: str) -> int:
    """Return the same id when `span` is 16 hex digits, else a digest of it and its trace."""
    return _hex(span, 16) or _digest(f"{trace}/{span}", 8)


def _hex(text: str, digits: int) -> int:
    if len(text) != digits or not all(c in "0123456789abcdefABCDEF" for c in text):
        return 0
    return int(text, 16)


def _digest(text: str, size: int) -> int:
    body = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()
    return int.from_bytes(body, "big") or 1


class ChosenIds:
    """An id generator that gives out chosen ids inside a block, and delegates outside.

    The API has no argument for a span's id, and a parent ends after its children: with ids
    that follow from Contexta's, each span can be exported at once and trees still hold.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._local = threading.local()

    @contextmanager
    def choosing(self, trace_id: int, span_id: int) -> Iterator[None]:
        """Give out these ids to spans that this thread starts in the block."""
        self._local.ids = (trace_id, span_id)
        try:
            yield
        finally:
            self._local.ids = None

    def generate_trace_id(self) -> int:
        """Return the chosen trace id, or a fresh one."""
        chosen = getattr(self._local, "ids", None)
        return int(chosen[0] if chosen else self._inner.generate_trace_id())

    def generate_span_id(self) -> int:
        """Return the chosen span id, or a fresh one."""
        chosen = getattr(self._local, "ids", None)
        return int(chosen[1] if chosen else self._inner.generate_span_id())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
