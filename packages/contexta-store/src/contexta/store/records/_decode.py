"""Read a segment's bytes: find the frames, the holes between them, and the torn tail."""

from __future__ import annotations

import json
import time
from typing import Any, NamedTuple
from zlib import crc32

from contexta.store.records import _frames as frames

_CHUNK_FRAMES = 1000
_PAUSE_SECONDS = 0.002


class Hole(NamedTuple):
    """Unreadable bytes `start..end` between readable frames; sequences around it, 0 unknown."""

    start: int
    end: int
    before: int
    after: int


class StoredDocument(NamedTuple):
    """The payload of a RECORD frame."""

    sequence: int
    ref_derived: bool
    appended_us: int
    body: bytes


class StoredBatch(NamedTuple):
    """The payload of a BATCH frame: `rows` records from `sequence` on, as an Arrow IPC stream."""

    sequence: int
    rows: int
    type_index: int
    appended_us: int
    body: bytes


class SegmentDecoder:
    """Decodes a growing segment; each `advance` continues where the last one ended.

    Attributes:
        position: Offset behind the last readable frame.
        first_sequence: Sequence of the first record, 0 when there is none.
        last_sequence: Sequence of the last record, 0 when there is none.
        count: Records decoded so far.
        defines: JSON document of each series by id.
        holes: Damage found, in file order.
    """

    def __init__(self) -> None:
        self.position = frames.SEGMENT_HEADER_BYTES
        self.first_sequence = 0
        self.last_sequence = 0
        self.count = 0
        self.defines: dict[int, dict[str, Any]] = {}
        self.holes: list[Hole] = []
        self.points = bytearray()
        self.documents: list[StoredDocument | StoredBatch] = []

    def take(self) -> tuple[bytes, list[StoredDocument | StoredBatch]]:
        """Return and forget what was decoded since the last call: points, and everything else."""
        points, documents = bytes(self.points), self.documents
        self.points = bytearray()
        self.documents = []
        return points, documents

    def advance(self, data: bytes, *, gentle: bool = False) -> None:
        """Decode the bytes that follow `position`.

        Args:
            data: File content from `position` on. An incomplete frame at its end is left for
                the next call.
            gentle: Whether to sleep between chunks: this loop holds the GIL, and a thread that
                releases it for a 0.4 µs write would wait 5 ms to get it back.
        """
        view = memoryview(data)
        base = self.position
        offset = 0
        while True:
            offset, more = self._chunk(view, offset)
            if not more:
                following = _resync(view, offset)
                if following == 0:
                    break
                self._note_hole(view, base, offset, following)
                offset = following
            if gentle:
                time.sleep(_PAUSE_SECONDS)
        self.position = base + offset

    def _chunk(self, view: memoryview, offset: int) -> tuple[int, bool]:
        """Decode up to a chunk of frames; False when the bytes at the offset are no frame."""
        size = len(view)
        run = offset
        unpack = frames.HEADER.unpack_from
        sequence = self.last_sequence
        for _ in range(_CHUNK_FRAMES):
            body = offset + 20
            if body > size:
                break
            magic, kind, flags, length, number, crc = unpack(view, offset)
            end = body + length
            if (
                magic != b"\xc7\xa1"
                or end > size
                or crc != crc32(view[body:end], crc32(view[offset + 2 : offset + 16]))
            ):
                break
            if kind == 1 and length == 36:
                sequence = self._count(number, sequence)
            else:
                self.points += view[run:offset]
                run = end
                if kind == frames.RECORD:
                    sequence = self._count(number, sequence)
                    self._document(number, flags, view[body:end])
                elif kind == frames.BATCH:
                    sequence = self._batch(number, sequence, view[body:end])
                elif kind == frames.GROUP:
                    sequence = self._group(number, sequence, view[body:end])
                elif kind == frames.DEFINE:
                    self._define(view[body:end])
            offset = end
        else:
            self.points += view[run:offset]
            self.last_sequence = sequence
            return offset, True
        self.points += view[run:offset]
        self.last_sequence = sequence
        return offset, False

    def _count(self, number: int, previous: int, rows: int = 1) -> int:
        if self.count == 0:
            self.first_sequence = number
        self.count += rows
        return max(number + rows - 1, previous)

    def _document(self, number: int, flags: int, payload: memoryview) -> None:
        derived = bool(flags & frames.RECORD_REF_DERIVED)
        (appended,) = frames.APPENDED_AT.unpack_from(payload)
        self.documents.append(StoredDocument(number, derived, appended, bytes(payload[8:])))

    def _batch(self, number: int, previous: int, payload: memoryview) -> int:
        appended, rows, type_index = frames.BATCH_HEAD.unpack_from(payload)
        body = bytes(payload[frames.BATCH_HEAD.size :])
        self.documents.append(StoredBatch(number, rows, type_index, appended, body))
        return self._count(number, previous, rows)

    def _group(self, number: int, previous: int, payload: memoryview) -> int:
        (appended,) = frames.APPENDED_AT.unpack_from(payload)
        offset, following = frames.APPENDED_AT.size, number
        while offset < len(payload):
            length, flags = frames.GROUP_ITEM.unpack_from(payload, offset)
            start = offset + frames.GROUP_ITEM.size
            offset = start + length
            derived = bool(flags & frames.RECORD_REF_DERIVED)
            body = bytes(payload[start:offset])
            self.documents.append(StoredDocument(following, derived, appended, body))
            following += 1
        return self._count(number, previous, following - number)

    def _define(self, payload: memoryview) -> None:
        (series_id,) = frames.SERIES_ID.unpack_from(payload)
        self.defines[series_id] = json.loads(bytes(payload[4:]))

    def _note_hole(self, view: memoryview, base: int, start: int, end: int) -> None:
        _, kind, _, _, number, _ = frames.HEADER.unpack_from(view, end)
        after = number if kind != frames.DEFINE else 0
        self.holes.append(Hole(base + start, base + end, self.last_sequence, after))


def _resync(view: memoryview, broken: int) -> int:
    """Return the start of the next valid frame behind `broken`, or 0."""
    data = view.obj if isinstance(view.obj, bytes) else bytes(view)
    candidate = data.find(frames.MAGIC, broken + 1)
    while candidate >= 0:
        if frames.frame_end(view, candidate):
            return candidate
        candidate = data.find(frames.MAGIC, candidate + 1)
    return 0


def is_cut_frame(tail: bytes) -> bool:
    """Whether bytes at the end of a segment are the beginning of one frame, cut short.

    That is what a process leaves that dies inside a write; the record was never acknowledged.
    """
    if len(tail) < frames.HEADER_BYTES:
        return tail[:2] == frames.MAGIC[: len(tail)]
    magic, _, _, length, _, _ = frames.HEADER.unpack_from(tail)
    return bool(magic == frames.MAGIC and len(tail) < frames.HEADER_BYTES + length)
