"""Import of Parquet files, every byte of which is untrusted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contexta.contract.errors import ContextaError, RecordError
from contexta.store.records._bulk_columns import conform
from contexta.store.records._bulk_problems import bulk_error
from contexta.store.records._bulk_rows import check_rows
from contexta.store.records._import_state import Account, ImportOptions, source_invalid
from contexta.store.records._receipts import ImportReport
from contexta.store.records._refs import derive_record_ref
from contexta.store.records.schema import KEY_COLUMNS, RECORD_TYPES, columns_of

if TYPE_CHECKING:
    from contexta.store.records._bulk import BulkAppend
    from contexta.store.records._existing import ExistingRefs

_BATCH_ROWS = 32_768
_BATCH_TEXT_BYTES = 32 << 20
_NESTED_BYTES = 256 << 20
_MAX_GROUP_BYTES = 1 << 30
# A dictionary and a run length hold any number of rows in no space; real records take space.
_ROWS_PER_BYTE = 64
_FREE_ROWS = 1_000_000
_UNPACKED_PER_BYTE = 100
_FREE_UNPACKED = 64 << 20
_MAX_COLUMNS = 1_000
_FOOTER_LIMIT = 64 << 20
_REFS = (
    "record_ref",
    "run_ref",
    "stage_execution_ref",
    "batch_execution_ref",
    "sample_observation_ref",
    "operation_context_ref",
    "subject_ref",
)
_TEXT_KINDS = ("word", "text", "json")
_STORE_COLUMNS = ("sequence", "appended_at", "writer_id")


class ParquetImport:
    """One import of one file or folder."""

    def __init__(
        self,
        bulk: BulkAppend,
        existing: ExistingRefs | None,
        options: ImportOptions,
        max_bytes: int,
    ) -> None:
        self._bulk = bulk
        self._existing = existing
        self._options = options
        self._max_bytes = max_bytes

    def run(self, source: Path, record_type: str | None) -> ImportReport:
        """Read everything; see `RecordStore.import_parquet`."""
        if record_type is not None:
            columns_of(record_type)
        self._account = Account(str(source))
        try:
            files = sorted(source.glob("*.parquet")) if source.is_dir() else [source]
            if not files:
                raise source_invalid(source, "the folder has no .parquet file right inside")
            for path in files:
                self._import_file(path, record_type)
        except ContextaError:
            raise
        except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
            raise source_invalid(source, f"{type(error).__name__}: {error}", error) from error
        return self._account.report()

    def _import_file(self, path: Path, record_type: str | None) -> None:
        with path.open("rb") as raw:
            metadata = pq.ParquetFile(
                raw,
                thrift_string_size_limit=_FOOTER_LIMIT,
                thrift_container_size_limit=_FOOTER_LIMIT,
            )
            size = path.stat().st_size
            _refuse_bomb(path, metadata.metadata, size)
            schema = metadata.schema_arrow
            found = record_type or _type_of(path, metadata)
            self._refuse_types(found, schema)
            known = {column.name: column.kind for column in columns_of(found)}
            names = [name for name in schema.names if name in known]
            for name in schema.names:
                if (name not in known or name in _STORE_COLUMNS) and metadata.metadata.num_rows:
                    self._account.lost[name[:100]] += metadata.metadata.num_rows
            file = pq.ParquetFile(
                raw,
                metadata=metadata.metadata,
                read_dictionary=[name for name in names if known[name] in _TEXT_KINDS],
                page_checksum_verification=True,
                pre_buffer=False,  # by threads that would outlive a program that ends meanwhile
            )
            rows = min(_BATCH_ROWS, _rows_of_nested(metadata.metadata))
            row = 0
            for batch in file.iter_batches(rows, columns=names, use_threads=False):
                table = pa.Table.from_batches([batch])
                numbers = list(range(row + 1, row + table.num_rows + 1))
                row += table.num_rows
                self._account.read += table.num_rows
                for start, stop in self._bounded(str(path), table, numbers):
                    self._import_rows(
                        str(path), found, table.slice(start, stop - start), numbers[start:stop]
                    )

    def _refuse_types(self, record_type: str, schema: pa.Schema) -> None:
        """Refuse columns of wrong types before anything of them is read."""
        _, problems, _ = conform(record_type, schema.empty_table())
        unknown = ("record_bulk_unknown_column",)
        if problems := [problem for problem in problems if problem.code not in unknown]:
            raise bulk_error(record_type, problems)

    def _bounded(
        self, source: str, table: pa.Table, numbers: list[int]
    ) -> Iterator[tuple[int, int]]:
        """Yield ranges of rows whose texts, written out, stay within bounds.

        A dictionary repeats a text for free. Rows too long for a record are rejected here.
        """
        sizes = _text_sizes(table).to_pylist()
        start, held = 0, 0
        for row, size in enumerate(sizes):
            if size > self._max_bytes or held + size > _BATCH_TEXT_BYTES:
                if row > start:
                    yield start, row
                start, held = row, 0
            if size > self._max_bytes:
                rule = f"its texts have more than max_record_bytes = {self._max_bytes} bytes"
                self._account.reject(source, numbers[row], "record_too_large", rule)
                start = row + 1
            else:
                held += size
        if start < len(sizes):
            yield start, len(sizes)

    def _import_rows(
        self, source: str, record_type: str, table: pa.Table, row_numbers: list[int]
    ) -> None:
        now_us = time.time_ns() // 1000
        numbers = _numbers(table)
        columns, problems, _ = conform(record_type, table)
        if problems:
            raise bulk_error(record_type, problems)
        old_runs = columns["run_ref"]
        columns = self._own_refs(record_type, columns, numbers, table.num_rows)
        if self._options.runs:
            columns = {name: self._renamed(name, array) for name, array in columns.items()}
        if self._options.mark_imported and "origin_marker" in dict.fromkeys(
            column.name for column in columns_of(record_type)
        ):
            columns["origin_marker"] = pa.repeat(pa.scalar("imported"), table.num_rows)
        rows = list(range(table.num_rows))
        with self._existing.lock() if self._existing is not None else nullcontext():
            if self._existing is not None:
                rows = self._new_rows(self._existing, record_type, columns, table.num_rows)
                taken = pa.array(rows, pa.int64())
                columns = {name: array.take(taken) for name, array in columns.items()}
            checked = check_rows(record_type, columns, len(rows), now_us, self._max_bytes)
            receipt = self._bulk.store(record_type, checked, now_us, "reject")
        self._account.imported[record_type] += receipt.accepted_count
        self._note_renamed(old_runs, columns["run_ref"], rows)
        for lost in receipt.rejected:
            number = row_numbers[rows[lost.index]]
            self._account.reject(source, number, lost.code, lost.message)

    def _own_refs(
        self, record_type: str, columns: dict[str, pa.Array], numbers: list[Any] | None, count: int
    ) -> dict[str, pa.Array]:
        """Write out references that follow from the numbers that the records had."""
        given = columns.get("record_ref")
        if given is not None and given.null_count == 0:
            return columns
        refs = given.to_pylist() if given is not None else [None] * count
        if numbers is None:
            self._account.lost["record_ref"] += refs.count(None)
            return columns
        runs = columns["run_ref"].to_pylist()
        for row, (ref, run, number) in enumerate(zip(refs, runs, numbers, strict=True)):
            if ref is None and run is not None and number is not None and 0 < number < 1 << 48:
                refs[row] = derive_record_ref(run, record_type, number)
        return {**columns, "record_ref": pa.array(refs, pa.string())}

    def _new_rows(
        self, existing: ExistingRefs, record_type: str, columns: dict[str, pa.Array], count: int
    ) -> list[int]:
        """Return the rows whose reference the store does not have; count the others."""
        from contexta.store.records._existing import Wanted

        if "record_ref" not in columns:
            return list(range(count))
        refs, runs = columns["record_ref"].to_pylist(), columns["run_ref"].to_pylist()
        pairs = zip(refs, runs, strict=True)
        wanted = [Wanted(ref, record_type, run) for ref, run in pairs if ref and run]
        found = existing.find(wanted)
        existing.make_durable(found)
        known = set(found.refs)
        rows = []
        for row, ref in enumerate(refs):
            if ref is None or ref not in known:
                rows.append(row)
            if ref is not None:
                known.add(ref)
        self._account.skipped[record_type] += count - len(rows)
        return rows

    def _renamed(self, name: str, array: pa.Array) -> pa.Array:
        if name == "linked_refs":
            cells = [
                None if refs is None else [self._options.ref(ref) if ref else ref for ref in refs]
                for refs in array.to_pylist()
            ]
            return pa.array(cells, array.type)
        if name not in _REFS:
            return array
        words = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        texts = [self._options.ref(text) for text in words.dictionary.to_pylist()]
        # Two runs may become one, and a dictionary holds each word once.
        renamed = pa.DictionaryArray.from_arrays(words.indices, pa.array(texts, pa.string()))
        return renamed.dictionary_decode()

    def _note_renamed(self, old: pa.Array, new: pa.Array, rows: list[int]) -> None:
        if not self._options.runs:
            return
        taken = old.take(pa.array(rows, pa.int64())).to_pylist()
        pairs = zip(taken, new.to_pylist(), strict=True)
        self._account.renamed.update(before for before, after in pairs if before != after)


def _rows_of_nested(metadata: pq.FileMetaData) -> int:
    """Return how many rows of maps and lists stay within bounds, at the longest they can be.

    Their texts are written out while they are read; one can be as long as its column chunk.
    """
    rows = _BATCH_ROWS
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for index in range(group.num_columns):
            chunk = group.column(index)
            if "." in chunk.path_in_schema and chunk.num_values:
                longest = chunk.total_uncompressed_size * chunk.num_values
                rows = min(rows, max(1, _NESTED_BYTES * group.num_rows // max(1, longest)))
    return rows


def _refuse_bomb(path: Path, metadata: pq.FileMetaData, size: int) -> None:
    """Refuse a file that declares more content than its size can mean.

    Raises:
        RecordError: `record_import_too_large`.
    """
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    unpacked = sum(group.total_byte_size for group in groups)
    largest = max((group.total_byte_size for group in groups), default=0)
    rules = (
        (metadata.num_rows, _FREE_ROWS + _ROWS_PER_BYTE * size, "rows"),
        (unpacked, _FREE_UNPACKED + _UNPACKED_PER_BYTE * size, "bytes unpacked"),
        (largest, _MAX_GROUP_BYTES, "bytes in one row group"),
        (metadata.num_columns, _MAX_COLUMNS, "columns"),
    )
    for found, allowed, what in rules:
        if found > allowed:
            raise RecordError(
                f"{str(path)!r} declares {found} {what} with {size} bytes; up to {allowed} are "
                "read. Split the file if it is what it says.",
                code="record_import_too_large",
                details={"path": str(path), "found": found, "allowed": allowed, "what": what},
            )


def _type_of(path: Path, file: pq.ParquetFile) -> str:
    """Return the record type by the file's note, its name, or the key column it has.

    Raises:
        RecordError: `record_import_source_invalid`.
    """
    note = (file.metadata.metadata or {}).get(b"contexta.record_type", b"")
    candidates = [note.decode("utf-8", "replace"), path.stem]
    names = set(file.schema_arrow.names)
    candidates += [kind for kind, key in KEY_COLUMNS.items() if key in names]
    for candidate in candidates:
        for record_type in RECORD_TYPES:
            if record_type == candidate:
                return record_type
    raise source_invalid(path, "its record type is not known; give record_type")


def _text_sizes(table: pa.Table) -> pa.Array:
    """Return the number of bytes of the texts in each row."""
    sizes = pa.repeat(pa.scalar(0, pa.int64()), table.num_rows)
    for column in table.columns:
        if not pa.types.is_dictionary(column.type):
            continue
        for words in column.chunks:  # a batch has one
            lengths = pc.binary_length(words.dictionary).cast(pa.int64())
            if len(lengths):
                sizes = pc.add(sizes, pc.fill_null(lengths.take(words.indices), 0))
    return sizes


def _numbers(table: pa.Table) -> list[Any] | None:
    """Return the numbers that the records had where they come from, if the table has them."""
    if "sequence" not in table.column_names or not pa.types.is_integer(
        table.schema.field("sequence").type
    ):
        return None
    numbers: list[Any] = table["sequence"].to_pylist()
    return numbers
