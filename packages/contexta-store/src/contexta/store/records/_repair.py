"""Repairs that change files; each copies what it takes away to `_quarantine` first."""

from __future__ import annotations

from contexta.store.records import _damage as dmg
from contexta.store.records._enums import IntegrityState
from contexta.store.records._integrity import check_store
from contexta.store.records._layout import Layout
from contexta.store.records._models import RepairReport
from contexta.store.records._recover import recover_writer
from contexta.store.records._refs import segment_id_of
from contexta.store.records._repair_apply import note_repair
from contexta.store.records._snapshot import StoreReader


def repair_tails(layout: Layout, reader: StoreReader) -> RepairReport:
    """Seal the segments of dead writers whose last record was cut in the middle of its write.

    The cut bytes go to `_quarantine`; the record in them was never acknowledged. A segment with
    other damage is left alone, with a warning. Living writers are never touched.
    """
    warnings: list[str] = []
    candidates: set[str] = set()
    blocked: set[str] = set()
    for view in reader.snapshot().live:
        codes = {found.gap.code for found in view.damage}
        writer_id = view.segment.writer_id
        if codes - {dmg.TRUNCATED}:
            blocked.add(writer_id)
            warnings.append(f"{view.path!r} has damage before its tail and was left as it is.")
        elif codes:
            candidates.add(writer_id)
    repaired: list[int] = []
    quarantined: list[str] = []
    for writer_id in sorted(candidates - blocked):
        recovered = recover_writer(layout, writer_id)
        if recovered is None:
            continue
        aside = [path for result in recovered.segments.values() for path in result.quarantined]
        quarantined.extend(aside)
        folder = str(layout.writer_folder(writer_id))
        text = f"{recovered.writer.torn_bytes} bytes of a last record were cut."
        note_repair(layout, "repair_truncated_tails", folder, text, None, quarantined=aside)
        for result in recovered.segments.values():
            if result.torn_bytes:
                repaired.append(segment_id_of(max(1, result.last_sequence)))
    reader.clear()
    state = check_store(layout).state
    return RepairReport(
        success=bool(repaired) and state is not IntegrityState.CORRUPTED,
        repaired_segments=tuple(repaired),
        quarantined_paths=tuple(quarantined),
        rebuilt_indexes=True,
        integrity_state=state,
        notes=("repair_truncated_tails_completed",) if repaired else (),
        warnings=tuple(warnings),
    )


def rebuild(layout: Layout, reader: StoreReader, failure: str | None) -> RepairReport:
    """Drop everything that was derived from the files; the next read derives it anew.

    Args:
        layout: The store.
        reader: Reads it; it starts anew.
        failure: Why the index could not be derived anew, if it could not.
    """
    reader.clear()
    report = check_store(layout)
    unreadable = [i.message for i in report.issues if i.severity == "error"]
    return RepairReport(
        success=not unreadable and failure is None,
        rebuilt_indexes=failure is None,
        integrity_state=report.state,
        notes=("rebuild_indexes_completed",) if failure is None else (),
        warnings=(*unreadable, *((failure,) if failure is not None else ())),
    )
