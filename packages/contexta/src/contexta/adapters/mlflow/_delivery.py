"""Deliver entries to MLflow runs in batches, from a thread of its own."""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_log = logging.getLogger("contexta.adapters.mlflow")
_MOST_METRICS = 1_000
_MOST_OTHERS = 100
_TRIES = 3


@dataclass(slots=True)
class Entry:
    """Something for one MLflow run: values, or a call that must come in order."""

    target: Callable[[], str]
    """Returns the MLflow run id; called in the delivering thread."""
    metrics: list[Any] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)
    tags: list[Any] = field(default_factory=list)
    call: Callable[[str], None] | None = None
    done: threading.Event | None = None


class Delivery:
    """A bounded queue and the thread that empties it.

    A batch that MLflow refuses is halved until the entries that it refuses stand alone;
    those are counted as lost and logged. Other failures are tried three times; after that
    each batch is tried once, until one arrives again.

    Args:
        client: an `MlflowClient`.
        seconds: how long a batch is gathered.
        most: entries that may wait.
    """

    def __init__(self, client: Any, *, seconds: float, most: int) -> None:
        self._client = client
        self._seconds = seconds
        self._most = most
        self._start_lock = threading.Lock()
        self._reset()
        _OPEN.add(self)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._start_lock = threading.Lock()
        self._queue: queue.Queue[Entry] = queue.Queue(self._most)
        self._thread: threading.Thread | None = None
        self._away = False
        self.lost = 0
        self.reason = ""

    def put(self, entry: Entry) -> bool:
        """Queue an entry; say whether there was room."""
        self._ensure_ready()
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            return False
        return True

    def put_waiting(self, entry: Entry, *, timeout: float) -> None:
        """Queue an entry, waiting for room; without any it is lost, logged and counted."""
        self._ensure_ready()
        try:
            self._queue.put(entry, timeout=timeout)
        except queue.Full as error:
            self._lose(max(1, _size(entry)), error)

    def flush(self, timeout: float) -> bool:
        """Wait until everything queued before is delivered or lost; say whether in time."""
        if self._thread is None or self._pid != os.getpid():
            return True
        done = threading.Event()
        try:
            self._queue.put(Entry(_nowhere, done=done), timeout=timeout)
        except queue.Full:
            return False
        return done.wait(timeout)

    def _ensure_ready(self) -> None:
        if self._pid != os.getpid():
            self._reset()  # a forked child has neither the thread nor what it held
        with self._start_lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._work, name="contexta mlflow", daemon=True
                )
                self._thread.start()

    def _work(self) -> None:
        while True:
            batch = self._gather(self._queue.get())
            for entry in _merged(batch):
                self._deliver(entry)

    def _gather(self, first: Entry) -> list[Entry]:
        """Take what comes within the time of a batch, up to the first one that is waited for."""
        batch, end = [first], time.monotonic() + self._seconds
        while batch[-1].done is None and len(batch) < _MOST_METRICS:
            try:
                batch.append(self._queue.get(timeout=max(0.0, end - time.monotonic())))
            except queue.Empty:
                break
        return batch

    def _deliver(self, entry: Entry) -> None:
        try:
            if entry.done is None:
                run_id = entry.target()
                for part in _parts(entry):
                    self._send(run_id, part)
                if entry.call is not None:
                    entry.call(run_id)
        except Exception as error:
            self._lose(max(1, _size(entry)), error)
        finally:
            if entry.done is not None:
                entry.done.set()

    def _send(self, run_id: str, entry: Entry) -> None:
        tries = 1 if self._away else _TRIES
        for attempt in range(tries):
            try:
                self._client.log_batch(
                    run_id, metrics=entry.metrics, params=entry.params, tags=entry.tags
                )
            except Exception as error:
                refused = getattr(error, "error_code", "") == "INVALID_PARAMETER_VALUE"
                if not refused and attempt < tries - 1:
                    time.sleep(0.2 * 2**attempt)
                    continue
                if refused and _size(entry) > 1:
                    for half in _halves(entry):
                        self._send(run_id, half)
                else:
                    self._away = not refused
                    self._lose(_size(entry), error)
                return
            self._away = False
            return

    def _lose(self, count: int, error: Exception) -> None:
        self.lost += count
        self.reason = f"{type(error).__name__}: {error}"[:300]
        _log.error("MLflow did not take %d entries: %s", count, self.reason)


def _nowhere() -> str:
    return ""


def _size(entry: Entry) -> int:
    return len(entry.metrics) + len(entry.params) + len(entry.tags)


def _merged(batch: list[Entry]) -> list[Entry]:
    """Join neighbors of one run, keeping the order of calls."""
    merged: list[Entry] = []
    for entry in batch:
        last = merged[-1] if merged else None
        alone = entry.done is not None or last is None or last.done is not None
        if alone or last is None or last.call is not None or last.target != entry.target:
            merged.append(entry)
            continue
        last.metrics += entry.metrics
        last.params += entry.params
        last.tags += entry.tags
        last.call = entry.call
    return merged


def _parts(entry: Entry) -> list[Entry]:
    """Cut an entry to what one request may hold."""
    parts = []
    for start in range(0, len(entry.metrics), _MOST_METRICS):
        parts.append(Entry(entry.target, metrics=entry.metrics[start : start + _MOST_METRICS]))
    for start in range(0, max(len(entry.params), len(entry.tags)), _MOST_OTHERS):
        end = start + _MOST_OTHERS
        parts.append(
            Entry(entry.target, params=entry.params[start:end], tags=entry.tags[start:end])
        )
    return parts


def _halves(entry: Entry) -> list[Entry]:
    halves = []
    for pick in (slice(None, None, 2), slice(1, None, 2)):
        half = Entry(
            entry.target,
            metrics=entry.metrics[pick],
            params=entry.params[pick],
            tags=entry.tags[pick],
        )
        halves.append(half)
    if not _size(halves[1]):  # one of each kind: split by kind
        halves = [
            Entry(entry.target, metrics=entry.metrics),
            Entry(entry.target, params=entry.params),
            Entry(entry.target, tags=entry.tags),
        ]
    return [half for half in halves if _size(half)]


_OPEN: weakref.WeakSet[Delivery] = weakref.WeakSet()


def _flush_all() -> None:
    for delivery in list(_OPEN):
        if not delivery.flush(10.0):
            _log.error("MLflow did not take everything before the program ended")


atexit.register(_flush_all)
