"""The methods of a record store that hand records out and take them in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.store.records._models import ReplayResult
from contexta.store.records._store_writing import StoreWriting

if TYPE_CHECKING:
    from contexta.store.records._enums import ReplayMode
    from contexta.store.records._filter import ScanFilter
    from contexta.store.records._receipts import ImportReport


class StoreExchange(StoreWriting):
    """Export to and import from JSON lines and Parquet."""

    def export_jsonl(
        self,
        destination: str | Path,
        scan_filter: ScanFilter | None = None,
        *,
        mode: ReplayMode | str | None = None,
        include_store_fields: bool = False,
    ) -> ReplayResult:
        """Write matching records as canonical JSON lines; the file appears whole or not at all.

        The result has the count and the gaps, not the records.

        Args:
            destination: File to write; an existing one is replaced.
            scan_filter: What to export; None means all.
            mode: `strict` (None) refuses a store with damage that the filter touches, `tolerant`
                exports what is readable.
            include_store_fields: Whether each line also has a member `store` with `sequence`,
                `appended_at` and `writer_id`. Import counts these as lost, for the store gives
                its own.

        Raises:
            ReplayError: As `replay`; the destination is then untouched.
            StoreAccessError: When it cannot be written.
        """
        from contexta.store.records._export_jsonl import export_records
        from contexta.store.records._replay import Replay, replay_mode_of

        self._check_usable()
        replay = Replay(self._reader, scan_filter, replay_mode_of(mode))
        return export_records(
            replay, _absolute(destination), include_store_fields=include_store_fields
        )

    def export_parquet(
        self,
        destination: str | Path,
        scan_filter: ScanFilter | None = None,
        *,
        mode: ReplayMode | str | None = None,
    ) -> ReplayResult:
        """Write matching records as Parquet with the columns of `schema_for`, by sequence.

        With a record type in the filter, the destination is one file; otherwise a new folder
        with `<type>.parquet` of each type. Both appear whole or not at all. `record_ref` is
        written out in every row.

        Raises:
            ReplayError: As `replay`; the destination is then untouched.
            RecordError: `record_export_destination_invalid`.
            StoreAccessError: When it cannot be written.
        """
        from contexta.store.records._export_parquet import ParquetExport
        from contexta.store.records._replay import replay_mode_of

        self._check_usable()
        export = ParquetExport(self._reader, scan_filter, replay_mode_of(mode))
        return export.run(_absolute(destination))

    def import_jsonl(
        self,
        source: str | Path,
        *,
        run_ref_map: Mapping[str, str] | None = None,
        skip_existing: bool = True,
        mark_imported: bool = False,
    ) -> ImportReport:
        """Append the records of a file of JSON lines, as `export_jsonl` writes them.

        Memory stays bounded whatever the file holds. A line that is no valid record is rejected
        by its number and the rest goes on. Killed half-way, it can be run again: what is there
        is skipped.

        Args:
            source: The file; nothing in it is trusted.
            run_ref_map: New run references by old ones; references inside a run follow it.
                Texts in attributes stay as they are.
            skip_existing: Whether records with a reference that the store has are skipped.
            mark_imported: Whether `origin_marker` of events and degraded records becomes
                `imported`; otherwise a record is kept as it was.

        Raises:
            RecordError: `record_import_source_invalid` when the file cannot be read at all,
                `record_import_too_many_rejected` after 100,000 bad records; what was taken
                before stays.
            AppendError: The disk refused.
            ReadOnlyStoreError: `record_store_read_only`.
        """
        from contexta.store.records._import_jsonl import JsonlImport
        from contexta.store.records._import_state import ImportOptions

        self._check_writable("import")
        options = ImportOptions.of(run_ref_map, skip=skip_existing, mark=mark_imported)
        return JsonlImport(self, options, self.config.max_record_bytes).run(_absolute(source))

    def import_parquet(
        self,
        source: str | Path,
        *,
        record_type: str | None = None,
        run_ref_map: Mapping[str, str] | None = None,
        skip_existing: bool = True,
        mark_imported: bool = False,
    ) -> ImportReport:
        """Append the rows of a Parquet file, or of each `.parquet` file right inside a folder.

        Columns are those of `schema_for`; unknown ones are left out and counted. A null
        `record_ref` is derived from `sequence`, as a part of a store means it. The rest is as
        for `import_jsonl`.

        Args:
            source: The file or folder; nothing in it is trusted.
            record_type: Type of the records; None finds it by the file's own note or its name.
            run_ref_map: See `import_jsonl`.
            skip_existing: See `import_jsonl`.
            mark_imported: See `import_jsonl`.

        Raises:
            RecordError: `record_import_source_invalid` for what is no Parquet file or has no
                known record type, `record_import_too_large` for one that declares more content
                than its size can mean, `record_import_too_many_rejected`.
            ValidationError: `record_bulk_invalid`, for columns of wrong types.
            AppendError: The disk refused.
            ReadOnlyStoreError: `record_store_read_only`.
        """
        from contexta.store.records._import_parquet import ParquetImport
        from contexta.store.records._import_state import ImportOptions

        self._check_writable("import")
        options = ImportOptions.of(run_ref_map, skip=skip_existing, mark=mark_imported)
        existing = self._existing() if skip_existing else None
        loader = ParquetImport(self._bulk(), existing, options, self.config.max_record_bytes)
        return loader.run(_absolute(source), record_type)


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()
