"""Replay: all matching records together with what is known to be missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contexta.contract.errors import ValidationError
from contexta.store.records import _damage as dmg
from contexta.store.records._enums import IntegrityState, ReplayMode
from contexta.store.records._errors import ReplayError
from contexta.store.records._filter import ScanFilter
from contexta.store.records._models import ReplayResult, StoredRecord
from contexta.store.records._reads import RecordScan, touches
from contexta.store.records._rows_filter import row_filter_of
from contexta.store.records._snapshot import StoreReader


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
        wanted = row_filter_of(scan)
        self._limit = scan.limit if scan is not None else None
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
        raise unhealthy(self.damage)

    def result(self, records: tuple[StoredRecord, ...], count: int) -> ReplayResult:
        """Build the public result after the records are exhausted."""
        gaps = tuple(found.gap for found in self.damage)
        state = dmg.state_of(gap.code for gap in gaps) if gaps else IntegrityState.HEALTHY
        warnings = tuple(gap.message for gap in gaps)
        return ReplayResult(records, count, self._mode, warnings, gaps, state)


def unhealthy(damage: Sequence[dmg.Damage]) -> ReplayError:
    """Build the error of a strict replay that met damage."""
    gaps = [found.gap for found in damage]
    return ReplayError(
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
