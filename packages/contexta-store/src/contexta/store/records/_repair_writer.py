"""Finish what a dead writer left although some of it is gone."""

from __future__ import annotations

from typing import NamedTuple

from contexta.store._words import counted
from contexta.store.fs import FileLock
from contexta.store.records._journal import complete_pending
from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._log_write import condense_log
from contexta.store.records._part_entry import Ranges
from contexta.store.records._parts_log import Missing, read_log
from contexta.store.records._recover import recover_writer
from contexta.store.records._reservations import end_writer, read_mark, reserved_start

LOST = "segment_lost"


class WriterRepair(NamedTuple):
    """What became of a writer: in words, what is known to be lost, and what was taken aside."""

    text: str
    lost: Ranges
    quarantined: tuple[str, ...]


def repair_writer(layout: Layout, writer_id: str) -> WriterRepair:
    """Seal what can be read of a dead writer, and record what is gone with its files.

    Raises:
        StoreError: When something cannot be written.
    """
    folder = layout.writer_folder(writer_id)
    lost = _gone(layout, writer_id)
    for first, last, text in lost:
        _note(layout, Missing(first, last, text, f"_wal/{writer_id}", LOST, None))
    quarantined: list[str] = []
    count = 0
    if folder.exists():
        recovered = recover_writer(layout, writer_id)
        if recovered is not None:
            count = recovered.writer.record_count
            quarantined = [p for r in recovered.segments.values() for p in r.quarantined]
    else:
        end_writer(layout, writer_id, None)
    text = f"{counted(count, 'record')} of the dead writer {writer_id} sealed."
    return WriterRepair(text, tuple((first, last) for first, last, _ in lost), tuple(quarantined))


def _gone(layout: Layout, writer_id: str) -> list[tuple[int, int, str]]:
    """Return the ranges that nothing but the bookkeeping tells of any more, with a sentence."""
    folder = layout.writer_folder(writer_id)
    log = read_log(layout)
    sealed = [span.last_sequence for span in log.spans.of_writer(writer_id)]
    sealed += [e.last_sequence for s, e in log.entries.items() if s.writer_id == writer_id]
    start = reserved_start(layout, writer_id)
    if not folder.exists():
        first = max([*sealed, (start or 1) - 1]) + 1
        text = (
            f"The folder '_wal/{writer_id}' is gone with the records that it held, from {first} on."
        )
        return [(first, first, text)]
    mark = read_mark(layout.writer_lock(writer_id))
    if mark is None or not mark["synced_sequence"]:
        return []
    segment = SegmentId(writer_id, int(mark["segment"]))
    if layout.segment(segment).exists() or log.is_sealed(segment):
        return []
    first = max([*sealed, int(mark["reservation"]) - 1]) + 1
    last = int(mark["synced_sequence"])
    if first > last:
        return []
    name = f"_wal/{writer_id}/{segment.number}.seg"
    text = f"Records {first} to {last} were in {name!r}, which is gone."
    return [(first, last, text)]


def _note(layout: Layout, fact: Missing) -> None:
    with FileLock(layout.lock):
        complete_pending(layout)
        condense_log(layout, known=lambda known: known if fact in known else [*known, fact])
