"""Records as Parquet files with the published schema."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contexta.contract.errors import RecordError, StoreError
from contexta.store.records import _damage as dmg
from contexta.store.records._enums import IntegrityState, ReplayMode
from contexta.store.records._export_file import new_file, new_folder
from contexta.store.records._filter import ScanFilter
from contexta.store.records._models import ReplayResult
from contexta.store.records._reads import Unit, clusters, damage_of_part, load, touches, units_of
from contexta.store.records._refs import derive_record_ref
from contexta.store.records._replay import unhealthy
from contexta.store.records._rows_filter import RowFilter, row_filter_of
from contexta.store.records._snapshot import StoreReader
from contexta.store.records._tables import join_tables
from contexta.store.records.schema import (
    RECORD_TYPES,
    SCHEMA_VERSION,
    columns_of,
    schema_for,
    stored_schema_for,
)

EXPORT_VERSION = 1
_ROW_GROUP_ROWS = 131_072


class ParquetExport:
    """One export: a snapshot, the damage met on the way, and the number of records."""

    def __init__(self, reader: StoreReader, scan: ScanFilter | None, mode: ReplayMode) -> None:
        self._mode = mode
        self._scan = scan
        self._wanted = row_filter_of(scan)
        self._snapshot = reader.snapshot()
        self._parts = reader.parts
        known = [d for d in self._snapshot.damage if touches(d, self._wanted)]
        self._damage: list[dmg.Damage] = known
        self._last_sequence: int | None = None
        self._count = 0

    def run(self, destination: Path) -> ReplayResult:
        """Write a file for one wanted record type, else a folder with `<type>.parquet` files.

        Raises:
            ReplayError: In strict mode, when damage is met; the destination is untouched.
            RecordError: `record_export_destination_invalid`.
            StoreAccessError: When it cannot be written.
        """
        self._refuse_damage()
        self._last_sequence = self._cutoff()
        try:
            if self._scan is not None and self._scan.record_type is not None:
                self._write(self._scan.record_type, destination)
            else:
                with new_folder(destination) as folder:
                    for record_type in RECORD_TYPES:
                        self._write(record_type, folder / f"{record_type}.parquet")
        except pa.ArrowException as error:
            raise StoreError(
                f"{str(destination)!r} could not be written: {error}",
                code="record_export_failed",
                details={"path": str(destination)},
                cause=error,
            ) from error
        gaps = tuple(found.gap for found in self._damage)
        state = dmg.state_of(gap.code for gap in gaps) if gaps else IntegrityState.HEALTHY
        warnings = tuple(gap.message for gap in gaps)
        return ReplayResult((), self._count, self._mode, warnings, gaps, state)

    def _refuse_damage(self) -> None:
        if self._mode is ReplayMode.STRICT and self._damage:
            raise unhealthy(self._damage)

    def _cutoff(self) -> int | None:
        """Return the number of the last record within the filter's limit; None for all."""
        limit = self._scan.limit if self._scan is not None else None
        if limit is None:
            return None
        numbers = [
            chunk
            for record_type in self._wanted.record_types
            for unit in units_of(self._snapshot, self._wanted)
            if (table := self._load(unit, record_type, ("sequence",))) is not None
            for chunk in table["sequence"].chunks
        ]
        ordered = pc.sort_indices(pa.chunked_array(numbers, pa.int64()))
        if limit >= len(ordered):
            return None
        return 0 if limit == 0 else pa.chunked_array(numbers)[ordered[limit - 1].as_py()].as_py()

    def _load(self, unit: Unit, record_type: str, names: tuple[str, ...]) -> pa.Table | None:
        try:
            return load(unit, self._parts, record_type, self._wanted, names)
        except RecordError as error:
            if unit.part is None:
                raise
            path = str((error.details or {}).get("path", unit.part.path))
            found = damage_of_part(unit.part, path, error)
            if all(known.gap != found.gap for known in self._damage):
                self._damage.append(found)
            self._refuse_damage()
            return None

    def _write(self, record_type: str, path: Path) -> None:
        shown = base64.b64encode(stored_schema_for(record_type).serialize().to_pybytes()).decode()
        with (
            new_file(path) as fd,
            os.fdopen(os.dup(fd), "wb") as file,
            pq.ParquetWriter(
                file,
                schema_for(record_type),
                version="2.6",
                compression="zstd",
                write_page_checksum=True,
                store_schema=False,
            ) as writer,
        ):
            for table in self._tables(record_type):
                writer.write_table(table, row_group_size=_ROW_GROUP_ROWS)
                self._count += table.num_rows
            writer.add_key_value_metadata(
                {
                    "contexta.export_version": str(EXPORT_VERSION),
                    "contexta.schema_version": str(SCHEMA_VERSION),
                    "contexta.record_type": record_type,
                    "ARROW:schema": shown,
                }
            )

    def _tables(self, record_type: str) -> Iterator[pa.Table]:
        """Yield the rows by sequence, of units that overlap together."""
        names = tuple(column.name for column in columns_of(record_type))
        wanted = RowFilter(
            record_types=(record_type,),
            words=self._wanted.words,
            keys=self._wanted.keys,
            after_sequence=self._wanted.after_sequence,
        )
        if record_type not in self._wanted.record_types:
            return
        for cluster in clusters(units_of(self._snapshot, wanted)):
            tables = [self._load(unit, record_type, names) for unit in cluster]
            found = [table for table in tables if table is not None and table.num_rows]
            if not found:
                continue
            joined = join_tables(found)
            if self._last_sequence is not None:
                joined = joined.filter(pc.less_equal(joined["sequence"], self._last_sequence))
            joined = joined.take(pc.sort_indices(joined["sequence"])).select(list(names))
            yield _with_refs(record_type, joined).cast(schema_for(record_type))


def _with_refs(record_type: str, table: pa.Table) -> pa.Table:
    """Write out derived references: outside its store a record must bring its own."""
    given = table["record_ref"]
    if given.null_count == 0:
        return table
    rows = zip(
        given.to_pylist(), table["run_ref"].to_pylist(), table["sequence"].to_pylist(), strict=True
    )
    refs = [ref or derive_record_ref(run, record_type, number) for ref, run, number in rows]
    position = table.column_names.index("record_ref")
    return table.set_column(position, "record_ref", pa.array(refs, pa.string()))
