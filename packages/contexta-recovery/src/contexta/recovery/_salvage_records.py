"""Make of a record plane with damaged and missing files one that opens and passes its check.

The store's own repairs do the mending, in the copy. What they give up becomes a known gap in the
log of parts, which interpretation shows with every answer; here it is also gathered as a list of
losses, each with the runs that it belongs to where anything tells of them: the log of parts, the
derived index, the other parts of the same writer.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import RecordError
from contexta.recovery._models_salvage import LostItem
from contexta.store.records.files import (
    AUDIT_VERSION,
    Damage,
    Layout,
    copy_aside,
    damage_of,
    read_audit_lines,
    read_log,
    segment_of_part,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from contexta.recovery._salvage_earlier import Earlier
    from contexta.recovery._salvage_losses import Losses
    from contexta.store.records import RecordStore

RECORDS = "records"
_ROUNDS = 6
_DERIVED = ("_index.sqlite", "_sequence.json", "_store.json", "_staging/", "_retired/")
_Fact = tuple[str, int | None, int | None]


class WriterRuns(NamedTuple):
    """What the ledger knows of a writer: the runs that it had open."""

    open_runs: Mapping[str, tuple[str, ...]]

    def of(self, writer_id: str) -> tuple[str, ...]:
        """Return the open runs of a writer."""
        return self.open_runs.get(writer_id, ())


def mend_records(root: Path, losses: Losses, writers: WriterRuns, earlier: Earlier) -> None:
    """Repair a copied record plane and note what is lost.

    Args:
        root: The folder of the plane, in the copy.
        losses: Has the files that were missing or damaged in the source; receives the rest.
        writers: Runs that the ledger knows by their writer.
        earlier: Backups that right copies of parts may come from.

    Raises:
        SchemaVersionError: A newer release wrote the store.
        StoreError: When the copy cannot be written.
    """
    if not root.is_dir():
        return
    from contexta.store.records import RecordStore, RecordStoreConfig

    layout = Layout(root)
    # Opening it writes a marker that is gone, and completes or undoes a replacement of parts.
    with RecordStore(RecordStoreConfig(root, compact_small_parts=False)) as store:
        before = {_fact(found) for found in damage_of(layout)}
        indexed = _indexed_runs(store, layout)
        by_writer = _runs_by_writer(layout)
        done = len(_repair_lines(layout))
        _repair(store)
        lines = _repair_lines(layout)[done:]
        for line in lines:
            if "part" not in line:
                losses.note(f"{line['kind']}:{_of_root(line['path'])}")
        lines = [line for line in lines if "part" in line]
        lines = [line for line in lines if not _supply(store, line, losses, earlier)]
        store.rebuild_indexes()
        _note_parts(lines, indexed, losses)
        _note_strays(layout, losses)
        _note_gaps(layout, before, losses, {_of_root(line["path"]) for line in lines})
        _note_bookkeeping(losses)
        _name_runs(losses, by_writer, writers)


def _repair(store: RecordStore) -> None:
    """Apply plans until one asks for nothing more; what is left then is found by the last check."""
    for _ in range(_ROUNDS):
        plan = store.plan_repairs()
        if all(step.kind == "report_only" for step in plan.steps):
            return
        if not store.apply_repairs(plan, dry_run=False, actor="salvage").notes:
            return  # every step failed; the rest is for `_note_strays`


def _fact(found: Damage) -> _Fact:
    gap = found.gap
    return (str((gap.details or {}).get("path")), gap.start_sequence, gap.end_sequence)


def _repair_lines(layout: Layout) -> list[dict[str, Any]]:
    return list(read_audit_lines(layout.repairs, AUDIT_VERSION).entries)


def _indexed_runs(store: RecordStore, layout: Layout) -> dict[str, frozenset[str]]:
    """Return the runs of parts of which the log does not list them, where the index does."""
    unlisted = [path for path, part in read_log(layout).parts.items() if part.runs is None]
    found = {}
    for path in unlisted if (layout.root / "_index.sqlite").exists() else ():
        runs = store._runs_of_part(str(layout.root / path))  # noqa: SLF001 - no public way asks
        if runs:
            found[path] = runs
    return found


def _runs_by_writer(layout: Layout) -> dict[str, frozenset[str]]:
    """Return, for each writer, the runs in the parts that were sealed from its segments."""
    found: dict[str, set[str]] = {}
    log = read_log(layout)
    for path, part in log.parts.items():
        segment = segment_of_part(path)
        if segment is not None and part.runs:
            found.setdefault(segment.writer_id, set()).update(part.runs)
    return {writer: frozenset(runs) for writer, runs in found.items()}


def _supply(store: RecordStore, line: dict[str, Any], losses: Losses, earlier: Earlier) -> bool:
    """Bring a lost part back from a backup that has it; the store takes only the right bytes."""
    if line["how"] == "healed":
        return False
    scratch = store.root_path.with_name("_part.tmp")
    ref = earlier.take_copy(line["part"]["sha256"], scratch)
    if ref is None:
        return False
    try:
        store.supply_part(scratch, actor="salvage")
    except RecordError:
        return False  # what was kept of it is part of something else already
    finally:
        scratch.unlink()
    place = _of_root(line["path"])
    losses.forget(RECORDS, place)
    losses.note(f"supplied:{place}:{ref}")
    return True


def _note_parts(
    lines: Iterable[dict[str, Any]], indexed: Mapping[str, frozenset[str]], losses: Losses
) -> None:
    for line in lines:
        path, place = line["path"], _of_root(line["path"])
        if line["how"] == "healed":
            losses.mended(RECORDS, place, "healed")
            continue
        runs = line["part"]["runs"] or sorted(indexed.get(path, ()))
        known = losses.at(RECORDS, place)
        kept = f"{line['kept']} of its records were kept, {line['lost']} are lost"
        why = "is damaged" if line["quarantined"] else "is missing"
        losses.add(
            LostItem(
                plane=RECORDS,
                place=place,
                reason=known.reason if known else f"part_{why.removeprefix('is ')}",
                message=f"{place!r} {why}: {kept}.",
                run_refs=tuple(runs or ()),
                certain=bool(runs),
                count=line["lost"],
            )
        )


def _note_strays(layout: Layout, losses: Losses) -> None:
    """Take away parts that no log names and that cannot be read: nothing vouches for them."""
    from contexta.store.fs import fsync_dir

    for found in damage_of(layout):
        relative = os.path.relpath(_fact(found)[0], layout.root)
        path = layout.part(relative)
        if path is None or not found.blocks or not path.is_file():
            continue
        copy_aside(layout, path, "unreadable_part", record_type=found.record_type)
        path.unlink()
        fsync_dir(path.parent)
        place = _of_root(relative)
        known = losses.at(RECORDS, place)
        losses.add(
            LostItem(
                plane=RECORDS,
                place=place,
                reason=known.reason if known else "part_unreadable",
                message=f"{place!r} cannot be read, and no log of parts says what it held.",
                certain=False,
            )
        )


def _note_gaps(layout: Layout, before: set[_Fact], losses: Losses, told: set[str]) -> None:
    """Note the records that the log of parts knows to be missing now and did not before."""
    for found in damage_of(layout):
        path, first, last = fact = _fact(found)
        place = _of_root(os.path.relpath(layout.root / path, layout.root))
        if fact in before or found.gap.code != "sequence_gap" or place in told:
            continue
        if losses.at(RECORDS, place) is not None and place.endswith(".parquet"):
            continue
        count = last - first + 1 if first is not None and last is not None else None
        known = losses.at(RECORDS, place)
        losses.add(
            LostItem(
                plane=RECORDS,
                place=place,
                reason=known.reason if known else "segment_lost",
                message=found.gap.message,
                run_refs=tuple(found.runs or ()),
                certain=found.runs is not None,
                count=(known.count or 0 if known else 0) + (count or 0),
            )
        )


def _note_bookkeeping(losses: Losses) -> None:
    """Tell what was made anew from the rest from what is gone."""
    for item in losses.of_plane(RECORDS):
        below = item.place.removeprefix(f"{RECORDS}/")
        if below.startswith(_DERIVED) or below.endswith(("/lock", ".lock")):
            losses.mended(RECORDS, item.place, "made_anew")
        elif below == "_parts.jsonl" and item.count is None:
            text = f"{item.message} It was written anew from the footers of the parts; what it "
            text += "knew of parts that are gone, and of gaps, went with it."
            losses.add(replace(item, message=text))


def _name_runs(
    losses: Losses, by_writer: Mapping[str, frozenset[str]], writers: WriterRuns
) -> None:
    """Say for lost segments which runs their writer is known to have written."""
    for item in losses.of_plane(RECORDS):
        pieces = item.place.split("/")
        if item.run_refs or len(pieces) < 3 or pieces[1] != "_wal":
            continue
        runs = {*by_writer.get(pieces[2], ()), *writers.of(pieces[2])}
        losses.add(item.with_runs(runs, certain=False))


def _of_root(relative: str) -> str:
    return f"{RECORDS}/{relative}"
