"""List, retry and discard what the outbox gave up.

A dead letter is a delivery that failed as often as `replay_outbox` allows, or a line that is no
delivery, kept with the reason. Nothing leaves on its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from contexta.contract.errors import ValidationError
from contexta.contract.time import iso_utc_now
from contexta.recovery._errors import ReplayError, translated
from contexta.recovery._models_dead import DeadLetter, DeadLetterResult
from contexta.recovery._outbox_journal import Decision, letter_ref_of
from contexta.recovery.outbox import Entry, encode, parse_line
from contexta.recovery.replay import WAIT_SECONDS, outbox_of, the_turn

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig

__all__ = [
    "DeadLetter",
    "DeadLetterResult",
    "discard_dead_letters",
    "list_dead_letters",
    "retry_dead_letters",
]

_LEFT_BEHIND = ("code", "dead_lettered_at", "last_replayed_at", "letter_ref", "next_attempt_at")


def list_dead_letters(
    config: RecoveryConfig, *, target: str | None = None
) -> tuple[DeadLetter, ...]:
    """Return the dead letters, oldest first. Reads only, also while a replay runs.

    Args:
        config: The resolved configuration.
        target: Only those of this sink.

    Raises:
        ReplayError: `recovery_outbox_root_missing`, and the codes of system failures.
    """
    outbox = outbox_of(config)
    with translated(ReplayError, "read the dead letters"):
        letters = tuple(_letter_of(line) for line in outbox.dead_lines())
    return tuple(one for one in letters if target is None or one.sink_name == target)


def retry_dead_letters(
    config: RecoveryConfig,
    refs: Sequence[str] | None = None,
    *,
    wait_seconds: float = WAIT_SECONDS,
) -> DeadLetterResult:
    """Put dead letters back into the outbox, with the same delivery id and no failures counted.

    Call `replay_outbox` afterwards. Lines that are no delivery stay, with a warning.

    Args:
        config: The resolved configuration.
        refs: `letter_ref` or `replay_ref` of each; None means all.
        wait_seconds: How long to wait for a replay that runs.

    Returns:
        `DEGRADED` when some of those asked for are no deliveries.

    Raises:
        ReplayError: `recovery_dead_letter_unknown`, naming all refs that match nothing; then
            nothing has changed. `recovery_replay_busy`, `recovery_outbox_root_missing`, and the
            codes of system failures.
    """
    return _decide(config, refs, wait_seconds, "retried", _put_back)


def discard_dead_letters(
    config: RecoveryConfig, refs: Sequence[str], *, wait_seconds: float = WAIT_SECONDS
) -> DeadLetterResult:
    """Remove dead letters for good.

    Args:
        config: The resolved configuration.
        refs: `letter_ref` or `replay_ref` of each. There is no way to say "all" but to list them.
        wait_seconds: How long to wait for a replay that runs.

    Raises:
        ReplayError: As `retry_dead_letters`.
    """
    return _decide(config, _checked(refs), wait_seconds, "discarded", _remove)


def _decide(
    config: RecoveryConfig,
    refs: Sequence[str] | None,
    wait_seconds: float,
    verb: str,
    decide: Callable[[str, bytes], Decision | None],
) -> DeadLetterResult:
    wanted = None if refs is None else _checked(refs)
    outbox = outbox_of(config)
    with translated(ReplayError, "change the dead letters"):
        if not wanted and not outbox.exists and not outbox.dead_letter.exists():
            return DeadLetterResult(status="SUCCESS", notes=(f"{verb}:0",))
        with the_turn(outbox, wait_seconds):
            outbox.checkpoint()
            lines = _chosen(outbox.dead_lines(), wanted)
            decisions = {ref: decide(ref, line) for ref, line in lines.items()}
            journal = outbox.open_journal()
            try:
                for decision in decisions.values():
                    if decision is not None:
                        journal.write(decision)
            finally:
                journal.close()
            outbox.checkpoint()
            remaining = len(outbox.dead_lines())
    done = tuple(ref for ref, decision in decisions.items() if decision is not None)
    stuck = [ref for ref, decision in decisions.items() if decision is None]
    warnings = (f"{len(stuck)} are no deliveries and stay: {', '.join(stuck)}",) if stuck else ()
    return DeadLetterResult(
        status="DEGRADED" if stuck else "SUCCESS",
        warnings=warnings,
        notes=(f"{verb}:{len(done)}",),
        letter_refs=done,
        remaining_count=remaining,
    )


def _put_back(ref: str, line: bytes) -> Decision | None:
    entry = _entry_of(line)
    if entry is None:
        return None
    fields = {name: value for name, value in entry.fields.items() if name not in _LEFT_BEHIND}
    fields |= {
        "attempts": 0,
        "delivery_id": entry.delivery_id,
        "queued_again_at": iso_utc_now(),
        # Lines are known by their content: this one must differ from all that were done before.
        "retry_id": uuid4().hex,
    }
    return Decision(gone=ref, line=encode(fields).decode("ascii"))


def _remove(ref: str, _line: bytes) -> Decision:
    return Decision(gone=ref)


def _checked(refs: object) -> tuple[str, ...]:
    given = (refs,) if isinstance(refs, str) else refs
    if isinstance(given, Iterable):
        found = tuple(given)
        if all(isinstance(ref, str) for ref in found):
            return found
    raise ValidationError(
        f"refs is {refs!r:.80}; it must be a sequence of texts.",
        code="recovery_invalid_text",
        details={"field": "refs"},
    )


def _chosen(lines: list[bytes], wanted: tuple[str, ...] | None) -> dict[str, bytes]:
    """Return the lines of the letters that are meant, by `letter_ref`."""
    if wanted is None:
        return {letter_ref_of(line): line for line in lines}
    names = set(wanted)
    found: dict[str, bytes] = {}
    matched: set[str] = set()
    for line in lines:
        letter = _letter_of(line)
        hits = names & {letter.letter_ref, letter.replay_ref or letter.letter_ref}
        if hits:
            found[letter.letter_ref] = line
            matched |= hits
    unknown = [ref for ref in wanted if ref not in matched]
    if unknown:
        raise ReplayError(
            f"No dead letter is called {', '.join(map(repr, unknown))}; nothing was changed. "
            "See list_dead_letters.",
            code="recovery_dead_letter_unknown",
            details={"refs": unknown},
        )
    return found


def _entry_of(line: bytes) -> Entry | None:
    try:
        return parse_line(line)
    except ReplayError:
        return None


def _letter_of(line: bytes) -> DeadLetter:
    entry = _entry_of(line)
    if entry is None:
        return _invalid_letter(line)
    return DeadLetter(
        letter_ref=letter_ref_of(line),
        reason=entry.text("last_error") or "unknown",
        dead_lettered_at=entry.text("dead_lettered_at"),
        replay_ref=entry.replay_ref,
        delivery_id=entry.delivery_id,
        family=entry.family,
        sink_name=entry.sink_name,
        payload=entry.fields["payload"],
        payload_type=entry.text("payload_type"),
        attempts=entry.attempts,
        capture_attempts=entry.capture_attempts,
    )


def _invalid_letter(line: bytes) -> DeadLetter:
    fields: dict[str, Any] = {}
    try:
        read = json.loads(line)
        fields = read if isinstance(read, dict) else {}
    except (ValueError, RecursionError):
        pass  # the file itself was damaged; the line is shown as it is
    text = fields.get("line")
    return DeadLetter(
        letter_ref=letter_ref_of(line),
        reason=str(fields.get("reason") or "This line of the dead letters cannot be read."),
        dead_lettered_at=str(fields["dead_lettered_at"]) if "dead_lettered_at" in fields else None,
        line=text if isinstance(text, str) else line.decode("utf-8", "backslashreplace"),
    )
