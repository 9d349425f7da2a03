"""One pass over the waiting lines."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from contexta.contract.time import iso_utc_now
from contexta.recovery._errors import ReplayError
from contexta.recovery._models_replay import ReplayBatchResult, ReplayEntryResult
from contexta.recovery._outbox_journal import Decision, Journal
from contexta.recovery._sinks import Receipt, flush_of, hand_over
from contexta.recovery.outbox import BadLine, Entry, OutboxFile, encode, leaves, parse_line

if TYPE_CHECKING:
    from contexta.recovery._backoff import Backoff
    from contexta.recovery._replay_route import Router
    from contexta.recovery._sinks import ReplaySink

_DETAILS_IN_WARNING = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """What a caller of `replay_outbox` asked for."""

    threshold: int
    acknowledge: bool
    due_only: bool
    typed: bool
    limit: int | None
    backoff: Backoff
    redact: Callable[[str], str]


@dataclass(slots=True)
class Batch:
    """Delivers lines and decides what becomes of each; used once."""

    outbox: OutboxFile
    router: Router
    rules: Rules
    entries: list[ReplayEntryResult] = field(default_factory=list)
    acknowledged: int = 0
    dead: int = 0
    quarantined: list[str] = field(default_factory=list)
    not_due: list[str] = field(default_factory=list)
    _journal: Journal = field(init=False)
    _unflushed: list[Decision] = field(default_factory=list)

    def run(self, lines: list[bytes]) -> ReplayBatchResult:
        """Deliver; on any way out, what was decided is on disk and in the files."""
        self._journal = self.outbox.open_journal()
        try:
            attempted = 0
            for line in lines:
                if self.rules.limit is not None and attempted >= self.rules.limit:
                    break
                attempted += self._take(line)
        finally:
            try:
                self._flush()
            finally:
                self._journal.close()
                for sink in self.router.own:
                    sink.close()
                pending = self.outbox.checkpoint()
        return self._result(len(pending))

    def _take(self, line: bytes) -> bool:
        """Handle one line; False when it was not for this replay."""
        try:
            entry = parse_line(line)
        except ReplayError as error:
            self._quarantine(BadLine(line, error.message))
            return False
        if not self.router.wants(entry):
            return False
        due_at = entry.text("next_attempt_at")
        if self.rules.due_only and not self.rules.backoff.is_due(due_at, entry.attempts):
            self.not_due.append(str(due_at))
            return False
        self._replay(entry)
        return True

    def _replay(self, entry: Entry) -> None:
        sink = self.router.sink_of(entry)
        if sink is None:
            detail = f"no sink is named {entry.sink_name!r}"
            self._note(entry, str(entry.sink_name), Receipt("SKIPPED", detail), entry.attempts)
            return
        try:
            receipt = hand_over(sink, entry, typed=self.rules.typed)
        except Exception as error:  # a sink is foreign code; its failure is data
            receipt = Receipt("FAILURE", _text_of(error))
        receipt = receipt._replace(detail=self.rules.redact(receipt.detail))
        if receipt.status == "FAILURE":
            self._failed(entry, sink.name, receipt)
            return
        if self.rules.acknowledge:
            self._acknowledge(entry, sink)
        self._note(entry, sink.name, receipt, entry.attempts)

    def _acknowledge(self, entry: Entry, sink: ReplaySink) -> None:
        decision = Decision(done=leaves(entry))
        if flush_of(sink) is None:
            self._journal.write(decision)
        else:
            # On disk there first, acknowledged here afterwards; in groups, one sync costs 4 ms.
            self._unflushed.append(decision)
            if self._journal.is_due():
                self._flush()
        self.acknowledged += 1

    def _flush(self) -> None:
        if self._unflushed:
            for sink in self.router.sinks:
                flush = flush_of(sink)
                if flush is not None:
                    flush()
            decisions, self._unflushed = self._unflushed, []
            for decision in decisions:
                self._journal.write(decision)
        self._journal.sync()

    def _failed(self, entry: Entry, sink_name: str, receipt: Receipt) -> None:
        attempts = entry.attempts + 1
        moment = iso_utc_now()
        changed: dict[str, Any] = {
            **entry.fields,
            "attempts": attempts,
            # From now on the id may not depend on how the line is written.
            "delivery_id": entry.delivery_id,
            "last_error": receipt.detail,
            "last_replayed_at": moment,
        }
        if attempts >= self.rules.threshold:
            changed.pop("next_attempt_at", None)
            self._bury(entry, changed | {"dead_lettered_at": moment})
        else:
            changed["next_attempt_at"] = self.rules.backoff.next_attempt_at(attempts)
            line = encode(changed).decode("ascii")
            self._journal.write(Decision(done=leaves(entry), line=line))
        self._note(entry, sink_name, receipt, attempts, changed.get("next_attempt_at"))

    def _bury(self, gone: Entry | BadLine, letter: dict[str, Any]) -> None:
        letter["letter_ref"] = f"dead:{uuid4().hex}"
        self._journal.write(Decision(done=leaves(gone), letter=letter))
        self.dead += 1

    def _quarantine(self, bad: BadLine) -> None:
        try:
            text, encoding = bad.line.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = base64.b64encode(bad.line).decode("ascii"), "base64"
        letter = {
            "code": "recovery_invalid_outbox_entry",
            "dead_lettered_at": iso_utc_now(),
            "encoding": encoding,
            "line": text,
            "reason": bad.reason,
        }
        self._bury(bad, letter)
        self.quarantined.append(bad.reason)

    def _note(
        self,
        entry: Entry,
        target: str,
        receipt: Receipt,
        attempts: int,
        next_attempt_at: str | None = None,
    ) -> None:
        self.entries.append(
            ReplayEntryResult(
                entry.replay_ref,
                entry.family,
                target,
                receipt.status,
                receipt.detail,
                attempts,
                delivery_id=entry.delivery_id,
                next_attempt_at=next_attempt_at,
            )
        )

    def _result(self, pending: int) -> ReplayBatchResult:
        failures = sum(entry.status == "FAILURE" for entry in self.entries)
        skipped = sum(entry.status == "SKIPPED" for entry in self.entries)
        status = "SUCCESS"
        if failures or skipped or self.quarantined:
            all_failed = bool(failures) and failures == len(self.entries)
            status = "FAILURE" if all_failed else "DEGRADED"
        counts = {
            "dead_lettered": self.dead,
            "quarantined": len(self.quarantined),
            "not_due": len(self.not_due),
        }
        details = {"next_attempt_at": min(self.not_due)} if self.not_due else None
        return ReplayBatchResult(
            status=status,
            warnings=self._warnings(),
            notes=tuple(f"{name}:{number}" for name, number in counts.items() if number),
            details=details,
            entries=tuple(self.entries),
            acknowledged_count=self.acknowledged,
            pending_count=pending,
            dead_lettered_count=self.dead,
        )

    def _warnings(self) -> tuple[str, ...]:
        if not self.quarantined:
            return ()
        shown = " ".join(self.quarantined[:_DETAILS_IN_WARNING])
        return (f"{len(self.quarantined)} lines were no delivery and are dead letters: {shown}",)


def _text_of(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # its text fails too; the type must do
        return type(error).__name__
