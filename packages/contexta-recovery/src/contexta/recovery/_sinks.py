"""Where replayed deliveries go."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from contexta.contract.errors import ContextaError
from contexta.contract.time import iso_utc_now
from contexta.store.fs import ensure_private_dir, fsync_dir, open_private, write_all

if TYPE_CHECKING:
    from pathlib import Path

FAMILIES = ("CONTEXT", "RECORD", "ARTIFACT", "DEGRADATION")
LOCAL_SINK_NAME = "local-jsonl-replay"


class ReplaySink(Protocol):
    """Anything that takes deliveries. `capture` raises when it cannot, or returns a receipt.

    A receipt has `status` (`SUCCESS`, `DEGRADED` or `FAILURE`) and may have `detail`; None means
    success. The same delivery can arrive again after a crash.
    """

    @property
    def name(self) -> str: ...

    def capture(self, *, family: Any, payload: Any) -> Any: ...


class Receipt(NamedTuple):
    """What the local sink answers."""

    status: str
    detail: str


class LocalReplaySink:
    """Appends deliveries to `<exports>/replayed/<family>.jsonl`, each once, durably.

    A delivery that is there already, same id and same payload, is not written again: a replay
    that was killed between delivery and acknowledgement repeats it.
    """

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.name = name or LOCAL_SINK_NAME
        self._folder = folder
        self._known: dict[str, set[tuple[str, str]]] = {}

    def capture(self, *, family: Any, payload: Any) -> Receipt:
        """Store a delivery that has no id of its own."""
        return self.deliver(str(family), payload, {})

    def deliver(self, family: str, payload: Any, entry: Mapping[str, Any]) -> Receipt:
        """Store a delivery with the facts of its outbox entry."""
        path = self._folder / f"{family.lower()}.jsonl"
        replay_ref = str(entry.get("replay_ref", ""))
        key = (replay_ref, json.dumps(payload, sort_keys=True))
        if replay_ref and key in self._delivered(path):
            return Receipt("SUCCESS", f"already in {path}")
        line = {
            "captured_at": iso_utc_now(),
            "sink_name": self.name,
            "family": family,
            "payload_type": entry.get("payload_type"),
            "payload_ref": entry.get("payload_ref"),
            "replay_ref": replay_ref or None,
            "payload": payload,
        }
        ensure_private_dir(self._folder)
        _append(path, json.dumps(line, separators=(",", ":")).encode("ascii"))
        self._delivered(path).add(key)
        return Receipt("SUCCESS", str(path))

    def _delivered(self, path: Path) -> set[tuple[str, str]]:
        if path.name not in self._known:
            self._known[path.name] = set(_keys(path))
        return self._known[path.name]


def _keys(path: Path) -> list[tuple[str, str]]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    keys = []
    for line in raw.split(b"\n"):
        try:
            item = json.loads(line)
            keys.append((str(item["replay_ref"]), json.dumps(item["payload"], sort_keys=True)))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # a torn or foreign line proves nothing; its delivery is repeated
    return keys


def _append(path: Path, line: bytes) -> None:
    fd = open_private(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        size = os.fstat(fd).st_size
        torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        write_all(fd, (b"\n" if torn else b"") + line + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)
    fsync_dir(path.parent)


def is_retryable(error: BaseException) -> bool:
    """Tell whether a failure says of itself that trying again may help."""
    return isinstance(error, ContextaError) and error.retryable
