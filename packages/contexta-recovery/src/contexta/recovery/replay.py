"""Deliver what waits in the outbox."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from contexta.contract.errors import StoreAccessError, ValidationError
from contexta.recovery._backoff import Backoff
from contexta.recovery._checks import count
from contexta.recovery._errors import ReplayError, translated
from contexta.recovery._layout import absolute
from contexta.recovery._models_replay import ReplayBatchResult
from contexta.recovery._redact_text import redacted_text
from contexta.recovery._replay_batch import Batch, Rules
from contexta.recovery._replay_route import Router
from contexta.recovery._sinks import ReplaySink
from contexta.recovery.outbox import OutboxFile, parse_line
from contexta.store.fs import ensure_private_dir

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig

__all__ = ["DEAD_LETTER_AFTER_FAILURES", "ReplayError", "replay_outbox"]

DEAD_LETTER_AFTER_FAILURES = 3
WAIT_SECONDS = 60.0
_LONGEST_NAP_SECONDS = 0.02


def replay_outbox(
    config: RecoveryConfig,
    *,
    target: str | None = None,
    limit: int | None = None,
    acknowledge_successes: bool = True,
    dead_letter_after_failures: int | None = None,
    sinks: Sequence[ReplaySink] | None = None,
    due_only: bool = False,
    by_name: bool = False,
    typed: bool = False,
    mode: Literal["tolerant", "strict"] | None = None,
    backoff: Backoff | None = None,
    redact: Callable[[str], str] = redacted_text,
    wait_seconds: float = WAIT_SECONDS,
) -> ReplayBatchResult:
    """Deliver the waiting entries in file order and acknowledge each as soon as it is delivered.

    Every entry is delivered at least once: a kill between delivery and acknowledgement repeats
    that one entry, with the same delivery id. The local sink and `StoreSink` recognize such a
    repetition, so they hold each delivery once. Entries that others append meanwhile stay.
    One replay of an outbox runs at a time, so that deliveries to a sink never overtake each other;
    a second one waits, and then finds what the first has left.

    An entry that fails waits behind all others, and stays, until it has failed
    `dead_letter_after_failures` times. Lines that are no delivery go to the dead letters with the
    reason, unless the mode is `strict`: then they raise before anything is delivered.

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
        due_only: Leave entries whose `next_attempt_at` is to come; without, they are tried.
        by_name: Deliver an entry only to the sink that it names, also when one sink is given.
        typed: Hand models of the contract to `capture`, as live capture does, not plain data.
            A sink with `deliver(delivery)` gets them always.
        mode: `tolerant` or `strict`; `recovery.replay_mode_default` when None.
        backoff: How long a failed entry waits.
        redact: Applied to the text of a failure before it is written or returned.
        wait_seconds: How long to wait for another replay of this outbox.

    Raises:
        ValidationError: `recovery_invalid_number` for a negative `limit` or threshold,
            `recovery_invalid_replay_mode`, `recovery_invalid_sink`.
        ReplayError: `recovery_outbox_root_missing`, `recovery_replay_target_missing`,
            `recovery_invalid_outbox_entry` (strict), `recovery_replay_busy` (retryable: another
            replay took longer than `wait_seconds`), and the codes of system failures. What was
            delivered before is acknowledged.
    """
    threshold = dead_letter_after_failures
    rules = Rules(
        threshold=DEAD_LETTER_AFTER_FAILURES
        if threshold is None
        else count("dead_letter_after_failures", threshold),
        acknowledge=acknowledge_successes,
        due_only=due_only,
        typed=typed,
        limit=None if limit is None else count("limit", limit),
        backoff=backoff or Backoff(),
        redact=redact,
    )
    is_strict = _mode(config, mode) == "strict"
    outbox = outbox_of(config)
    router = Router.of(config, sinks, target, by_name=by_name)
    with translated(ReplayError, "replay the outbox"):
        if not outbox.exists:
            return ReplayBatchResult(status="SUCCESS", notes=("outbox_empty",))
        with the_turn(outbox, wait_seconds):
            lines = outbox.checkpoint()
            if is_strict:
                _refuse_bad_lines(outbox, lines)
            return Batch(outbox, router, rules).run(lines)


def outbox_of(config: RecoveryConfig) -> OutboxFile:
    """Return the outbox of a configuration.

    Raises:
        ReplayError: `recovery_outbox_root_missing`.
    """
    if config.recovery.outbox_root is None:
        raise ReplayError(
            "recovery.outbox_root is not set, so there is no outbox. Set it to a folder.",
            code="recovery_outbox_root_missing",
        )
    return OutboxFile(absolute(config.recovery.outbox_root))


@contextlib.contextmanager
def the_turn(outbox: OutboxFile, wait_seconds: float) -> Iterator[None]:
    """Be the only one that decides about entries of an outbox.

    Raises:
        ReplayError: `recovery_replay_busy` (retryable).
        ValidationError: `recovery_invalid_number`.
    """
    is_number = isinstance(wait_seconds, int | float) and not isinstance(wait_seconds, bool)
    if not is_number or not wait_seconds >= 0:
        raise ValidationError(
            f"wait_seconds is {wait_seconds!r}; it must be a number of seconds of at least 0.",
            code="recovery_invalid_number",
            details={"field": "wait_seconds"},
        )
    ensure_private_dir(outbox.root)
    lock = outbox.turn()
    try:
        lock.acquire(timeout=wait_seconds, longest_wait=_LONGEST_NAP_SECONDS)
    except StoreAccessError as error:
        if error.code != "store_lock_timeout":
            raise
        raise ReplayError(
            f"Another replay of {str(outbox.root)!r} runs for more than {wait_seconds:g} s. "
            "Call again when it is done, or pass a longer wait_seconds.",
            code="recovery_replay_busy",
            details={"outbox_root": str(outbox.root), "wait_seconds": wait_seconds},
            retryable=True,
            cause=error,
        ) from error
    try:
        yield
    finally:
        lock.release()


def _mode(config: RecoveryConfig, mode: str | None) -> str:
    chosen = mode or getattr(config.recovery, "replay_mode_default", "tolerant")
    if chosen not in ("tolerant", "strict"):
        raise ValidationError(
            f"mode is {chosen!r}; it must be 'tolerant' or 'strict'.",
            code="recovery_invalid_replay_mode",
            details={"mode": chosen},
        )
    return str(chosen)


def _refuse_bad_lines(outbox: OutboxFile, lines: list[bytes]) -> None:
    reasons = []
    for line in lines:
        try:
            parse_line(line)
        except ReplayError as error:
            reasons.append(error.message)
    if reasons:
        raise ReplayError(
            f"{str(outbox.pending)!r} has {len(reasons)} lines that are no delivery: "
            f"{reasons[0]} Remove them, or replay with mode='tolerant'.",
            code="recovery_invalid_outbox_entry",
            details={"path": str(outbox.pending), "reasons": reasons},
        )
