"""What a handle of a record store needs before it reads or writes anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import (
    ConfigurationError,
    LifecycleError,
    ReadOnlyStoreError,
    SchemaVersionError,
    ValidationError,
)
from contexta.store.fs import (
    FileLock,
    atomic_write_bytes,
    ensure_private_dir,
    translated_os_errors,
)
from contexta.store.records._config import RecordStoreConfig
from contexta.store.records._errors import AppendError
from contexta.store.records._layout import Layout
from contexta.store.records._marks import opened_json, sealed_json
from contexta.store.records._registry import release_writer

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from contexta.store.records import _damage as dmg
    from contexta.store.records._snapshot import StoreReader
    from contexta.store.records._writer import RecordWriter

STORE_FORMAT_VERSION = 1


class StoreHandle:
    """Opens the folder, checks its format, and holds the writer and the reader."""

    def __init__(self, config: RecordStoreConfig | None = None) -> None:
        config = RecordStoreConfig() if config is None else config
        if not isinstance(config, RecordStoreConfig):
            raise ConfigurationError(
                f"A RecordStore takes a RecordStoreConfig, not a {type(config).__name__}.",
                code="record_store_invalid_config",
            )
        if config.root_path is None:
            raise ValidationError(
                "The record store has no root_path. Set it to the folder of the store.",
                code="record_store_missing_root_path",
            )
        self.config = config
        self.root_path: Path = config.root_path
        self._layout = Layout(self.root_path)
        self._own_writer: RecordWriter | None = None
        self._closed = False
        self._cached_reader: StoreReader | None = None
        self._reader_pid = 0
        self._lost: dict[str, dmg.Damage] = {}
        if config.read_only:
            if not self.root_path.is_dir():
                raise ReadOnlyStoreError(
                    f"{str(self.root_path)!r} does not exist, and a read-only store creates "
                    "nothing. Check the path, or open it writable once.",
                    code="record_store_missing_root",
                    details={"path": str(self.root_path)},
                )
        else:
            ensure_private_dir(self.root_path)
            self._write_marker()
            if self._layout.journal.exists():  # a killed process left it, or it is being done
                from contexta.store.records._journal import complete_pending_if_any

                complete_pending_if_any(self._layout)
        self._stored_layout_version = self._read_marker()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Seal what this process wrote and let its lock go; idempotent.

        When a project has gathered more than 64 small parts, some of them are merged (at most
        16 MiB; see `compact_small_parts` of the configuration).

        Raises:
            StoreError: When sealing failed; everything is released and the records stay readable.
            LifecycleError: `record_store_interrupting` in a signal handler that interrupted a
                call of the writer; the store stays open.
        """
        if self._own_writer is not None:
            self._own_writer.refuse_interrupting()
        self._closed = True
        writer, self._own_writer = self._own_writer, None
        if self._cached_reader is not None:
            self._cached_reader.clear()
        if writer is not None:
            was_last = release_writer(self._layout, writer)
            if was_last:
                self._tidy()

    def _tidy(self) -> None:
        """Do what nobody else may do where only this class is used; bounded, and never raises."""
        from contexta.store.records._fork_guard import NO_FORK
        from contexta.store.records._parts_log import has_shared_log

        if not has_shared_log(self._layout):
            return  # nothing was sealed: pyarrow is not loaded, the log not read
        with NO_FORK:
            from contexta.store.records._recover import recover_many_dead

            recover_many_dead(self._layout)
            if self.config.compact_small_parts:
                from contexta.store.records._compact import compact_small_parts

                compact_small_parts(self._layout)

    @property
    def _reader(self) -> StoreReader:
        from contexta.store.records._snapshot import StoreReader

        if self._cached_reader is None or self._reader_pid != os.getpid():
            self._cached_reader = StoreReader(self._layout)  # a forked child takes its own lock
            self._reader_pid = os.getpid()
        return self._cached_reader

    def _remember(self, lost: list[dmg.Damage]) -> None:
        for found in lost:
            self._lost[str((found.gap.details or {}).get("path"))] = found

    def _check_writable(self, action: str) -> None:
        self._check_usable()
        if self.config.read_only:
            raise self._read_only(action)

    def _read_only(self, action: str) -> ReadOnlyStoreError:
        return ReadOnlyStoreError(
            f"{str(self.root_path)!r} is open read-only: cannot {action}. Open it without "
            "read_only.",
            code="record_store_read_only",
            details={"path": str(self.root_path)},
        )

    def _check_usable(self) -> None:
        if self._closed:
            raise LifecycleError(
                f"The record store at {str(self.root_path)!r} is closed. Open it again.",
                code="record_store_closed",
            )
        if self.config.read_only and not self._layout.is_store():
            raise ReadOnlyStoreError(
                f"{str(self.root_path)!r} holds no record store. Check the path.",
                code="record_store_manifest_missing",
                details={"path": str(self.root_path)},
            )
        stored = self._stored_layout_version
        if stored is not None and stored != self.config.layout_version:
            raise AppendError(
                f"The store has layout_version {stored!r}, the configuration says "
                f"{self.config.layout_version!r}. Change the configuration.",
                code="record_store_layout_version_mismatch",
                details={"stored": stored, "configured": self.config.layout_version},
            )

    def _write_marker(self) -> None:
        if self._layout.marker.exists():
            return
        with FileLock(self._layout.lock):
            if not self._layout.marker.exists():
                entry = {
                    "format_version": STORE_FORMAT_VERSION,
                    "layout_version": self.config.layout_version,
                }
                atomic_write_bytes(self._layout.marker, sealed_json(entry))

    def _note_damaged_marker(self, path: Path) -> None:
        from contexta.store.records import _damage as dmg

        text = f"{str(path)!r} is damaged. It holds nothing but the format; a repair rewrites it."
        found = dmg.damage(dmg.MISMATCH, text, str(path), blocks=False)
        self._lost[str(path)] = found

    def _read_marker(self) -> str | None:
        path = self._layout.marker
        with translated_os_errors("read", path):
            try:
                raw = path.read_bytes()
            except FileNotFoundError:
                return None
        entry = opened_json(raw)
        if entry is None:
            self._note_damaged_marker(path)  # all that it says can be derived: go on
            return None
        if entry["format_version"] > STORE_FORMAT_VERSION:
            raise SchemaVersionError(
                f"{str(self.root_path)!r} has record format {entry['format_version']}; this "
                f"release reads up to {STORE_FORMAT_VERSION}. Upgrade contexta; nothing was "
                "changed.",
                code="record_store_format_unsupported",
                details={"path": str(path), "current_version": entry["format_version"]},
            )
        return str(entry["layout_version"])
