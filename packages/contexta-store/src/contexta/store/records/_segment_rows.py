"""The rows of a whole segment as staged parts, in memory for one piece of it at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contexta.store.fs import open_private, translated_os_errors
from contexta.store.records._compact_merge import batch_rows, in_order, row_groups
from contexta.store.records._decode import SegmentDecoder
from contexta.store.records._frames import SEGMENT_HEADER_BYTES, decode_segment_header
from contexta.store.records._layout import SegmentId
from contexta.store.records._part_file import PartFile, segment_note, write_part
from contexta.store.records._staging import StagedPart, Staging
from contexta.store.records._tables import TableKey, build_tables
from contexta.store.records.schema import columns_of, schema_for

# A usual segment is one piece. One that a large batch or a setting made larger would need ten
# times its size of memory at once (measured: 630 MB for 64 MB).
_PIECE_BYTES = 24 << 20


class SegmentRows:
    """Reads a segment and stages its parts, one per record type and project.

    Attributes:
        staged: The parts.
        header: Of the segment; None when it is damaged.
        decoder: What it met.
        sequences: The numbers of all rows.
        newest_us: Latest `observed_at`, microseconds since 1970 UTC; None without rows.
        is_unreadable: Whether a whole frame could not be made a row.
        size: Bytes of the segment.
        tail: The bytes behind the last whole frame.

    Raises:
        StoreError: When the segment cannot be read or a part cannot be written.
        SchemaVersionError: When a newer release wrote the segment.
    """

    def __init__(self, staging: Staging, segment: SegmentId, *, gentle: bool) -> None:
        self.segment = segment
        self.decoder = SegmentDecoder()
        self.sequences: list[pa.ChunkedArray] = []
        self.newest_us: int | None = None
        self.is_unreadable = False
        self._staging = staging
        self._gentle = gentle
        self._runs: dict[TableKey, list[StagedPart]] = {}
        path = staging.layout.segment(segment)
        fd = open_private(path, os.O_RDONLY)
        try:
            with translated_os_errors("read", path):
                self.size = os.fstat(fd).st_size
                self.header = decode_segment_header(
                    os.pread(fd, SEGMENT_HEADER_BYTES, 0), str(path)
                )
                self._read(fd)
                self.tail = os.pread(
                    fd, max(0, self.size - self.decoder.position), self.decoder.position
                )
        finally:
            os.close(fd)
        self.staged = [self._joined(key, runs) for key, runs in sorted(self._runs.items())]

    def _read(self, fd: int) -> None:
        wanted = _PIECE_BYTES
        while self.decoder.position < self.size:
            before = self.decoder.position
            self.decoder.advance(os.pread(fd, wanted, before), gentle=self._gentle)
            self._take()
            if self.decoder.position > before:
                wanted = _PIECE_BYTES
            elif before + wanted >= self.size:
                return
            else:
                wanted *= 2  # one frame, or one damaged place, that is larger than a piece

    def _take(self) -> None:
        points, documents = self.decoder.take()
        if not points and not documents:
            return
        writer_id = self.segment.writer_id
        tables = build_tables(
            points, documents, self.decoder.defines, writer_id, gentle=self._gentle
        )
        self.is_unreadable = self.is_unreadable or bool(tables.unreadable)
        for (record_type, project), table in tables.by_key.items():
            self.sequences.append(table["sequence"])
            newest = pc.max(table["observed_at"])
            if newest.is_valid:
                self.newest_us = max(newest.value, self.newest_us or newest.value)
            run = write_part(self._staging, self.segment, record_type, project, table)
            self._runs.setdefault((record_type, project), []).append(run)

    def _joined(self, key: TableKey, runs: list[StagedPart]) -> StagedPart:
        """Merge the sorted runs of the pieces into one part."""
        if len(runs) == 1:
            return runs[0]
        record_type, project = key
        streams = [_batches(run, batch_rows(len(runs))) for run in runs]
        note = segment_note(self.segment)
        with PartFile(self._staging, record_type, project, self.segment, note) as file:
            for group in row_groups(record_type, in_order(record_type, streams)):
                file.write(group)
            joined = file.finish()
        for run in runs:
            run.path.unlink()
        return joined


def _batches(staged: StagedPart, rows: int) -> Iterator[pa.Table]:
    record_type = staged.entry.record_type
    words = [c.name for c in columns_of(record_type) if c.kind == "word"]
    with pq.ParquetFile(staged.path, read_dictionary=words) as file:
        for batch in file.iter_batches(rows, use_threads=False):
            yield pa.Table.from_batches([batch]).cast(schema_for(record_type))
