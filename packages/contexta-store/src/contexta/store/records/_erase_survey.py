"""Look which rows would go, reading one row group at a time and changing nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow.compute as pc

from contexta.contract.errors import RecordError
from contexta.store.fs import lock_is_held
from contexta.store.records import _damage as dmg
from contexta.store.records._erase_choice import RowChoice, TargetChoice, mentioning_columns
from contexta.store.records._erase_models import Blocker, LiveRows, PartChange
from contexta.store.records._layout import Layout
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._quarantine_files import files_that_may_hold
from contexta.store.records._snapshot import Snapshot, StoreReader


class Survey(NamedTuple):
    """What a choice of rows touches. `entries` are the parts behind `parts`."""

    parts: tuple[PartChange, ...]
    entries: tuple[PartEntry, ...]
    live: tuple[LiveRows, ...]
    blockers: tuple[Blocker, ...]
    quarantined: tuple[str, ...]
    mentions: Mapping[str, int]


def survey(
    layout: Layout,
    reader: StoreReader,
    choice: RowChoice,
    *,
    own_writer: str | None,
    mentioned: TargetChoice | None = None,
) -> Survey:
    """Find the rows that a choice takes.

    Args:
        layout: The store.
        reader: Reads it.
        choice: Which rows go.
        own_writer: Writer id of this process, if it has one.
        mentioned: Runs and samples whose mentions in other rows are counted, too.
    """
    snapshot = reader.snapshot()
    changes: list[PartChange] = []
    entries: list[PartEntry] = []
    blockers = _blockers(snapshot)
    mentions: dict[str, int] = {}
    for part in snapshot.parts:
        concerned = choice.may_touch(part.record_type, part.runs)
        if not concerned and mentioned is None:
            continue
        try:
            going, named = _count(reader, part, choice, mentioned)
        except RecordError as error:
            if concerned:
                blockers.append(_damaged(layout, part, error))
            continue
        if going:
            size = part.size
            place = (part.path, part.record_type, part.project)
            changes.append(PartChange(*place, part.rows, going, size))
            entries.append(part)
        if named:
            mentions[part.record_type] = mentions.get(part.record_type, 0) + named
    live = _live(layout, snapshot, choice, own_writer)
    blockers += [_living(rows) for rows in live if rows.state == "living"]
    held = tuple(str(path.relative_to(layout.root)) for path in files_that_may_hold(layout, choice))
    return Survey(tuple(changes), tuple(entries), live, tuple(blockers), held, mentions)


def _count(
    reader: StoreReader, part: PartEntry, choice: RowChoice, mentioned: TargetChoice | None
) -> tuple[int, int]:
    columns = set(choice.columns(part.record_type))
    if mentioned is not None:
        columns |= mentioning_columns(part.record_type)
    going = named = 0
    for table in reader.parts.groups(part, sorted(columns)):
        chosen = choice.chosen(part.record_type, table)
        going += pc.sum(chosen).as_py() or 0
        if mentioned is not None:
            others = pc.and_not(mentioned.mentions(part.record_type, table), mentioned.own(table))
            named += pc.sum(pc.and_not(others, chosen)).as_py() or 0
    return going, named


def _blockers(snapshot: Snapshot) -> list[Blocker]:
    return [
        Blocker(
            "damaged_log",
            f"{found.gap.message} Apply the repairs of plan_repairs first.",
            str((found.gap.details or {}).get("path", "")),
        )
        for found in snapshot.damage
        if found.gap.code == dmg.MISMATCH
    ]


def _damaged(layout: Layout, part: PartEntry, error: RecordError) -> Blocker:
    return Blocker(
        "damaged_part",
        f"{error.message} It may hold such records: apply the repairs of plan_repairs first.",
        str(layout.root / part.path),
    )


def _living(rows: LiveRows) -> Blocker:
    return Blocker(
        "living_writer",
        f"{rows.path!r} belongs to a process that runs and holds {rows.rows} such records. Close "
        "the store there, or wait until it seals them.",
        rows.path,
    )


def _live(
    layout: Layout, snapshot: Snapshot, choice: RowChoice, own_writer: str | None
) -> tuple[LiveRows, ...]:
    found = []
    for view in snapshot.live:
        rows = sum(
            pc.sum(choice.chosen(record_type, table)).as_py() or 0
            for (record_type, _), table in view.tables.items()
        )
        if not rows:
            continue
        writer_id = view.segment.writer_id
        if writer_id == own_writer:
            state = "own"
        else:
            state = "living" if lock_is_held(layout.writer_lock(writer_id)) else "dead"
        found.append(LiveRows(view.path, writer_id, rows, state))
    return tuple(found)
