"""Read every byte and say which repairs would help."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from contexta.store.fs import lock_is_held
from contexta.store.records import _check_files as files
from contexta.store.records import _damage as dmg
from contexta.store.records import _repair_models as steps
from contexta.store.records._integrity import DUPLICATE, look_at_everything
from contexta.store.records._layout import Layout, is_writer_id
from contexta.store.records._repair_models import RecordRepairPlan, RepairStep

_OF_FILES = {
    files.MARKER: steps.MARKER,
    files.NUMBERS: steps.NUMBERS,
    files.JOURNAL: steps.JOURNAL,
    files.AUDIT: steps.AUDIT,
    files.INDEX: steps.INDEX,
    dmg.MISMATCH: steps.LOG,
}
_WHAT = {
    steps.MARKER: "It is written anew.",
    steps.JOURNAL: "It is taken aside; the footers of the parts say what counts.",
    steps.LOG: "The log of parts is written anew from what it says and the footers of the parts.",
    steps.NUMBERS: "It is written anew, behind every number that was ever given.",
    steps.WRITER: "What can be read is sealed, the rest becomes a known gap; the original is kept.",
    steps.PART: "A few flipped bits are mended; else what can be read goes to a new part and the "
    "rest becomes a known gap. The original is kept in _quarantine.",
    steps.AUDIT: "The lines that can be read are kept.",
    steps.INDEX: "It is derived anew.",
    steps.NOTHING: "Nothing is done about it.",
}


def plan_repairs(layout: Layout) -> RecordRepairPlan:
    """Return the steps that would mend a store, in the order of doing; changes nothing.

    Gaps that are known already need no step.
    """
    found, _, _ = look_at_everything(layout)
    planned: dict[tuple[str, str], RepairStep] = {}
    for damage in found:
        if damage.gap.code == dmg.GAP:
            continue
        for step in _steps_of(layout, damage):
            planned.setdefault((step.kind, step.path), step)
    order = {kind: number for number, kind in enumerate((*steps.ORDER, steps.NOTHING))}
    return RecordRepairPlan(tuple(sorted(planned.values(), key=lambda s: (order[s.kind], s.path))))


def _steps_of(layout: Layout, damage: dmg.Damage) -> Iterator[RepairStep]:
    path = str((damage.gap.details or {}).get("path", ""))
    kind = _kind_of(layout, damage, path)
    if kind == steps.LOG:
        path = str(layout.parts_log)
    if kind == steps.WRITER:
        path = str(layout.writer_folder(_writer_of(layout, path)))
    yield RepairStep(kind, path, f"{damage.gap.message} {_WHAT[kind]}")


def _kind_of(layout: Layout, damage: dmg.Damage, path: str) -> str:
    code = damage.gap.code
    if code in _OF_FILES:
        return _OF_FILES[code]
    if code == DUPLICATE:
        return steps.NOTHING
    writer_id = _writer_of(layout, path)
    if writer_id:
        lock = layout.writer_lock(writer_id)
        return steps.NOTHING if lock_is_held(lock) else steps.WRITER
    if layout.part(_relative(layout, path)) is not None:
        return steps.PART
    return steps.NOTHING


def _relative(layout: Layout, path: str) -> str:
    try:
        return Path(path).relative_to(layout.root).as_posix()
    except ValueError:
        return path


def _writer_of(layout: Layout, path: str) -> str:
    pieces = _relative(layout, path).split("/")
    if len(pieces) >= 2 and pieces[0] == "_wal" and is_writer_id(pieces[1]):
        return pieces[1]
    return ""
