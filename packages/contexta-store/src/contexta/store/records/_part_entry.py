"""What the log of parts says about parts and segments, and its lines as JSON documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from contexta.store.records._layout import SegmentId, is_writer_id, place_of_part

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges of sequence numbers, ascending."""

SEALED = "sealed"
REPLACE = "replace"
CHECKPOINT = "checkpoint"
PART = "part"

_VERSIONS = {SEALED: 1, REPLACE: 2, CHECKPOINT: 2, PART: 2}
LOG_FORMAT_VERSION = 2


class PartEntry(NamedTuple):
    """One part as it was written.

    `tail_offset` and `tail_sha256` cover everything behind the last data page: page index and
    footer, which page checksums do not cover. `runs` is None when there are too many to list.
    """

    path: str
    record_type: str
    project: str
    rows: int
    size: int
    sha256: str
    tail_offset: int
    tail_sha256: str
    first_sequence: int
    last_sequence: int
    runs: tuple[str, ...] | None


class SealedSegment(NamedTuple):
    """A segment that became parts.

    `parts` are those written at that time; they may have been replaced since. `holes` are the
    missing ranges known when it was sealed, `reasons` says of each why (a gap code).
    """

    segment: SegmentId
    first_sequence: int
    last_sequence: int
    reservation: int
    record_count: int
    parts: tuple[PartEntry, ...]
    holes: Ranges = ()
    reasons: tuple[str, ...] = ()

    def to_entry(self) -> dict[str, Any]:
        """Return the JSON document of the line."""
        entry = {
            "version": _VERSIONS[SEALED],
            "writer": self.segment.writer_id,
            "segment": self.segment.number,
            "first": self.first_sequence,
            "last": self.last_sequence,
            "reservation": self.reservation,
            "records": self.record_count,
            "parts": [part_to_entry(part) for part in self.parts],
            "holes": [list(hole) for hole in self.holes],
        }
        return {**entry, "reasons": list(self.reasons)} if self.reasons else entry

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> SealedSegment:
        """Read the JSON document of a line.

        Raises:
            KeyError, TypeError, ValueError: When it is not one of ours.
        """
        if not is_writer_id(entry["writer"]):
            raise ValueError(f"{entry['writer']!r} is not a writer id")
        holes = ranges_from(entry["holes"])
        reasons = tuple(str(reason) for reason in entry.get("reasons", ()))
        if reasons and len(reasons) != len(holes):
            raise ValueError("there is not one reason for each hole")
        return cls(
            SegmentId(entry["writer"], int(entry["segment"])),
            int(entry["first"]),
            int(entry["last"]),
            int(entry["reservation"]),
            int(entry["records"]),
            tuple(part_from_entry(raw) for raw in entry["parts"]),
            holes,
            reasons,
        )


class Replacement(NamedTuple):
    """Parts that took the place of others: compaction, erasure, retention, repair.

    `old` are paths, `erased` the numbers of records that were removed on purpose.
    """

    replacement_id: str
    old: tuple[str, ...]
    new: tuple[PartEntry, ...]
    reason: str
    erased: Ranges
    at_us: int

    def to_entry(self) -> dict[str, Any]:
        """Return the JSON document of the line."""
        return {
            "version": _VERSIONS[REPLACE],
            "kind": REPLACE,
            "id": self.replacement_id,
            "old": list(self.old),
            "new": [part_to_entry(part) for part in self.new],
            "reason": self.reason,
            "erased": [list(pair) for pair in self.erased],
            "at_us": self.at_us,
        }

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> Replacement:
        """Read the JSON document of a line.

        Raises:
            KeyError, TypeError, ValueError: When it is not one of ours.
        """
        old = tuple(entry["old"])
        for path in old:
            _check_path(path)
        return cls(
            str(entry["id"]),
            old,
            tuple(part_from_entry(raw) for raw in entry["new"]),
            str(entry["reason"]),
            ranges_from(entry["erased"]),
            int(entry["at_us"]),
        )


def part_to_entry(part: PartEntry) -> dict[str, Any]:
    """Return the JSON document of a part."""
    entry: dict[str, Any] = part._asdict()
    entry["runs"] = None if part.runs is None else list(part.runs)
    return entry


def part_from_entry(raw: dict[str, Any]) -> PartEntry:
    """Read the JSON document of a part.

    Raises:
        KeyError, TypeError, ValueError: When it is not one of ours.
    """
    runs = raw["runs"]
    _check_path(raw["path"])
    return PartEntry(**{**raw, "runs": None if runs is None else tuple(runs)})


def part_to_line(part: PartEntry) -> dict[str, Any]:
    """Return the JSON document of a line about one current part, in a condensed log."""
    entry = part_to_entry(part)
    del entry["record_type"], entry["project"]  # both are in the path
    return {"version": _VERSIONS[PART], "kind": PART, "part": list(entry.values())}


def part_from_line(entry: dict[str, Any]) -> PartEntry:
    """Read such a line.

    Raises:
        KeyError, TypeError, ValueError: When it is not one of ours.
    """
    path, rows, size, sha256, tail_offset, tail_sha256, first, last, runs = entry["part"]
    record_type, project = _check_path(path)
    known = None if runs is None else tuple(runs)
    return PartEntry(
        path, record_type, project, rows, size, sha256, tail_offset, tail_sha256, first, last, known
    )


def ranges_from(raw: Sequence[Sequence[int]]) -> Ranges:
    """Read ranges from JSON.

    Raises:
        TypeError, ValueError: When they are not ranges.
    """
    return tuple((int(first), int(last)) for first, last in raw)


def _check_path(path: str) -> tuple[str, str]:
    place = place_of_part(path)
    if place is None:
        raise ValueError(f"{path!r} is not the path of a part")
    return place
