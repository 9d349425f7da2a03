"""The file that keeps payloads which a sink did not take, until they are replayed."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from contexta.capture.results import PayloadFamily
from contexta.capture.sinks import extract_payload_ref
from contexta.capture.sinks._base import serialize_payload
from contexta.contract.errors import ContextaError
from contexta.contract.time import iso_utc_now

if TYPE_CHECKING:
    from contexta._redaction import Redactor

OUTBOX_FILE = "failed_deliveries.jsonl"
_SYNC_AFTER_SECONDS = 0.05

_log = logging.getLogger("contexta.capture")


class Outbox:
    """Append failed deliveries to `<root>/failed_deliveries.jsonl`.

    Each line survives the death of the process when `put` returns, beside
    other writers and a running replay. A power cut it survives then with
    `durable`, else at most 50 ms later: a training loop whose sink is broken
    does not wait 4 ms for the disk at each point.

    Args:
        root: folder of the outbox, created with the first line.
        redactor: applied to everything before it is written.
        durable: wait for the disk.
    """

    def __init__(self, root: Path, *, redactor: Redactor, durable: bool = False) -> None:
        self.path = Path(root) / OUTBOX_FILE
        self._redactor = redactor
        self._durable = durable
        self._syncing_in = 0
        """Process in which a sync is on its way; threads do not survive a fork."""

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
        """Queue one payload and return its `replay_ref`, which is unique everywhere.

        Raises:
            ContextaError: the line could not be written or synced.
        """
        from contexta.recovery.outbox import append_entry, delivery_checksum

        delivery_id = uuid4().hex
        entry = {
            # Replays count from here; what capture tried before stands beside it.
            "attempts": 0,
            "capture_attempts": attempts,
            "delivery_id": delivery_id,
            "error": self._redactor.text(error),
            "error_code": error_code,
            "failed_at": iso_utc_now(),
            "family": family.value,
            "payload": self._clean(payload),
            "payload_ref": extract_payload_ref(payload),
            "payload_type": type(payload).__name__,
            "replay_ref": f"replay:{family.value.lower()}.{delivery_id}",
            "sink_name": sink_name,
        }
        entry["delivery_sha256"] = delivery_checksum(entry)
        append_entry(self.path.parent, entry, sync=self._durable)
        if not self._durable:
            self._sync_soon()
        return str(entry["replay_ref"])

    def _clean(self, payload: Any) -> Any:
        # Scopes redact before they build a record; a payload handed in directly is cleaned here.
        plain = serialize_payload(payload)
        if isinstance(payload, Mapping):
            return self._redactor.value(plain)
        return _texts_through(self._redactor, plain)

    def _sync_soon(self) -> None:
        if self._syncing_in == os.getpid():
            return
        self._syncing_in = os.getpid()
        # Not a daemon: the interpreter waits for it, and the last lines get to the disk.
        timer = threading.Timer(_SYNC_AFTER_SECONDS, self._sync)
        timer.name = "contexta outbox sync"
        try:
            timer.start()
        except RuntimeError:  # the interpreter is ending, and starts no more threads
            self._sync()

    def _sync(self) -> None:
        from contexta.store.fs import fsync_file

        self._syncing_in = 0  # before the sync: a line that comes meanwhile starts another
        try:
            if self.path.exists():
                fsync_file(self.path)
        except ContextaError as error:
            _log.error("the outbox was not synced: %s", error)


def _texts_through(redactor: Redactor, value: Any) -> Any:
    """Clean the texts of a serialized model, whose keys are ours and no secrets."""
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, dict):
        return {key: _texts_through(redactor, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts_through(redactor, item) for item in value]
    return value
