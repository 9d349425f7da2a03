"""Write one part: sorted, checksummed, synced, under its final name only when whole."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contexta.contract.errors import StoreError
from contexta.store.fs import (
    ensure_private_dir,
    fsync_dir,
    open_private,
    translated_os_errors,
)
from contexta.store.records._blocks import HashingFile
from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._parts_log import PartEntry
from contexta.store.records.schema import (
    KEY_COLUMNS,
    SCHEMA_VERSION,
    columns_of,
    stored_schema_for,
)

PART_FORMAT_VERSION = 1
ROW_GROUP_ROWS = 131_072
_ZSTD_LEVEL = 3
_MAX_LISTED_RUNS = 256


def write_part(
    layout: Layout, segment: SegmentId, record_type: str, project: str, table: pa.Table
) -> PartEntry:
    """Write the records of one type and project of a segment as a Parquet part.

    Running it again, also after a kill at any point, leaves the same file.

    Raises:
        StoreAccessError: When it cannot be written; no file of the final name appears.
    """
    relative = layout.part_name(record_type, project, segment)
    path = layout.root / relative
    ensure_private_dir(path.parent.parent, follow=False)
    ensure_private_dir(path.parent, follow=False)
    table = sorted_for_storage(record_type, table)
    sequences = pc.min_max(table["sequence"])
    first, last = sequences["min"].as_py(), sequences["max"].as_py()
    footer = {
        "contexta.format_version": str(PART_FORMAT_VERSION),
        "contexta.schema_version": str(SCHEMA_VERSION),
        "contexta.part_id": path.stem,
        "contexta.source_segment": f"{segment.writer_id}/{segment.number}",
        "contexta.first_sequence": str(first),
        "contexta.last_sequence": str(last),
        "contexta.row_count": str(table.num_rows),
        "contexta.replaces": "[]",
    }
    file = _write_file(path, record_type, table, footer)
    sha256, tail_sha256 = file.digests
    runs = sorted(table["run_ref"].unique().to_pylist())
    return PartEntry(
        path=relative,
        record_type=record_type,
        project=project,
        rows=table.num_rows,
        size=file.tell(),
        sha256=sha256,
        tail_offset=file.tail_offset,
        tail_sha256=tail_sha256,
        first_sequence=first,
        last_sequence=last,
        runs=tuple(runs) if len(runs) <= _MAX_LISTED_RUNS else None,
    )


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


def _write_file(
    path: Path, record_type: str, table: pa.Table, footer: Mapping[str, str]
) -> HashingFile:
    # Always the same name: what a kill left behind is replaced by the next attempt.
    temporary = path.with_name(f"_{path.stem}.tmp")
    with translated_os_errors("write", path):
        temporary.unlink(missing_ok=True)
        fd = open_private(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        try:
            try:
                file = HashingFile(fd)
                _write_parquet(file, record_type, table, footer)
                os.fsync(fd)
            finally:
                os.close(fd)
            os.replace(temporary, path)
        except pa.ArrowException as error:
            temporary.unlink(missing_ok=True)
            raise StoreError(
                f"The part {str(path)!r} could not be written: {error}",
                code="record_store_part_write_failed",
                details={"path": str(path)},
                cause=error,
            ) from error
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    fsync_dir(path.parent)
    return file


def _write_parquet(
    file: HashingFile, record_type: str, table: pa.Table, footer: Mapping[str, str]
) -> None:
    columns = columns_of(record_type)
    words = [column.name for column in columns if column.kind == "word"]
    if record_type == "metric":
        words += ["tags.key_value.key", "tags.key_value.value"]
    deltas = {c.name: "DELTA_BINARY_PACKED" for c in columns if c.kind in _DELTA_KINDS}
    plain = {c.name: "PLAIN" for c in columns if c.kind in ("float", "text", "json")}
    # Other engines read the schema from here; with dictionaries in it some would make categories.
    shown = base64.b64encode(stored_schema_for(record_type).serialize().to_pybytes()).decode()
    with pq.ParquetWriter(
        file,
        table.schema,
        version="2.6",
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        use_dictionary=words,
        column_encoding={**deltas, **plain},
        write_statistics=True,
        write_page_index=True,
        write_page_checksum=True,
        store_schema=False,
    ) as writer:
        writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        content, blocks = file.begin_tail()
        writer.add_key_value_metadata(
            {
                **footer,
                "contexta.content_sha256": content,
                "contexta.content_bytes": str(file.tail_offset),
                "contexta.block_crc32": blocks,
                "ARROW:schema": shown,
            }
        )


_DELTA_KINDS = ("sequence", "int", "time")
