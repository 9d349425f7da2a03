"""The files of a record plane, for what works on them where no store can be opened.

Backups copy them beside writers, salvage makes a store of what is left of them. Both need what
the store itself knows of its files: where each lies, what a whole frame is, what the log of parts
and the journal say. Everything else asks `RecordStore`.

These names follow the format on disk: they change with it, and not between releases that share it.
"""

from __future__ import annotations

from contexta.store.records._audit import AUDIT_VERSION, read_audit_lines
from contexta.store.records._damage import Damage
from contexta.store.records._frames import SEGMENT_HEADER_BYTES, frame_end
from contexta.store.records._journal import locate_part, read_journal
from contexta.store.records._layout import Layout, segment_of_part
from contexta.store.records._parts_log import read_log
from contexta.store.records._quarantine_files import copy_aside

__all__ = [
    "AUDIT_VERSION",
    "SEGMENT_HEADER_BYTES",
    "Damage",
    "Layout",
    "copy_aside",
    "damage_of",
    "frame_end",
    "locate_part",
    "read_audit_lines",
    "read_journal",
    "read_log",
    "segment_of_part",
]


def damage_of(layout: Layout) -> list[Damage]:
    """Return what a look at the files shows, without reading the parts."""
    # Loads pyarrow, which copying files does not need.
    from contexta.store.records._snapshot import StoreReader

    reader = StoreReader(layout)
    try:
        return list(reader.snapshot().damage)
    finally:
        reader.clear()
