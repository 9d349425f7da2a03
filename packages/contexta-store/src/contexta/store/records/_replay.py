"""Replay and export: all matching records together with what is known to be missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from contexta.contract.errors import RecordError, ValidationError
from contexta.store.fs import (
    ensure_private_dir,
    fsync_dir,
    open_private,
    temporary_name,
    translated_os_errors,
)
from contexta.store.records import _damage as dmg
from contexta.store.records._enums import IntegrityState, ReplayMode
from contexta.store.records._errors import ReplayError
from contexta.store.records._filter import ScanFilter
from contexta.store.records._models import ReplayResult, StoredRecord
from contexta.store.records._reads import RecordScan, touches
from contexta.store.records._rows_filter import row_filter_of
from contexta.store.records._snapshot import StoreReader

_BUFFER_BYTES = 1 << 20


def replay_mode_of(mode: ReplayMode | str | None) -> ReplayMode:
    """Return the mode; text is accepted, None means strict.

    Raises:
        ValidationError: `record_store_invalid_replay_mode` for anything else.
    """
    if mode is None:
        return ReplayMode.STRICT
    text = mode.strip().lower() if isinstance(mode, str) else mode
    try:
        return ReplayMode(text)
    except ValueError as error:
        raise ValidationError(
            f"{mode!r} is not a replay mode. Use 'strict' or 'tolerant'.",
            code="record_store_invalid_replay_mode",
            details={"mode": repr(mode), "allowed": [m.value for m in ReplayMode]},
            cause=error,
        ) from error


class Replay:
    """One replay; damage is complete once the records are exhausted."""

    def __init__(self, reader: StoreReader, scan: ScanFilter | None, mode: ReplayMode) -> None:
        self._mode = mode
        self._limit = scan.limit if scan is not None else None
        wanted = row_filter_of(scan)
        snapshot = reader.snapshot()
        self._known = [found for found in snapshot.damage if touches(found, wanted)]
        self._scan = RecordScan(snapshot, reader.parts, wanted)

    @property
    def damage(self) -> list[dmg.Damage]:
        """Damage that the filter touches."""
        return [*self._known, *self._scan.lost]

    def records(self) -> Iterator[StoredRecord]:
        """Yield the records in sequence order.

        Raises:
            ReplayError: In strict mode, at the first sign of damage.
        """
        self._refuse_damage()
        for count, record in enumerate(self._scan.tolerant()):
            if self._limit is not None and count >= self._limit:
                return
            self._refuse_damage()
            yield record
        self._refuse_damage()

    def _refuse_damage(self) -> None:
        if self._mode is ReplayMode.TOLERANT or not self.damage:
            return
        gaps = [found.gap for found in self.damage]
        raise ReplayError(
            f"The records asked for are not complete: {gaps[0].message} Replay in tolerant mode "
            "to get what is readable, with the gaps listed.",
            code="record_replay_unhealthy_store",
            details={
                "warnings": [gap.message for gap in gaps],
                "known_gaps": [gap.code for gap in gaps],
                "integrity_state": dmg.state_of(gap.code for gap in gaps).value,
                "paths": [(gap.details or {}).get("path") for gap in gaps],
            },
        )

    def result(self, records: tuple[StoredRecord, ...], count: int) -> ReplayResult:
        """Build the public result after the records are exhausted."""
        gaps = tuple(found.gap for found in self.damage)
        state = dmg.state_of(gap.code for gap in gaps) if gaps else IntegrityState.HEALTHY
        warnings = tuple(gap.message for gap in gaps)
        return ReplayResult(records, count, self._mode, warnings, gaps, state)


def export_records(replay: Replay, destination: Path) -> ReplayResult:
    """Write one canonical JSON line per record; the file appears whole or not at all.

    Raises:
        ReplayError: In strict mode, when damage is met; the destination is untouched.
        StoreAccessError: When it cannot be written.
    """
    if destination.is_dir():
        raise RecordError(
            f"{str(destination)!r} is a folder. Give the name of a file to export to.",
            code="record_export_destination_invalid",
            details={"path": str(destination)},
        )
    ensure_private_dir(destination.parent)
    temporary = destination.with_name(temporary_name())
    count = 0
    with translated_os_errors("write", destination):
        fd = open_private(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        try:
            with open(fd, "wb", buffering=_BUFFER_BYTES) as file:
                for stored in replay.records():
                    file.write(stored.record.to_json().encode("utf-8") + b"\n")
                    count += 1
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, destination)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    fsync_dir(destination.parent)
    return replay.result((), count)
