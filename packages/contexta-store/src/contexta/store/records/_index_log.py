"""What lines of the log of parts change for the index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from contexta.store.records._index_state import LogMark, LogTail
from contexta.store.records._layout import SegmentId
from contexta.store.records._marks import opened_json
from contexta.store.records._part_entry import (
    LOG_FORMAT_VERSION,
    REPLACE,
    SEALED,
    PartEntry,
    Replacement,
    SealedSegment,
)


class Change(NamedTuple):
    """What has to be done to bring an index up to date.

    `added` are parts by path, `removed` paths, `sealed` the segments found sealed. The log is
    known up to `mark`; `complete` says that it names every part that there is.
    """

    added: Mapping[str, PartEntry]
    removed: frozenset[str]
    sealed: frozenset[SegmentId]
    mark: LogMark
    complete: bool


def changes_in(tail: LogTail) -> Change | None:
    """Return what the lines say; None when one of them needs a look at the whole store."""
    added: dict[str, PartEntry] = {}
    removed: set[str] = set()
    sealed: set[SegmentId] = set()
    for line in tail.lines:
        entry = opened_json(line)
        if entry is None or entry.get("version", 0) > LOG_FORMAT_VERSION:
            return None
        try:
            kind = entry.get("kind", SEALED)
            if kind == SEALED:
                segment = SealedSegment.from_entry(entry)
                sealed.add(segment.segment)
                added.update({part.path: part for part in segment.parts})
            elif kind == REPLACE:
                replacement = Replacement.from_entry(entry)
                removed.update(replacement.old)
                for path in replacement.old:
                    added.pop(path, None)
                added.update({part.path: part for part in replacement.new})
            else:
                return None
        except (KeyError, TypeError, ValueError):
            return None
    return Change(added, frozenset(removed), frozenset(sealed), tail.mark, True)
