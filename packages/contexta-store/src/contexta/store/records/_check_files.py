"""Verify the small files of a store: marker, numbers, marks, journal, audit lines, index."""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contexta.contract.errors import ContextaError
from contexta.store.fs import lock_is_held
from contexta.store.records import _damage as dmg
from contexta.store.records._audit import AUDIT_VERSION, read_audit_lines
from contexta.store.records._erase_log import unexplained
from contexta.store.records._journal import read_journal
from contexta.store.records._layout import Layout, is_writer_id, names_in
from contexta.store.records._marks import opened_json
from contexta.store.records._reservations import MARK_BYTES, encode_mark

MARKER = "store_marker_damaged"
NUMBERS = "sequence_file_damaged"
MARK = "writer_mark_damaged"
JOURNAL = "replacement_journal_damaged"
AUDIT = "audit_line_damaged"
INDEX = "index_damaged"

_TRIES = 5
_PAUSE_SECONDS = 0.02


def damage_of_files(layout: Layout) -> Iterator[dmg.Damage]:
    """Yield what is wrong with the small files; records do not depend on them.

    `_sequence.json` may be absent (a restored backup has none): it is derived from the data.
    """
    yield from _document(layout.marker, MARKER, "It is written anew by apply_repairs.")
    yield from _document(
        layout.sequence, NUMBERS, "The numbers are found again from the data, none twice."
    )
    if layout.journal.exists() and read_journal(layout) is None and layout.journal.exists():
        yield _damage(JOURNAL, layout.journal, "is damaged. The footers of the parts say the same.")
    for name in filter(is_writer_id, names_in(layout.wal)):
        yield from _mark(layout, name)
    for path in (layout.erasures, layout.repairs):
        for number in read_audit_lines(path, AUDIT_VERSION).damaged:
            yield _damage(AUDIT, path, f"is damaged in line {number}.", line=number)
    yield from _unexplained(layout)
    yield from _index(layout)


def _unexplained(layout: Layout) -> Iterator[dmg.Damage]:
    ranges = unexplained(layout)
    if ranges:
        text = f"has no line about the erased records {ranges[0][0]} to {ranges[0][1]}."
        yield _damage(AUDIT, layout.erasures, text)


def _damage(code: str, path: Path, text: str, **details: Any) -> dmg.Damage:
    return dmg.damage(code, f"{str(path)!r} {text}", str(path), blocks=False, **details)


def _document(path: Path, code: str, advice: str) -> Iterator[dmg.Damage]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        yield _damage(code, path, f"cannot be read: {error.strerror}.")
        return
    if opened_json(raw) is None:
        yield _damage(code, path, f"is damaged. {advice}")


def _mark(layout: Layout, writer_id: str) -> Iterator[dmg.Damage]:
    path = layout.writer_lock(writer_id)
    for attempt in range(_TRIES):
        if _mark_is_right(path):
            return
        # A living writer may have been in the middle of writing it.
        if attempt and not lock_is_held(path):
            break
        time.sleep(_PAUSE_SECONDS)
    yield _damage(MARK, path, "is damaged: how much of the segment was synced is not known.")


def _mark_is_right(path: Path) -> bool:
    try:
        raw = path.read_bytes()
    except OSError:
        return True  # gone with its writer
    if not raw:
        return True  # a writer that was killed at birth
    entry = opened_json(raw[:MARK_BYTES].rstrip(b" \n"))
    return entry is not None and raw == encode_mark(entry)


def _index(layout: Layout) -> Iterator[dmg.Damage]:
    """Look whether the derived index can be used; its figures prove themselves when read."""
    from contexta.store.records._index import INDEX_NAME
    from contexta.store.records._index_chunks import DamagedChunkError, decode

    path = layout.root / INDEX_NAME
    if not path.exists():
        return
    advice = "It is derived: rebuild_indexes makes it anew, and answers do not depend on it."
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                yield _damage(INDEX, path, f"is damaged: {verdict}. {advice}")
                return
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                return  # its first change was cut short; the next use begins it
            rows = connection.execute("SELECT segment, family, low, body FROM chunk")
            for segment, family, low, body in rows:
                decode(segment, family, low, body)
        finally:
            connection.close()
    except (
        sqlite3.Error,
        DamagedChunkError,
        ContextaError,
        ValueError,  # also texts that are no UTF-8
        LookupError,
        TypeError,
        OverflowError,
        struct.error,
    ) as error:
        if not path.exists():
            return  # begun anew meanwhile
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return  # in use: what is read from it is verified then
        if Path(f"{path}-journal").exists() and "readonly" in str(error):
            return  # a change that was cut short; the next use takes it back
        yield _damage(INDEX, path, f"is damaged: {error}. {advice}")
