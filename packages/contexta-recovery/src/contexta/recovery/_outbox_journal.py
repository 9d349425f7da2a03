"""What replays and operators decided since the outbox files were last rewritten.

Rewriting a file for each of n deliveries costs n squared. A decision is one appended line
instead; a checkpoint applies all of them to both files at once and removes the journal. Each
line is whole or ignored, and applying a decision again changes nothing, so a kill at any moment
leaves a queue in which every delivery is either waiting, delivered or a dead letter.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contexta.recovery._outbox_lines import LineAppender, digest_of, read_lines

if TYPE_CHECKING:
    from pathlib import Path

_SYNC_EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Decision:
    """One change of the queue, made whole or not at all.

    Args:
        done: Digest of the waiting line that leaves.
        line: A waiting line that comes, behind all others.
        gone: Reference of the dead letter that leaves.
        letter: A dead letter that comes.
    """

    done: str | None = None
    line: str | None = None
    gone: str | None = None
    letter: Mapping[str, Any] | None = None

    def to_line(self) -> bytes:
        """Return its line of the journal."""
        fields = {
            name: value
            for name in ("done", "line", "gone", "letter")
            if (value := getattr(self, name)) is not None
        }
        check = digest_of(_plain(fields))
        return _plain({"check": check, "decision": fields})

    @classmethod
    def from_line(cls, line: bytes) -> Decision | None:
        """Read a line; None when it was cut or changed, and so was never decided."""
        try:
            item = json.loads(line)
            fields = item["decision"]
            if item["check"] != digest_of(_plain(fields)):
                return None
            return cls(**fields)
        except (ValueError, TypeError, KeyError, RecursionError):
            return None


def _plain(fields: Any) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")


class Journal:
    """Appends decisions; each survives a kill at once and a power cut after `sync`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: LineAppender | None = None
        self._synced_at = time.monotonic()

    def write(self, decision: Decision) -> None:
        """Append one decision, synced at most 50 ms later if decisions go on."""
        if self._file is None:
            self._file = LineAppender(self._path)
        self._file.write(decision.to_line())
        if self.is_due():
            self.sync()

    def is_due(self) -> bool:
        """Tell whether the last sync is 50 ms ago."""
        return time.monotonic() - self._synced_at >= _SYNC_EVERY_SECONDS

    def sync(self) -> None:
        """Bring what was decided to disk."""
        if self._file is not None:
            self._file.sync()
        self._synced_at = time.monotonic()

    def close(self) -> None:
        """Sync and close."""
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.sync()
            finally:
                file.close()


def read_journal(path: Path) -> list[Decision]:
    """Return the decisions of a journal, oldest first; none when it is absent."""
    found = (Decision.from_line(line) for line in read_lines(path))
    return [decision for decision in found if decision is not None]


def apply_to_waiting(lines: list[bytes], decisions: Iterable[Decision]) -> list[bytes]:
    """Return the waiting lines after the decisions; equal to `lines` when applied again."""
    done: set[str] = set()
    added: dict[str, bytes] = {}
    for decision in decisions:
        if decision.done is not None:
            done.add(decision.done)
        if decision.line is not None:
            line = decision.line.encode("ascii")
            added[digest_of(line)] = line
    if not done and not added:
        return lines
    kept = [(digest_of(line), line) for line in lines]
    present = {digest for digest, _ in kept}
    return [line for digest, line in kept if digest not in done] + [
        line for digest, line in added.items() if digest not in done and digest not in present
    ]


def letter_ref_of(line: bytes) -> str:
    """Return the reference of a dead letter: its own, or one of its content."""
    try:
        ref = json.loads(line)["letter_ref"]
    except (ValueError, TypeError, KeyError, RecursionError):
        ref = None
    return ref if isinstance(ref, str) and ref else f"dead:{digest_of(line)}"


def apply_to_dead(lines: list[bytes], decisions: Iterable[Decision]) -> list[bytes]:
    """Return the lines of the dead letters after the decisions, in order."""
    relevant = [one for one in decisions if one.letter is not None or one.gone is not None]
    if not relevant:
        return lines
    # Equal lines, which only a hand can have written, share a reference and their fate.
    kept: dict[str, list[bytes]] = {}
    for line in lines:
        kept.setdefault(letter_ref_of(line), []).append(line)
    for decision in relevant:
        if decision.letter is not None:
            line = _plain(decision.letter)
            kept.setdefault(letter_ref_of(line), [line])
        if decision.gone is not None:
            kept.pop(decision.gone, None)
    return [line for group in kept.values() for line in group]
