"""Deliver what waits in the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from contexta.contract.time import iso_utc_now
from contexta.recovery._checks import count
from contexta.recovery._errors import ReplayError, translated
from contexta.recovery._layout import absolute, layout_of
from contexta.recovery._sinks import FAMILIES, LocalReplaySink, ReplaySink, is_retryable
from contexta.recovery.models import ReplayBatchResult, ReplayEntryResult
from contexta.recovery.outbox import Entry, OutboxFile
from contexta.store.fs import ensure_private_dir

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig

__all__ = ["DEAD_LETTER_AFTER_FAILURES", "ReplayError", "replay_outbox"]

DEAD_LETTER_AFTER_FAILURES = 3
_LOCK_TIMEOUT_SECONDS = 30.0
_TRIES_WHEN_RETRYABLE = 3


def replay_outbox(
    config: RecoveryConfig,
    *,
    target: str | None = None,
    limit: int | None = None,
    acknowledge_successes: bool = True,
    dead_letter_after_failures: int | None = None,
    sinks: Sequence[ReplaySink] | None = None,
) -> ReplayBatchResult:
    """Deliver the waiting entries in file order and acknowledge each as soon as it is delivered.

    Every entry is delivered at least once: a kill between delivery and acknowledgement repeats
    that one entry. The local sink recognizes such a repetition. Entries that others append
    meanwhile stay. One replay runs at a time; a second one waits.

    Lines that are no delivery go to the dead letters with the reason, unless
    `recovery.replay_mode_default` is `strict`: then they raise before anything is delivered.

    Args:
        config: The resolved configuration.
        target: Deliver only entries of this sink, and entries that name none.
        limit: At most so many entries.
        acknowledge_successes: Whether delivered entries leave the outbox.
        dead_letter_after_failures: After so many failed replays an entry moves to the dead
            letters; `DEAD_LETTER_AFTER_FAILURES` by default.
        sinks: Where entries go, by `sink_name`. One sink and no `target`: it takes all. Several:
            the first takes the entries that name none; entries of an absent sink are `SKIPPED`
            and stay. None or empty: a file below the exports, see `LocalReplaySink`.

    Raises:
        ValidationError: `recovery_invalid_number` for a negative `limit` or threshold.
        ReplayError: `recovery_outbox_root_missing`, `recovery_replay_target_missing`,
            `recovery_invalid_outbox_entry` (strict), and the codes of system failures. What was
            delivered before is acknowledged.
    """
    limit = None if limit is None else count("limit", limit)
    threshold = (
        DEAD_LETTER_AFTER_FAILURES
        if dead_letter_after_failures is None
        else count("dead_letter_after_failures", dead_letter_after_failures)
    )
    if config.recovery.outbox_root is None:
        raise ReplayError(
            "recovery.outbox_root is not set, so there is no outbox. Set it to a folder.",
            code="recovery_outbox_root_missing",
        )
    router = _Router.of(config, sinks, target)
    outbox = OutboxFile(absolute(config.recovery.outbox_root))
    with translated(ReplayError, "replay the outbox"):
        if not outbox.pending.exists():
            return ReplayBatchResult(status="SUCCESS", notes=("outbox_empty",))
        ensure_private_dir(outbox.root)
        lock = outbox.replay_lock()
        lock.acquire(timeout=_LOCK_TIMEOUT_SECONDS)
        try:
            entries, quarantined = _readable_entries(config, outbox)
            chosen = [entry for entry in entries if router.wants(entry)][:limit]
            batch = _Batch(outbox, router, threshold, acknowledge_successes, quarantined)
            for entry in chosen:
                batch.replay(entry)
            return batch.result()
        finally:
            lock.release()


def _readable_entries(config: RecoveryConfig, outbox: OutboxFile) -> tuple[tuple[Entry, ...], int]:
    entries, bad = outbox.read()
    if bad and getattr(config.recovery, "replay_mode_default", "tolerant") == "strict":
        raise ReplayError(
            f"{str(outbox.pending)!r} has {len(bad)} lines that are no delivery: {bad[0].reason} "
            "Remove them, or replay with recovery.replay_mode_default='tolerant'.",
            code="recovery_invalid_outbox_entry",
            details={"path": str(outbox.pending), "reasons": [line.reason for line in bad]},
        )
    for line in bad:
        outbox.quarantine(line, iso_utc_now())
    return entries, len(bad)


@dataclass(frozen=True, slots=True)
class _Router:
    """Chooses the sink of an entry."""

    sinks: tuple[ReplaySink, ...]
    target: str | None

    @classmethod
    def of(
        cls, config: RecoveryConfig, sinks: Sequence[ReplaySink] | None, target: str | None
    ) -> _Router:
        if not sinks:
            folder = layout_of(config).exports / "replayed"
            return cls((LocalReplaySink(folder, target),), target)
        chosen = tuple(sink for sink in sinks if target is None or sink.name == target)
        if not chosen:
            names = [sink.name for sink in sinks]
            raise ReplayError(
                f"No sink is named {target!r}; the given ones are {names}.",
                code="recovery_replay_target_missing",
                details={"target": target, "sinks": names},
            )
        return cls(chosen, target)

    def wants(self, entry: Entry) -> bool:
        return self.target is None or entry.sink_name in (None, self.target)

    def sink_of(self, entry: Entry) -> ReplaySink | None:
        if len(self.sinks) == 1 or entry.sink_name is None:
            return self.sinks[0]
        return next((sink for sink in self.sinks if sink.name == entry.sink_name), None)


@dataclass(slots=True)
class _Batch:
    """One pass over the outbox."""

    outbox: OutboxFile
    router: _Router
    threshold: int
    acknowledge: bool
    quarantined: int
    entries: list[ReplayEntryResult] = field(default_factory=list)
    acknowledged: int = 0
    dead: int = 0

    def replay(self, entry: Entry) -> None:
        sink = self.router.sink_of(entry)
        if sink is None:
            detail = f"no sink is named {entry.sink_name!r}"
            self._note(entry, str(entry.sink_name), "SKIPPED", detail, entry.attempts)
            return
        try:
            status, detail = _deliver(sink, entry)
        except Exception as error:  # a sink is foreign code; its failure is data
            status, detail = "FAILURE", f"{type(error).__name__}: {error}"
        if status == "FAILURE":
            self._failed(entry, sink.name, detail)
            return
        if self.acknowledge:
            self.outbox.acknowledge(entry)
            self.acknowledged += 1
        self._note(entry, sink.name, status, detail, entry.attempts)

    def _failed(self, entry: Entry, sink_name: str, detail: str) -> None:
        attempts = entry.attempts + 1
        moment = iso_utc_now()
        changes: dict[str, Any] = {
            "attempts": attempts,
            "last_error": detail,
            "last_replayed_at": moment,
        }
        if attempts >= self.threshold:
            self.outbox.bury(entry, changes | {"dead_lettered_at": moment})
            self.dead += 1
        else:
            self.outbox.put_back(entry, changes)
        self._note(entry, sink_name, "FAILURE", detail, attempts)

    def _note(self, entry: Entry, target: str, status: str, detail: str, attempts: int) -> None:
        self.entries.append(
            ReplayEntryResult(entry.replay_ref, entry.family, target, status, detail, attempts)
        )

    def result(self) -> ReplayBatchResult:
        failures = sum(entry.status == "FAILURE" for entry in self.entries)
        skipped = sum(entry.status == "SKIPPED" for entry in self.entries)
        status = "SUCCESS"
        if failures or skipped or self.quarantined:
            all_failed = bool(failures) and failures == len(self.entries)
            status = "FAILURE" if all_failed else "DEGRADED"
        dead = self.dead + self.quarantined
        warnings = (f"{self.quarantined} lines were no delivery.",) if self.quarantined else ()
        notes = [f"dead_lettered:{dead}"] if dead else []
        notes += [f"quarantined:{self.quarantined}"] if self.quarantined else []
        return ReplayBatchResult(
            status=status,
            warnings=warnings,
            notes=tuple(notes),
            entries=tuple(self.entries),
            acknowledged_count=self.acknowledged,
            pending_count=self.outbox.count(),
            dead_lettered_count=dead,
        )


def _deliver(sink: ReplaySink, entry: Entry) -> tuple[str, str]:
    family = entry.family.strip().upper()
    if family not in FAMILIES:
        return "FAILURE", f"family {entry.family!r} is none of {', '.join(FAMILIES)}"
    payload = entry.fields["payload"]
    if isinstance(sink, LocalReplaySink):
        stored = sink.deliver(family, payload, entry.fields)
        return stored.status, stored.detail
    receipt = Retrying(
        retry=retry_if_exception(is_retryable),
        stop=stop_after_attempt(_TRIES_WHEN_RETRYABLE),
        wait=wait_random_exponential(multiplier=0.05, max=1.0),
        reraise=True,
    )(sink.capture, family=family, payload=payload)
    return _status_of(receipt), str(getattr(receipt, "detail", "") or "")


def _status_of(receipt: Any) -> str:
    status = getattr(receipt, "status", None)
    text = str(status.value if isinstance(status, Enum) else status or "SUCCESS").upper()
    return text if text in ("SUCCESS", "DEGRADED") else "FAILURE"
