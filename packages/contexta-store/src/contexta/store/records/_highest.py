"""The highest number that may ever have been given, from the data alone."""

from __future__ import annotations

from pathlib import Path

from contexta.store.fs import translated_os_errors
from contexta.store.records._decode import SegmentDecoder
from contexta.store.records._frames import SEGMENT_HEADER_BYTES, decode_segment_header
from contexta.store.records._layout import (
    RECORD_TYPES,
    Layout,
    is_writer_id,
    names_in,
    segment_number,
)
from contexta.store.records._refs import SEQUENCE_BLOCK
from contexta.store.records._reservations import read_mark


def highest_number(layout: Layout) -> int:
    """Return a number that no writer has gone beyond; 0 for an empty store.

    It looks at the log of parts, at parts that the log does not name, at what was erased or
    lost, and at the blocks of the writers whose segments are left.

    Raises:
        StoreAccessError: When a folder or file cannot be read.
    """
    from contexta.store.records._parts_log import read_log

    log = read_log(layout)
    known = [log.highest_sequence]
    known += [part.last_sequence for part in log.parts.values()]
    known += [last for _, last in log.erased]
    known += [missing.last for missing in log.missing]
    known += _in_unnamed_parts(layout, set(log.parts))
    for writer_id in filter(is_writer_id, names_in(layout.wal)):
        known.append(_of_writer(layout.writer_folder(writer_id)))
    return max(known)


def _in_unnamed_parts(layout: Layout, named: set[str]) -> list[int]:
    found = []
    for record_type in RECORD_TYPES:
        for folder in names_in(layout.root / record_type):
            if not (layout.root / record_type / folder).is_dir():
                continue
            for name in names_in(layout.root / record_type / folder):
                relative = f"{record_type}/{folder}/{name}"
                if relative not in named and layout.part(relative) is not None:
                    found.append(_last_in_footer(layout.root / relative))
    return found


def _last_in_footer(path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).metadata[b"contexta.last_sequence"])
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        return 0  # a part that the log does not name and that says nothing itself


def _of_writer(folder: Path) -> int:
    mark = read_mark(folder / "lock")
    highest = int(mark["reservation"]) + SEQUENCE_BLOCK - 1 if mark else 0
    for name in names_in(folder):
        if segment_number(name) is None:
            continue
        path = folder / name
        with translated_os_errors("read", path):
            raw = path.read_bytes()
        header = decode_segment_header(raw[:SEGMENT_HEADER_BYTES], str(path))
        if header is not None:
            highest = max(highest, header.reservation_start + SEQUENCE_BLOCK - 1)
            continue
        decoder = SegmentDecoder()
        decoder.advance(raw[SEGMENT_HEADER_BYTES:])
        if decoder.last_sequence:
            # The block is not known: it began at most that far before the last number.
            highest = max(highest, decoder.last_sequence + SEQUENCE_BLOCK - 1)
    return highest
