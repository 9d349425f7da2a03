"""Write one part into staging: sorted, checksummed, synced."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contexta.contract.errors import StoreError
from contexta.store.fs import open_private, translated_os_errors
from contexta.store.records._blocks import HashingFile
from contexta.store.records._layout import SegmentId, part_id_of
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._staging import StagedPart, Staging
from contexta.store.records.schema import (
    KEY_COLUMNS,
    SCHEMA_VERSION,
    columns_of,
    schema_for,
    stored_schema_for,
)

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

PART_FORMAT_VERSION = 1
ROW_GROUP_ROWS = 131_072
_ZSTD_LEVEL = 3
MAX_LISTED_RUNS = 256


def write_part(
    staging: Staging, segment: SegmentId, record_type: str, project: str, table: pa.Table
) -> StagedPart:
    """Write the records of one type and project of a segment as a staged Parquet part.

    Running it again, also after a kill at any point, gives a part of the same name and content.

    Raises:
        StoreAccessError: When it cannot be written.
        StoreError: `record_store_part_write_failed`.
    """
    with PartFile(staging, record_type, project, segment, segment_note(segment)) as file:
        file.write(sorted_for_storage(record_type, table))
        return file.finish()


def segment_note(segment: SegmentId) -> dict[str, str]:
    """Return the footer entry that names the segment of a part."""
    return {"contexta.source_segment": f"{segment.writer_id}/{segment.number}"}


class PartFile:
    """A part that is being written, row group after row group.

    The rows come in storage order (run, key, step, sequence); see `sorted_for_storage`.

    Args:
        staging: The session that owns the file.
        record_type: `event`, `metric`, `span` or `degraded`.
        project: Project of every row.
        part_id: Writer id and number in the name: of the sealed segment, or fresh ones.
        notes: More footer entries.
        replaces: Ids of the parts (same type and project) whose rows are in this one; a reader
            that finds both ignores those.

    Raises (any call):
        StoreAccessError: When it cannot be written.
        StoreError: `record_store_part_write_failed`.
    """

    def __init__(
        self,
        staging: Staging,
        record_type: str,
        project: str,
        part_id: SegmentId,
        notes: Mapping[str, str] | None = None,
        replaces: Sequence[str] = (),
    ) -> None:
        self.record_type = record_type
        self.project = project
        self.relative = staging.layout.part_name(record_type, project, part_id)
        self._path = staging.new_path()
        self._notes = {**(notes or {}), "contexta.replaces": json.dumps(list(replaces))}
        self._runs: set[str] = set()
        self._first = 1 << 62
        self._last = 0
        self.rows = 0
        self._fd = open_private(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        self._file = HashingFile(self._fd)
        try:
            with self._translated():
                self._writer = _parquet_writer(self._file, record_type)
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._fd >= 0:
            with suppress(pa.ArrowException, OSError):  # the first error is the one to report
                self._writer.close()
            os.close(self._fd)
            self._fd = -1

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    def write(self, table: pa.Table) -> None:
        """Append rows; they begin a row group of their own."""
        if table.num_rows == 0:
            return
        sequences = pc.min_max(table["sequence"])
        self._first = min(self._first, sequences["min"].as_py())
        self._last = max(self._last, sequences["max"].as_py())
        if len(self._runs) <= MAX_LISTED_RUNS:
            self._runs.update(table["run_ref"].unique().to_pylist())
        self.rows += table.num_rows
        with self._translated():
            self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)

    def finish(self) -> StagedPart:
        """Write the footer, sync the file and describe it."""
        if self.rows == 0:
            raise StoreError(
                f"The part {self.relative!r} would have no rows; do not write it.",
                code="record_store_part_write_failed",
                details={"path": self.relative},
            )
        with self._translated():
            content, blocks = self._file.begin_tail()
            self._writer.add_key_value_metadata(self._footer(content, blocks))
            self._writer.close()
            os.fsync(self._fd)
        os.close(self._fd)
        self._fd = -1
        sha256, tail_sha256 = self._file.digests
        entry = PartEntry(
            path=self.relative,
            record_type=self.record_type,
            project=self.project,
            rows=self.rows,
            size=self._file.tell(),
            sha256=sha256,
            tail_offset=self._file.tail_offset,
            tail_sha256=tail_sha256,
            first_sequence=self._first,
            last_sequence=self._last,
            runs=tuple(sorted(self._runs)) if len(self._runs) <= MAX_LISTED_RUNS else None,
        )
        return StagedPart(self._path, entry)

    def _footer(self, content: str, blocks: str) -> dict[str, str]:
        # Other engines read the schema from here; with dictionaries some would make categories.
        shown = stored_schema_for(self.record_type).serialize().to_pybytes()
        return {
            "contexta.format_version": str(PART_FORMAT_VERSION),
            "contexta.schema_version": str(SCHEMA_VERSION),
            "contexta.part_id": part_id_of(self.relative),
            "contexta.first_sequence": str(self._first),
            "contexta.last_sequence": str(self._last),
            "contexta.row_count": str(self.rows),
            **self._notes,
            "contexta.content_sha256": content,
            "contexta.content_bytes": str(self._file.tail_offset),
            "contexta.block_crc32": blocks,
            "ARROW:schema": base64.b64encode(shown).decode(),
        }

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with translated_os_errors("write", self._path):
                yield
        except pa.ArrowException as error:
            raise StoreError(
                f"The part {self.relative!r} could not be written: {error}",
                code="record_store_part_write_failed",
                details={"path": str(self._path)},
                cause=error,
            ) from error


def sorted_for_storage(record_type: str, table: pa.Table) -> pa.Table:
    """Sort by run, key, step and sequence, so that one series lies together."""
    ranks = {
        "run": _ranks(table["run_ref"]),
        "key": _ranks(table[KEY_COLUMNS[record_type]]),
        "sequence": table["sequence"],
    }
    order = [("run", "ascending"), ("key", "ascending")]
    if "step" in table.column_names:
        ranks["step"] = table["step"]
        order.append(("step", "ascending"))
    order.append(("sequence", "ascending"))
    return table.take(pc.sort_indices(pa.table(ranks), sort_keys=order))


def _ranks(column: pa.ChunkedArray) -> pa.Array:
    words = column.combine_chunks()
    if isinstance(words, pa.ChunkedArray):
        words = words.chunk(0) if words.num_chunks else pa.array([], column.type)
    values = words.dictionary.to_pylist()
    position = {value: rank for rank, value in enumerate(sorted(values))}
    return pa.array([position[value] for value in values], pa.int32()).take(words.indices)


def _parquet_writer(file: HashingFile, record_type: str) -> pq.ParquetWriter:
    columns = columns_of(record_type)
    words = [column.name for column in columns if column.kind == "word"]
    if record_type == "metric":
        words += ["tags.key_value.key", "tags.key_value.value"]
    deltas = {c.name: "DELTA_BINARY_PACKED" for c in columns if c.kind in _DELTA_KINDS}
    plain = {c.name: "PLAIN" for c in columns if c.kind in ("float", "text", "json")}
    return pq.ParquetWriter(
        file,
        schema_for(record_type),
        version="2.6",
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        use_dictionary=words,
        column_encoding={**deltas, **plain},
        write_statistics=True,
        write_page_index=True,
        write_page_checksum=True,
        store_schema=False,
    )


_DELTA_KINDS = ("sequence", "int", "time")
