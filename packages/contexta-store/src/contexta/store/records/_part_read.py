"""Read a part so that a flipped bit or an exchanged file is an error, never a value."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from contexta.contract.errors import (
    ContextaError,
    RecordError,
    SchemaVersionError,
    StoreAccessError,
)
from contexta.store.fs import open_private
from contexta.store.records._blocks import BLOCK_BYTES, VerifiedFile
from contexta.store.records._journal import locate_part
from contexta.store.records._layout import Layout
from contexta.store.records._part_file import PART_FORMAT_VERSION, ROW_GROUP_ROWS
from contexta.store.records._parts_log import PartEntry, read_log
from contexta.store.records._plain_arrays import no_rows
from contexta.store.records._rows_filter import RowFilter
from contexta.store.records._tables import join_tables
from contexta.store.records.schema import columns_of, schema_for, stored_schema_for

_WHOLE_HASH_BYTES = 262_144
_MAX_TAIL_BYTES = 64 << 20
_MAX_UNCOMPRESSED_BYTES = 4 << 30
_CACHED_FOOTERS = 1024
#: Threads of Arrow would hold the file, which is a Python object, a little longer than the read
#: takes: an interpreter that ends then is aborted.
_BY_OTHER_THREADS = False

_Signature = tuple[int, int, int]


class _Footer(NamedTuple):
    signature: _Signature
    metadata: pq.FileMetaData
    columns: frozenset[str]
    data_bytes: int
    blocks: tuple[int, ...]


class PartReader:
    """Reads parts of one store; remembers verified footers by file identity.

    Small parts are hashed whole on first sight. Of large ones, the footer and page index are
    hashed (page checksums do not cover them) and each page's checksum is verified when read.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._footers: OrderedDict[str, _Footer] = OrderedDict()
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget what was verified."""
        self._footers.clear()

    def read(self, part: PartEntry, wanted: RowFilter, columns: Iterable[str]) -> pa.Table:
        """Return the matching rows of a part in its own order.

        Raises:
            RecordError: `record_scan_part_missing` or `record_scan_part_damaged`, naming file
                and place.
            SchemaVersionError: When a newer release wrote the part.
        """
        path = self._layout.root / part.path
        with _as_damage(path), self._open(path) as file:
            footer = self._verified(part, path, file)
            return self._matching(part, footer, file, wanted, columns)

    def groups(self, part: PartEntry, columns: Iterable[str] | None = None) -> Iterator[pa.Table]:
        """Yield the row groups of a part in its own order, one in memory at a time.

        Args:
            part: What to read.
            columns: Wanted columns, in the order of the schema; None for all of them.

        Raises:
            RecordError: As `read`, possibly after some groups.
            SchemaVersionError: When a newer release wrote the part.
        """
        path = self._layout.root / part.path
        wanted = RowFilter(record_types=(part.record_type,))
        names = schema_for(part.record_type).names if columns is None else tuple(columns)
        with _as_damage(path), self._open(path) as file:
            footer = self._verified(part, path, file)
            for group in range(footer.metadata.num_row_groups):
                yield self._matching(part, footer, file, wanted, names, (group,))

    def readable_groups(self, part: PartEntry) -> Iterator[pa.Table]:
        """Yield the row groups of a damaged part all of whose blocks and pages verify.

        Nothing when page index or footer are damaged: they say where everything is.

        Raises:
            SchemaVersionError: When a newer release wrote the part.
        """
        path = self._layout.root / part.path
        wanted = RowFilter(record_types=(part.record_type,))
        names = schema_for(part.record_type).names
        with suppress(RecordError), _as_damage(path), self._open(path) as file:
            status = os.fstat(file.fileno())
            _verify_bytes(part, path, file, status.st_size, whole=False)
            footer = _footer_of(part, path, file, (0, 0, 0))
            for group in range(footer.metadata.num_row_groups):
                with suppress(RecordError), _as_damage(path):
                    yield self._matching(part, footer, file, wanted, names, (group,))

    def check(self, part: PartEntry) -> None:
        """Verify that a part is there and its footer is the one that was written.

        Raises:
            RecordError: As `read`.
            SchemaVersionError: When a newer release wrote the part.
        """
        path = self._layout.root / part.path
        with _as_damage(path), self._open(path) as file:
            self._verified(part, path, file)

    def batches(self, part: PartEntry, rows: int) -> Iterator[pa.Table]:
        """Yield all columns of a part in its own order, at most `rows` rows in memory at a time.

        The file stays open until the iteration ends.

        Raises:
            RecordError: As `read`, possibly after some batches.
            SchemaVersionError: When a newer release wrote the part.
        """
        path = self._layout.root / part.path
        target = schema_for(part.record_type)
        with _as_damage(path), self._open(path) as file:
            footer = self._verified(part, path, file)
            verified = VerifiedFile(file.fileno(), str(path), footer.data_bytes, footer.blocks)
            reader = pq.ParquetFile(
                verified,
                metadata=footer.metadata,
                read_dictionary=[c.name for c in columns_of(part.record_type) if c.kind == "word"],
                page_checksum_verification=True,
                pre_buffer=_BY_OTHER_THREADS,
            )
            for batch in reader.iter_batches(rows, use_threads=False):
                yield _conformed(pa.Table.from_batches([batch]), target)

    def _open(self, path: Path) -> BinaryIO:
        where = locate_part(self._layout, path.relative_to(self._layout.root).as_posix())
        try:
            try:
                return os.fdopen(open_private(where, os.O_RDONLY), "rb")
            except StoreAccessError:  # replaced since: it is among the replaced ones now
                where = locate_part(self._layout, path.relative_to(self._layout.root).as_posix())
                return os.fdopen(open_private(where, os.O_RDONLY), "rb")
        except ContextaError as error:
            if path.relative_to(self._layout.root).as_posix() not in read_log(self._layout).parts:
                raise _erased_part(path, error) from error
            raise RecordError(
                f"The part {str(path)!r} cannot be opened, but the log of parts names it: "
                f"{error.message} Restore it from a backup.",
                code="record_scan_part_missing",
                details={"path": str(path)},
                cause=error,
            ) from error

    def _verified(self, part: PartEntry, path: Path, file: BinaryIO) -> _Footer:
        status = os.fstat(file.fileno())
        signature = (status.st_ino, status.st_size, status.st_mtime_ns)
        with self._lock:
            known = self._footers.get(part.path)
            if known is not None and known.signature == signature:
                self._footers.move_to_end(part.path)
                return known
        _verify_bytes(part, path, file, status.st_size, whole=status.st_size <= _WHOLE_HASH_BYTES)
        footer = _footer_of(part, path, file, signature)
        with self._lock:
            self._footers[part.path] = footer
            while len(self._footers) > _CACHED_FOOTERS:
                self._footers.popitem(last=False)
        return footer

    def _matching(
        self,
        part: PartEntry,
        footer: _Footer,
        file: BinaryIO,
        wanted: RowFilter,
        columns: Iterable[str],
        groups: Sequence[int] | None = None,
    ) -> pa.Table:
        record_type = part.record_type
        needed = wanted.columns(record_type) | set(columns)
        schema = schema_for(record_type)
        fields = [field for field in schema if field.name in needed]
        if groups is None:
            groups = _matching_groups(record_type, footer.metadata, wanted)
        target = pa.schema(fields)
        if not groups:
            return no_rows(target)
        present = [field.name for field in fields if field.name in footer.columns]
        words = [c.name for c in columns_of(record_type) if c.kind == "word" and c.name in present]
        path = str(self._layout.root / part.path)
        verified = VerifiedFile(file.fileno(), path, footer.data_bytes, footer.blocks)
        reader = pq.ParquetFile(
            verified,
            metadata=footer.metadata,
            read_dictionary=words,
            page_checksum_verification=True,
            pre_buffer=_BY_OTHER_THREADS,
        )
        found = []
        for group in groups:  # one at a time: most rows of a group are filtered out again
            table = reader.read_row_group(group, columns=present, use_threads=False)
            found.append(wanted.apply(record_type, _conformed(table, target)))
        return join_tables(found)


@contextmanager
def _as_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except ContextaError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        raise damaged_part(path, str(error), error) from error


def block_checksums(metadata: pq.FileMetaData) -> tuple[int, tuple[int, ...]]:
    """Return the length of the data and the CRC-32 of each of its blocks."""
    raw = bytes.fromhex(metadata.metadata[b"contexta.block_crc32"].decode("ascii"))
    length = int(metadata.metadata[b"contexta.content_bytes"])
    if len(raw) != 4 * -(-length // BLOCK_BYTES):
        raise ValueError("the footer has not one checksum for each block")
    return length, struct.unpack(f">{len(raw) // 4}I", raw)


def _footer_of(part: PartEntry, path: Path, file: BinaryIO, signature: _Signature) -> _Footer:
    metadata = pq.read_metadata(file)
    check_metadata(part.record_type, part.rows, path, metadata)
    names = frozenset(metadata.schema.to_arrow_schema().names)
    data_bytes, blocks = block_checksums(metadata)
    return _Footer(signature, metadata, names, data_bytes, blocks)


def _verify_bytes(part: PartEntry, path: Path, file: BinaryIO, size: int, *, whole: bool) -> None:
    if size != part.size:
        raise damaged_part(path, f"it has {size} bytes, the log of parts says {part.size}")
    if whole:
        start, expected = 0, part.sha256
    else:
        start, expected = part.tail_offset, part.tail_sha256
    if not 0 <= start <= size or size - start > _MAX_TAIL_BYTES:
        raise damaged_part(path, f"its footer cannot begin at byte {start}")
    file.seek(start)
    if hashlib.sha256(file.read(size - start)).hexdigest() != expected:
        raise damaged_part(path, f"the bytes from {start} on are not those that were written")
    file.seek(0)


def check_metadata(
    record_type: str, rows: int | None, path: Path, metadata: pq.FileMetaData
) -> None:
    """Refuse a footer that promises something else than a part of ours, before reading data.

    Raises:
        RecordError: `record_scan_part_damaged`.
        SchemaVersionError: When a newer release wrote the part.
    """
    notes = metadata.metadata or {}
    version = int(notes.get(b"contexta.format_version", b"0"))
    if version > PART_FORMAT_VERSION:
        raise SchemaVersionError(
            f"{str(path)!r} has part format {version}; this release reads up to "
            f"{PART_FORMAT_VERSION}. Upgrade contexta; nothing was changed.",
            code="record_part_format_unsupported",
            details={"path": str(path), "current_version": version},
        )
    if b"ARROW:extension" in base64.b64decode(notes.get(b"ARROW:schema", b"")):
        raise damaged_part(path, "it asks for extension types, which are never loaded")
    if rows is not None and metadata.num_rows != rows:
        raise damaged_part(path, f"it has {metadata.num_rows} rows, the log of parts says {rows}")
    total = 0
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        total += group.total_byte_size
        if group.num_rows > ROW_GROUP_ROWS * 8 or total > _MAX_UNCOMPRESSED_BYTES:
            raise damaged_part(path, f"row group {index} is too large to be one of ours")
    _check_types(record_type, path, metadata)


def _check_types(record_type: str, path: Path, metadata: pq.FileMetaData) -> None:
    expected = {field.name: field.type for field in stored_schema_for(record_type)}
    for field in metadata.schema.to_arrow_schema():
        wanted = expected.get(field.name)
        if wanted is not None and not _same_type(field.type, wanted):
            raise damaged_part(path, f"column {field.name!r} is {field.type}, not {wanted}")


def _same_type(found: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_map(wanted):
        return bool(
            pa.types.is_map(found)
            and found.key_type == wanted.key_type
            and found.item_type == wanted.item_type
        )
    if pa.types.is_list(wanted):
        return bool(pa.types.is_list(found) and found.value_type == wanted.value_type)
    return bool(found == wanted)


def _matching_groups(record_type: str, metadata: pq.FileMetaData, wanted: RowFilter) -> list[int]:
    names = {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}
    looked_at = [name for name in wanted.columns(record_type) if name in names]
    groups = []
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        statistics: dict[str, tuple[Any, Any]] = {}
        for name in looked_at:
            found = group.column(names[name]).statistics
            if found is not None and found.has_min_max:
                statistics[name] = (found.min, found.max)
        if wanted.may_match(record_type, statistics):
            groups.append(index)
    return groups


def _conformed(table: pa.Table, target: pa.Schema) -> pa.Table:
    """Return the table with exactly the target's columns; what an older part lacks is null."""
    arrays = []
    for field in target:
        if field.name in table.column_names:
            column = table[field.name]
            arrays.append(column if column.type == field.type else column.cast(field.type))
        else:
            arrays.append(pa.chunked_array([pa.nulls(table.num_rows, field.type)]))
    return pa.Table.from_arrays(arrays, schema=target)


def _erased_part(path: Path, cause: ContextaError) -> RecordError:
    """Build the error of a part that was current when a read began and is not any more."""
    return RecordError(
        f"The part {str(path)!r} was replaced since this read began and is no longer kept, "
        "for example because of an erasure. Nothing is damaged: read again.",
        code="record_scan_part_missing",
        details={"path": str(path)},
        retryable=True,
        cause=cause,
    )


def damaged_part(path: Path, reason: str, cause: BaseException | None = None) -> RecordError:
    """Build the error of a part whose content is not what was sealed."""
    return RecordError(
        f"The part {str(path)!r} is damaged: {reason}. Other parts stay readable; restore this "
        "one from a backup.",
        code="record_scan_part_damaged",
        details={"path": str(path), "reason": reason},
        cause=cause,
    )
