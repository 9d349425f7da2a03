"""Where replayed deliveries go, and how each kind of sink is called."""

from __future__ import annotations

import hashlib
import inspect
import json
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from contexta.contract.errors import ContextaError
from contexta.contract.time import iso_utc_now
from contexta.recovery._delivery import Delivery, delivery_of
from contexta.recovery._outbox_lines import LineAppender, read_lines
from contexta.store.fs import ensure_private_dir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contexta.recovery.outbox import Entry

LOCAL_SINK_NAME = "local-jsonl-replay"
_TRIES_WHEN_RETRYABLE = 3


class ReplaySink(Protocol):
    """Anything that takes deliveries.

    `capture(family=, payload=)` gets the payload as plain data. A sink that wants the id and the
    payload as a model has `deliver(delivery)` instead or as well, its one parameter called so.
    Either raises when it cannot, or returns a receipt: `status` (`SUCCESS`, `DEGRADED` or
    `FAILURE`) and perhaps `detail`; None means success. A sink that keeps things back until its
    `flush_deliveries()` is called has that, and nothing is acknowledged before.

    The same delivery can arrive again after a crash, with the same id.
    """

    @property
    def name(self) -> str: ...

    def capture(self, *, family: Any, payload: Any) -> Any: ...


class Receipt(NamedTuple):
    """What the sinks of this package answer."""

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
        self._files: dict[str, _FamilyFile] = {}

    def capture(self, *, family: Any, payload: Any) -> Receipt:
        """Store a payload that has no id."""
        return self.deliver(Delivery("", "", str(family), payload, payload))

    def deliver(self, delivery: Delivery) -> Receipt:
        """Store one delivery."""
        name = f"{delivery.family.lower()}.jsonl"
        file = self._files.get(name)
        if file is None:
            ensure_private_dir(self._folder)
            file = self._files[name] = _FamilyFile(self._folder / name)
        line = {
            "captured_at": iso_utc_now(),
            "sink_name": self.name,
            "family": delivery.family,
            "payload_type": delivery.payload_type,
            "payload_ref": delivery.payload_ref,
            "replay_ref": delivery.replay_ref or None,
            "delivery_id": delivery.delivery_id or None,
            "payload": delivery.plain_payload,
        }
        if not file.add(delivery.replay_ref, delivery.plain_payload, line):
            return Receipt("SUCCESS", f"already in {file.path}")
        return Receipt("SUCCESS", str(file.path))

    def flush_deliveries(self) -> None:
        """Bring what was delivered to disk."""
        for file in self._files.values():
            file.sync()

    def close(self) -> None:
        """Close the files."""
        files, self._files = self._files, {}
        for file in files.values():
            file.close()


class _FamilyFile:
    """One file of the local sink, and what is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: set[bytes] = set()
        for line in read_lines(path):
            try:
                item = json.loads(line)
                self._known.add(_key(str(item["replay_ref"]), item["payload"]))
            except (ValueError, KeyError, TypeError, RecursionError):
                continue  # a torn or foreign line proves nothing; its delivery is repeated
        self._file = LineAppender(path)

    def add(self, replay_ref: str, payload: Any, line: dict[str, Any]) -> bool:
        key = _key(replay_ref, payload)
        if replay_ref and key in self._known:
            self._file.distrust()
            return False
        self._file.write(json.dumps(line, separators=(",", ":")).encode("ascii"))
        self._known.add(key)
        return True

    def sync(self) -> None:
        self._file.sync()

    def close(self) -> None:
        self._file.close()


def _key(replay_ref: str, payload: Any) -> bytes:
    text = json.dumps([replay_ref, payload], sort_keys=True)
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).digest()


def hand_over(sink: ReplaySink, entry: Entry, *, typed: bool) -> Receipt:
    """Give one entry to a sink in the way it asks for; retry at once what says it may help.

    Raises:
        Exception: Whatever the sink raises.
    """
    deliver = _deliver_method(sink)
    delivery = delivery_of(entry, typed=typed or (deliver is not None and not is_local(sink)))
    if deliver is None:
        answer = _patiently(lambda: sink.capture(family=delivery.family, payload=delivery.payload))
    else:
        answer = _patiently(lambda: deliver(delivery))
    return Receipt(_status_of(answer), str(getattr(answer, "detail", "") or ""))


def is_local(sink: object) -> bool:
    """Tell whether a sink only keeps plain data, so that no model needs to be built for it."""
    return isinstance(sink, LocalReplaySink)


def flush_of(sink: object) -> Callable[[], object] | None:
    """Return how a sink brings to disk what it took, if it says that it must be asked to."""
    flush = getattr(sink, "flush_deliveries", None)
    return flush if callable(flush) else None


def wants_deliveries(sink: object) -> bool:
    """Tell whether a sink asks for whole deliveries: it has a method `deliver(delivery)`."""
    return _deliver_method(sink) is not None


def _deliver_method(sink: object) -> Callable[[Delivery], Any] | None:
    # By the name of the parameter: a sink of old may have a helper of its own called `deliver`.
    method = getattr(sink, "deliver", None)
    if not callable(method):
        return None
    try:
        names = list(inspect.signature(method).parameters)
    except (TypeError, ValueError):
        return None
    return method if names == ["delivery"] else None


def _patiently(call: Callable[[], Any]) -> Any:
    return Retrying(
        retry=retry_if_exception(_is_retryable),
        stop=stop_after_attempt(_TRIES_WHEN_RETRYABLE),
        wait=wait_random_exponential(multiplier=0.05, max=1.0),
        reraise=True,
    )(call)


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, ContextaError) and error.retryable


def _status_of(receipt: Any) -> str:
    status = getattr(receipt, "status", None)
    text = str(status.value if isinstance(status, Enum) else status or "SUCCESS").upper()
    return text if text in ("SUCCESS", "DEGRADED") else "FAILURE"
