"""The durable queue of failed deliveries: one JSON object per line.

`failed_deliveries.jsonl` holds what waits, `dead_letter.jsonl` what was given up, `journal.jsonl`
what was decided since both were last rewritten; it is there only while a replay runs or after one
was killed. `append_entry` is for whoever adds deliveries while others may replay; lines written
by hand with any editor or script are accepted too.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.recovery._errors import ReplayError
from contexta.recovery._outbox_journal import (
    Decision,
    Journal,
    apply_to_dead,
    apply_to_waiting,
    read_journal,
)
from contexta.recovery._outbox_lines import (
    LineAppender,
    all_different,
    digest_of,
    held_open,
    joined,
    open_regular,
    read_lines,
    split_lines,
)
from contexta.store.fs import (
    FileLock,
    atomic_write_bytes,
    ensure_private_dir,
    fsync_dir,
    translated_os_errors,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Entry", "OutboxFile", "append_entry", "delivery_checksum", "parse_line"]

PENDING_NAME = "failed_deliveries.jsonl"
DEAD_LETTER_NAME = "dead_letter.jsonl"
JOURNAL_NAME = "journal.jsonl"
OUTBOX_FILES = (PENDING_NAME, DEAD_LETTER_NAME, JOURNAL_NAME)
_APPEND_LOCK = "_append.lock"
_REPLAY_LOCK = "_replay.lock"
_MOST_LOOKS = 100
_SURELY_SHALLOW = 200
_TEMPORARY = re.compile(r"_[0-9a-f]{24}\.tmp")
_CHECKED_FIELDS = ("delivery_id", "family", "payload", "payload_type", "replay_ref", "sink_name")


@dataclass(frozen=True, slots=True)
class Entry:
    """One waiting delivery.

    Args:
        line: The bytes of its line, which identify it in the file.
        fields: The whole object.
    """

    line: bytes
    fields: Mapping[str, Any]

    @property
    def replay_ref(self) -> str:
        """What the entry is called in results."""
        return str(self.fields["replay_ref"])

    @property
    def delivery_id(self) -> str:
        """The stable id of the delivery: its own, else one that its content gives.

        The second kind is for lines written by hand, whose `replay_ref` may repeat.
        """
        given = self.fields.get("delivery_id")
        if isinstance(given, str) and given:
            return given
        return f"{self.replay_ref}#{delivery_checksum(self.fields)[:16]}"

    @property
    def family(self) -> str:
        """CONTEXT, RECORD, ARTIFACT or DEGRADATION, as written."""
        return str(self.fields["family"])

    @property
    def sink_name(self) -> str | None:
        """The sink that failed, or None when the entry names none."""
        return self.text("sink_name")

    @property
    def attempts(self) -> int:
        """How often a replay of it has failed; the tries of capture are not among them."""
        return int(self.fields.get("attempts") or 0)

    @property
    def capture_attempts(self) -> int:
        """How often capture tried before it queued the delivery; 0 when nobody said."""
        given = self.fields.get("capture_attempts", 0)
        return given if isinstance(given, int) and not isinstance(given, bool) else 0

    def text(self, name: str) -> str | None:
        """Return a field that is text and not empty, else None."""
        given = self.fields.get(name)
        return given if isinstance(given, str) and given else None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no delivery, and why."""

    line: bytes
    reason: str


class OutboxFile:
    """The waiting and the dead entries below one outbox folder.

    Args:
        root: The folder; created when something is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pending = root / PENDING_NAME
        self.dead_letter = root / DEAD_LETTER_NAME
        self.journal = root / JOURNAL_NAME

    @property
    def exists(self) -> bool:
        """Whether anything was ever queued here."""
        return self.pending.exists() or self.journal.exists()

    def turn(self) -> FileLock:
        """Return the lock that lets one replay or change of dead letters run at a time."""
        return FileLock(self.root / _REPLAY_LOCK)

    def append(self, line: bytes, *, sync: bool = True) -> None:
        """Add one line, also when the last line of the file was cut by a crash."""
        ensure_private_dir(self.root)
        with self.changing():
            file = LineAppender(self.pending)
            try:
                file.write(line)
                if sync or file.is_new:  # a name that is not on disk takes all lines with it
                    file.sync()
            finally:
                file.close()

    def open_journal(self) -> Journal:
        """Return the journal, to decide something. Only with the turn."""
        return Journal(self.journal)

    def waiting_lines(self) -> list[bytes]:
        """Return what waits, without changing a file."""
        return self._decided(self.pending, apply_to_waiting)

    def dead_lines(self) -> list[bytes]:
        """Return the dead letters, without changing a file."""
        return self._decided(self.dead_letter, apply_to_dead)

    def _decided(
        self, path: Path, apply: Callable[[list[bytes], list[Decision]], list[bytes]]
    ) -> list[bytes]:
        """Read a file and the journal as of one moment, without a lock.

        A checkpoint in between leaves a file before the decisions and no journal that tells them.
        """
        for _ in range(_MOST_LOOKS):
            with held_open(path) as is_still_there:
                found = apply(read_lines(path), read_journal(self.journal))
                if is_still_there():
                    break
        return found

    def checkpoint(self) -> list[bytes]:
        """Apply the journal to both files, remove it, and return what waits. Only with the turn.

        Each step can be repeated, and the journal goes last: a kill in between costs nothing.
        """
        with self.changing():
            decisions = read_journal(self.journal)
            lines = self._rewrite_waiting(decisions)
            if any(one.letter is not None or one.gone is not None for one in decisions):
                dead = read_lines(self.dead_letter)
                wanted = apply_to_dead(dead, decisions)
                if wanted != dead:
                    atomic_write_bytes(self.dead_letter, joined(wanted))
            if os.path.lexists(self.journal):
                self.journal.unlink()
                fsync_dir(self.root)
            self._sweep()
            return lines

    def _sweep(self) -> None:
        """Remove what killed rewrites left. Whoever rewrites has the lock that is held now."""
        for path in self.root.glob("_*.tmp"):
            if _TEMPORARY.fullmatch(path.name):
                with suppress(OSError):  # it takes space and harms nothing
                    path.unlink()

    def changing(self) -> FileLock:
        """Return the lock that keeps appends and rewrites apart; held for moments only."""
        return FileLock(self.root / _APPEND_LOCK)

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Keep the files as they are, to copy them together. Creates nothing.

        Copied one by one, a delivery that moves from one to the other could be in neither.
        """
        lock = FileLock(self.root / _APPEND_LOCK, shared=True)
        if lock.path.exists():  # else nobody who knows of it has changed anything yet
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _rewrite_waiting(self, decisions: list[Decision]) -> list[bytes]:
        if not self.pending.exists() and not decisions:
            return []
        fd = open_regular(self.pending, os.O_RDONLY | os.O_CREAT)
        with translated_os_errors("read", self.pending), open(fd, "rb", buffering=0) as tail:
            lines = split_lines(tail.read())
            wanted = all_different(apply_to_waiting(lines, decisions))
            if wanted == lines:
                return lines
            atomic_write_bytes(self.pending, joined(wanted))
            # A script that knows no lock may have appended since the file was read.
            late = split_lines(tail.read())
        if late:
            wanted = all_different([*wanted, *late])
            atomic_write_bytes(self.pending, joined(wanted))
        return wanted


def append_entry(outbox_root: str | Path, fields: Mapping[str, Any], *, sync: bool = True) -> None:
    """Add one failed delivery to the outbox below `outbox_root`.

    Safe beside other writers and beside a running replay. `fields` needs `replay_ref` (unique),
    `family` and `payload`; `delivery_id` identifies the delivery to its receiver, `sink_name` says
    whose delivery it is, `payload_type` of which class of the contract the payload is; `attempts`
    counts failed replays and starts at 0.

    Args:
        outbox_root: The folder of the outbox; created when absent.
        fields: JSON data.
        sync: Whether to wait until the line survives a power cut. Without, it survives the death
            of the process.

    Raises:
        ReplayError: `recovery_invalid_outbox_entry` when a field is missing or not JSON.
        StoreAccessError: When the file cannot be written.
    """
    line = encode(fields)
    parse_line(line)
    OutboxFile(Path(outbox_root)).append(line, sync=sync)


def delivery_checksum(fields: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of what a delivery consists of.

    An entry that carries it as `delivery_sha256` is compared before it is delivered.
    """
    content = {name: fields[name] for name in _CHECKED_FIELDS if name in fields}
    return hashlib.sha256(encode(content)).hexdigest()


def parse_line(line: bytes) -> Entry:
    """Read one line.

    Raises:
        ReplayError: `recovery_invalid_outbox_entry`, naming all that is wrong.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _invalid([f"not JSON ({error})"]) from error
    if not isinstance(fields, dict):
        raise _invalid(["not an object"])
    wrong = _what_is_wrong(fields)
    if not wrong and line.count(b"[") + line.count(b"{") > _SURELY_SHALLOW:
        # It will be written again, a few levels deeper.
        encode({"line": {"decision": [[fields]]}})
    if wrong:
        raise _invalid(wrong)
    return Entry(line, fields)


def _what_is_wrong(fields: Mapping[str, Any]) -> list[str]:
    wrong = [
        f"{name} is not a text"
        for name in ("replay_ref", "family")
        if not isinstance(fields.get(name), str) or not fields[name].strip()
    ]
    if "payload" not in fields:
        wrong.append("payload is missing")
    attempts = fields.get("attempts") or 0
    if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 0:
        wrong.append("attempts is not a number of at least 0")
    checksum = fields.get("delivery_sha256")
    if isinstance(checksum, str) and not wrong and checksum != delivery_checksum(fields):
        wrong.append("its content does not match its delivery_sha256")
    return wrong


def _invalid(reasons: list[str]) -> ReplayError:
    return ReplayError(
        f"An outbox line is no delivery: {'; '.join(reasons)}.",
        code="recovery_invalid_outbox_entry",
        details={"reasons": reasons},
    )


def encode(fields: Mapping[str, Any]) -> bytes:
    """Return the line of an entry.

    Raises:
        ReplayError: `recovery_invalid_outbox_entry` when a value is not JSON.
    """
    try:
        text = json.dumps(dict(fields), sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise _invalid(["nested too deep"]) from error
    except (TypeError, ValueError) as error:
        raise _invalid([f"not JSON ({error})"]) from error
    return text.encode("ascii")


def leaves(entry: Entry | BadLine) -> str:
    """Return how a decision names a line that leaves the queue."""
    return digest_of(entry.line)
