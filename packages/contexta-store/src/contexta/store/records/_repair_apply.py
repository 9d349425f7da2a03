"""Do the steps of a repair plan, one after the other, each written down."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from contexta.contract.errors import StoreAccessError, StoreError
from contexta.store._words import counted
from contexta.store.fs import FileLock, atomic_write_bytes
from contexta.store.records import _repair_models as steps
from contexta.store.records._audit import AUDIT_VERSION, read_audit_lines
from contexta.store.records._enums import IntegrityState
from contexta.store.records._erase_log import explain_the_rest
from contexta.store.records._integrity import check_store
from contexta.store.records._journal import complete_pending
from contexta.store.records._layout import Layout
from contexta.store.records._log_write import append_line
from contexta.store.records._marks import sealed_json
from contexta.store.records._models import RepairReport
from contexta.store.records._part_entry import part_to_entry
from contexta.store.records._parts_log import read_log
from contexta.store.records._quarantine_files import copy_aside
from contexta.store.records._refs import segment_id_of
from contexta.store.records._repair_log import rebuild_log
from contexta.store.records._repair_models import RecordRepairPlan, RepairStep
from contexta.store.records._repair_part import repair_part
from contexta.store.records._repair_plan import plan_repairs
from contexta.store.records._repair_writer import repair_writer
from contexta.store.records._reservations import rebuild_numbers


class Done(NamedTuple):
    """What a step did, in words and for the audit line."""

    text: str
    details: dict[str, Any] = {}
    quarantined: tuple[str, ...] = ()
    segments: tuple[int, ...] = ()


def apply_repairs(
    layout: Layout, plan: RecordRepairPlan, *, dry_run: bool = True, actor: str | None = None
) -> RepairReport:
    """Do what a plan says; see `RecordStore.apply_repairs`."""
    if dry_run:
        return RepairReport(
            success=False,
            integrity_state=check_store(layout).state,
            notes=tuple(f"would {line}" for line in plan.lines()),
        )
    wanted = {(step.kind, step.path) for step in plan.steps}
    done: list[Done] = []
    warnings: list[str] = []
    rebuilt = False
    for step in plan_repairs(layout).steps:
        if step.kind == steps.NOTHING or (step.kind, step.path) not in wanted:
            continue  # said below, if it is still there
        try:
            result = _STEPS[step.kind](layout, step)
        except StoreError as error:  # one step must not hold up the others
            warnings.append(f"{step.kind} of {step.path!r} failed: {error.message}")
            continue
        _note(layout, step, result, actor)
        done.append(result)
        rebuilt |= step.kind == steps.INDEX
    warnings += [f"Left: {step.text}" for step in plan_repairs(layout).steps]
    state = check_store(layout).state
    return RepairReport(
        success=bool(done) and not warnings and state is not IntegrityState.CORRUPTED,
        repaired_segments=tuple(number for one in done for number in one.segments),
        quarantined_paths=tuple(path for one in done for path in one.quarantined),
        rebuilt_indexes=rebuilt,
        integrity_state=state,
        notes=tuple(one.text for one in done),
        warnings=tuple(warnings),
    )


def note_repair(
    layout: Layout,
    kind: str,
    path: str,
    text: str,
    actor: str | None,
    *,
    quarantined: Sequence[str] = (),
    **details: Any,
) -> None:
    """Write down what a repair did, when, and on whose order; paths relative to the root.

    Raises:
        StoreAccessError: When it cannot be written.
    """
    entry = {
        "version": AUDIT_VERSION,
        "at_us": time.time_ns() // 1000,
        "actor": _user() if actor is None else actor,
        "kind": kind,
        "path": _shown(layout, path),
        "text": text.replace(f"{layout.root}{os.sep}", ""),
        "quarantined": [_shown(layout, path) for path in quarantined],
        **details,
    }
    with FileLock(layout.lock):
        append_line(layout, entry, layout.repairs)


def _note(layout: Layout, step: RepairStep, done: Done, actor: str | None) -> None:
    aside = list(done.quarantined)
    note_repair(layout, step.kind, step.path, done.text, actor, quarantined=aside, **done.details)


def _user() -> str:
    return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _shown(layout: Layout, path: str) -> str:
    try:
        return Path(path).relative_to(layout.root).as_posix()
    except ValueError:
        return path


def _marker(layout: Layout, step: RepairStep) -> Done:
    from contexta.store.records._store_handle import STORE_FORMAT_VERSION

    aside = copy_aside(layout, layout.marker, "damaged_marker")
    entry = {"format_version": STORE_FORMAT_VERSION, "layout_version": "1"}
    with FileLock(layout.lock):
        atomic_write_bytes(layout.marker, sealed_json(entry))
    return Done(f"{step.path!r} was written anew.", {}, (str(aside),))


def _journal(layout: Layout, step: RepairStep) -> Done:
    with FileLock(layout.lock):
        complete_pending(layout)
    return Done(f"{step.path!r} was taken aside.")


def _log(layout: Layout, step: RepairStep) -> Done:
    found = rebuild_log(layout)
    text = (
        f"{step.path!r} was written anew: {counted(found.dropped_lines, 'damaged line')} dropped, "
        f"{counted(found.parts, 'part')} named again."
    )
    details = {"dropped_lines": found.dropped_lines, "parts": found.parts}
    return Done(text, details, (found.quarantined,) if found.quarantined else ())


def _numbers(layout: Layout, step: RepairStep) -> Done:
    following = rebuild_numbers(layout)
    return Done(f"{step.path!r} was written anew; the next number is {following}.")


def _writer(layout: Layout, step: RepairStep) -> Done:
    found = repair_writer(layout, Path(step.path).name)
    return Done(found.text, {"lost": [list(pair) for pair in found.lost]}, found.quarantined)


def _part(layout: Layout, step: RepairStep) -> Done:
    relative = Path(step.path).relative_to(layout.root).as_posix()
    part = read_log(layout).parts.get(relative)
    if part is None:
        return Done(f"{step.path!r} is no longer current.")
    found = repair_part(layout, part)
    texts = {
        "healed": f"{step.path!r} has its right content again; nothing was lost.",
        "salvaged": f"{counted(found.kept, 'record')} of {step.path!r} kept, {found.lost} lost.",
        "lost": f"{step.path!r} is recorded as lost with {counted(found.lost, 'record')}.",
    }
    details = {
        "how": found.how,
        "kept": found.kept,
        "lost": found.lost,
        "ranges": [list(pair) for pair in found.ranges],
        "part": part_to_entry(part),
        "left": found.left,
    }
    aside = (found.quarantined,) if found.quarantined else ()
    return Done(texts[found.how], details, aside, (segment_id_of(part.first_sequence),))


def _audit(layout: Layout, step: RepairStep) -> Done:
    path = Path(step.path)
    aside: tuple[str, ...] = ()
    with FileLock(layout.lock):
        lines = read_audit_lines(path, AUDIT_VERSION)
        if path.exists():
            aside = (str(copy_aside(layout, path, "damaged_audit")),)
        kept = b"".join(sealed_json(entry) + b"\n" for entry in lines.entries)
        atomic_write_bytes(path, kept)
        if path == layout.erasures:
            explain_the_rest(layout)
    return Done(f"{counted(len(lines.damaged), 'line')} of {step.path!r} dropped.", {}, aside)


def _index(layout: Layout, step: RepairStep) -> Done:
    from contexta.store.records._index import rebuild_index

    failure = rebuild_index(layout)
    if failure is not None:
        raise StoreAccessError(failure)
    return Done(f"{step.path!r} was derived anew.")


_STEPS: dict[str, Callable[[Layout, RepairStep], Done]] = {
    steps.MARKER: _marker,
    steps.JOURNAL: _journal,
    steps.LOG: _log,
    steps.NUMBERS: _numbers,
    steps.WRITER: _writer,
    steps.PART: _part,
    steps.AUDIT: _audit,
    steps.INDEX: _index,
}
