"""What was erased: one line per record type, project and step, each with its own checksum.

The log of parts keeps the numbers that are gone; this file keeps why, when and how many. A line
is written before the parts change, and counts once none of the old parts is current.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from contexta.contract.time import from_epoch_us
from contexta.store._ranges import joined
from contexta.store.fs import FileLock
from contexta.store.records._audit import read_audit_lines
from contexta.store.records._erase_models import ErasedRange
from contexta.store.records._layout import Layout
from contexta.store.records._log_write import append_line
from contexta.store.records._part_entry import PartEntry, Ranges
from contexta.store.records._parts_log import read_log
from contexta.store.records._sequence_set import SequenceSet

_VERSION = 1


class Tombstone(NamedTuple):
    """Why rows go: a word, and what the plan named. Hashed subjects say nothing of their own."""

    reason: str
    subjects: tuple[str, ...] = ()

    def anonymous(self) -> Tombstone:
        """Return the same with salted hashes, `sha256:<salt>:<hex>`, in place of names.

        Who knows a name can still verify that it was erased; who guesses names can, too.
        """
        return self._replace(subjects=tuple(hashed_subject(name) for name in self.subjects))


def hashed_subject(name: str, salt: str | None = None) -> str:
    """Return `sha256:<salt>:<hex of SHA-256 over salt and name>`; a fresh salt by default."""
    salt = secrets.token_hex(16) if salt is None else salt
    digest = hashlib.sha256(f"{salt}{name}".encode()).hexdigest()
    return f"sha256:{salt}:{digest}"


def note_erasure(
    layout: Layout,
    tombstone: Tombstone,
    gone: Sequence[tuple[PartEntry, Ranges, int]],
    erased: Ranges,
) -> None:
    """Write down, before it happens, that rows of parts of one folder go.

    Args:
        layout: The store.
        tombstone: Why.
        gone: The parts with the numbers that go and how many they are.
        erased: The same numbers as the log of parts is told.

    Raises:
        StoreAccessError: When it cannot be written.
    """
    first = gone[0][0]
    entry = {
        "version": _VERSION,
        "at_us": time.time_ns() // 1000,
        "reason": tombstone.reason,
        "subjects": list(tombstone.subjects),
        "record_type": first.record_type,
        "project": first.project,
        "old": sorted(part.path for part, _, _ in gone),
        "ranges": [list(pair) for pair in erased],
        "first": min(ranges[0][0] for _, ranges, _ in gone),
        "last": max(ranges[-1][1] for _, ranges, _ in gone),
        "count": sum(count for _, _, count in gone),
    }
    with FileLock(layout.lock):
        append_line(layout, entry, layout.erasures)


def unexplained(layout: Layout) -> Ranges:
    """Return the numbers that the log of parts says were erased and no line tells why."""
    told = SequenceSet()
    for entry in read_audit_lines(layout.erasures, _VERSION).entries:
        for first, last in entry["ranges"]:
            told.add_range(first, last)
    erased = joined(read_log(layout).erased)
    return tuple(gap for first, last in erased for gap in told.missing(first, last))


def explain_the_rest(layout: Layout) -> None:
    """Write a line of reason `unknown` for what lost lines told; the caller holds the lock.

    Raises:
        StoreAccessError: When it cannot be written.
    """
    ranges = unexplained(layout)
    if not ranges:
        return
    entry = {
        "version": _VERSION,
        "at_us": time.time_ns() // 1000,
        "reason": "unknown",
        "subjects": [],
        "record_type": "",
        "project": "",
        "old": [],
        "ranges": [list(pair) for pair in ranges],
        "first": ranges[0][0],
        "last": ranges[-1][1],
        "count": sum(last - first + 1 for first, last in ranges),
    }
    append_line(layout, entry, layout.erasures)


def erased_ranges(layout: Layout) -> tuple[ErasedRange, ...]:
    """Return what was erased, in the order of time.

    Raises:
        StoreAccessError: When a file cannot be read.
        SchemaVersionError: When a newer release wrote it.
    """
    current = read_log(layout).parts
    done: dict[tuple[str, ...], dict[str, Any]] = {}
    for entry in read_audit_lines(layout.erasures, _VERSION).entries:
        old = tuple(entry["old"])
        if not any(path in current for path in old):
            done[old] = entry  # a repetition after a kill says the same
    return tuple(
        ErasedRange(
            entry["record_type"],
            entry["project"],
            entry["first"],
            entry["last"],
            entry["count"],
            entry["reason"],
            from_epoch_us(entry["at_us"]),
            tuple(entry["subjects"]),
        )
        for entry in done.values()
    )
