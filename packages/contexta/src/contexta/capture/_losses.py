"""Keep count of records that could not be stored, until a record can say so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from contexta.contract.time import from_epoch_us
from contexta.store.records import SeriesContext

_log = logging.getLogger("contexta.capture")

LOG_INTERVAL_SECONDS = 30.0
MAX_KINDS = 1_000


class RateLimitedLog:
    """Log the first message of a kind at once, then at most one per interval."""

    def __init__(
        self,
        interval: float = LOG_INTERVAL_SECONDS,
        *,
        logger: logging.Logger = _log,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval = interval
        self._logger = logger
        self._clock = clock
        self._seen: dict[str, tuple[float, int]] = {}
        self._lock = Lock()

    def write(self, kind: str, level: int, message: str) -> None:
        """Log `message`, or count it when the kind was logged within the interval."""
        now = self._clock()
        with self._lock:
            last, skipped = self._seen.get(kind, (float("-inf"), 0))
            if now - last < self._interval:
                self._seen[kind] = (last, skipped + 1)
                return
            if len(self._seen) >= MAX_KINDS:
                self._seen.clear()
            self._seen[kind] = (now, 0)
        more = f" ({skipped} more since the last message)" if skipped else ""
        self._logger.log(level, "%s%s", message, more)


@dataclass(slots=True)
class Loss:
    """What one run lost. Times are microseconds since 1970 UTC."""

    context: SeriesContext
    count: int
    first_us: int
    last_us: int
    reason: str

    @property
    def summary(self) -> str:
        """One sentence for people."""
        noun = "item" if self.count == 1 else "items"
        return (
            f"{self.count} {noun} could not be stored between {from_epoch_us(self.first_us)} "
            f"and {from_epoch_us(self.last_us)}: {self.reason}"
        )


class LossLedger:
    """Losses by run, waiting for the disk to take writes again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_run: dict[str, Loss] = {}
        self.total = 0

    @property
    def pending(self) -> bool:
        """Some losses are not recorded yet."""
        return bool(self._by_run)

    def note(self, context: SeriesContext, observed_us: int, reason: str) -> int:
        """Count one lost item; return how many this run has lost."""
        with self._lock:
            self.total += 1
            loss = self._by_run.get(context.run_ref)
            if loss is None:
                loss = Loss(context, 0, observed_us, observed_us, reason)
                self._by_run[context.run_ref] = loss
            loss.count += 1
            loss.last_us = max(loss.last_us, observed_us)
            loss.first_us = min(loss.first_us, observed_us)
            loss.reason = reason
            return loss.count

    def take(self) -> list[Loss]:
        """Hand out all pending losses and forget them."""
        with self._lock:
            losses = list(self._by_run.values())
            self._by_run.clear()
        return losses

    def put_back(self, losses: list[Loss]) -> None:
        """Keep losses that could not be recorded after all."""
        with self._lock:
            for loss in losses:
                newer = self._by_run.get(loss.context.run_ref)
                if newer is not None:
                    loss.count += newer.count
                    loss.last_us = max(loss.last_us, newer.last_us)
                self._by_run[loss.context.run_ref] = loss
