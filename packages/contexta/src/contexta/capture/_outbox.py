"""The file that keeps payloads which a sink did not take, until they are replayed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from contexta.capture._ids import random_hex
from contexta.capture.results import PayloadFamily
from contexta.capture.sinks import extract_payload_ref
from contexta.capture.sinks._base import serialize_payload
from contexta.contract.time import iso_utc_now

OUTBOX_FILE = "failed_deliveries.jsonl"


class Outbox:
    """Append failed deliveries to `<root>/failed_deliveries.jsonl`.

    Each line is on disk before `put` returns, beside other writers and a
    running replay.
    """

    def __init__(self, root: Path, *, redact: Callable[[str], str] = str) -> None:
        self.path = Path(root) / OUTBOX_FILE
        self._redact = redact

    def put(
        self,
        *,
        sink_name: str,
        family: PayloadFamily,
        payload: Any,
        error: str,
        error_code: str,
        attempts: int,
    ) -> str:
        """Queue one payload and return its `replay_ref`, which is unique.

        Raises:
            ContextaError: the line could not be written or synced.
        """
        replay_ref = f"replay:{family.value.lower()}.{time.time_ns() // 1_000_000}.{random_hex(6)}"
        entry = {
            # Replays count from here; what capture tried before stands beside it.
            "attempts": 0,
            "capture_attempts": attempts,
            "delivery_id": uuid4().hex,
            "error": self._redact(error),
            "error_code": error_code,
            "failed_at": iso_utc_now(),
            "family": family.value,
            "payload": serialize_payload(payload),
            "payload_ref": extract_payload_ref(payload),
            "payload_type": type(payload).__name__,
            "replay_ref": replay_ref,
            "sink_name": sink_name,
        }
        from contexta.recovery.outbox import append_entry

        append_entry(self.path.parent, entry)
        return replay_ref
