"""Facts about records that did not come: they were lost or erased where they come from."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from contexta.store._ranges import joined
from contexta.store.fs import FileLock
from contexta.store.merge._ledger import LEDGER_FILE_NAME
from contexta.store.merge._numbers import is_among, within, without
from contexta.store.merge._record_rows import one_chunk
from contexta.store.records._journal import complete_pending
from contexta.store.records._log_write import append_line, condense_log
from contexta.store.records._part_entry import Replacement
from contexta.store.records._parts_log import Missing, read_log
from contexta.store.records._snapshot import StoreReader

if TYPE_CHECKING:
    from contexta.store.merge._ledger import Batch, MergeLedger, Taken
    from contexta.store.records._layout import Layout

_REASON = "merge"
_GAP = "sequence_gap"
_AUDIT_VERSION = 1


def is_published(layout: Layout, batch: Batch) -> bool:
    """Whether a batch is in the store: its numbers were reserved for it alone.

    Raises:
        StoreError: When the store cannot be read.
    """
    wanted = [(batch.first, batch.last)]
    log = read_log(layout)
    facts = [*log.erased, *((one.first, one.last) for one in log.missing)]
    if within(wanted, facts):
        return True
    reader = StoreReader(layout)
    for part in reader.snapshot().parts:
        if part.first_sequence <= batch.last and part.last_sequence >= batch.first:
            for table in reader.parts.groups(part, ("sequence",)):
                hits = is_among(one_chunk(table["sequence"]), wanted)
                if pc.any(hits).as_py():
                    return True
    return False


def write_facts(layout: Layout, batch: Batch, ledger: MergeLedger) -> None:
    """Write down what is missing and what was erased; doing it again changes nothing.

    What was missing after an earlier merge, and came with this batch, is missing no longer.

    Raises:
        StoreAccessError: When the log cannot be written; a merge that follows tries again.
    """
    with FileLock(layout.lock):
        complete_pending(layout)
        _write_erased(layout, batch)
        filled = _filled(batch, ledger)
        if not batch.gaps and not filled:
            return

        def known(missing: list[Missing]) -> list[Missing]:
            told = {(one.first, one.last) for one in missing}
            fresh = [one for one in _missing(batch) if (one.first, one.last) not in told]
            return [rest for one in (*missing, *fresh) for rest in _cut(one, filled)]

        condense_log(layout, known=known)


def _missing(batch: Batch) -> list[Missing]:
    return [
        Missing(
            item.own_first,
            _end(item),
            f"Lost in the workspace {batch.source_id} that was merged: {text}",
            LEDGER_FILE_NAME,
            _GAP,
            runs,
        )
        for item, text, runs in batch.gaps
    ]


def _cut(one: Missing, filled: list[tuple[int, int]]) -> list[Missing]:
    return [
        one._replace(first=first, last=last)
        for first, last in without([(one.first, one.last)], filled)
    ]


def _filled(batch: Batch, ledger: MergeLedger) -> list[tuple[int, int]]:
    """Return numbers of earlier gaps whose records came now, under other numbers."""
    came: dict[str, list[tuple[int, int]]] = {}
    for item in batch.rows:
        came.setdefault(item.writer_id, []).append((item.first, item.last))
    found = []
    for other in ledger.batches.values():
        for item, _, _ in other.gaps:
            for first, last in within([(item.first, item.last)], came.get(item.writer_id, ())):
                shift = item.own_first - item.first
                found.append((first + shift, last + shift))
    return joined(found)


def _write_erased(layout: Layout, batch: Batch) -> None:
    ranges = joined((item.own_first, _end(item)) for item in batch.erased)
    fresh = without(ranges, read_log(layout).erased)
    if not fresh:
        return
    at_us = time.time_ns() // 1000
    count = sum(last - first + 1 for first, last in fresh)
    line = {
        "version": _AUDIT_VERSION,
        "at_us": at_us,
        "reason": _REASON,
        "subjects": [],
        "record_type": "",
        "project": "",
        "old": [batch.batch_id],
        "ranges": [list(pair) for pair in fresh],
        "first": fresh[0][0],
        "last": fresh[-1][1],
        "count": count,
    }
    append_line(layout, line, layout.erasures)
    replacement = Replacement(uuid.uuid4().hex, (), (), _REASON, tuple(fresh), at_us)
    append_line(layout, replacement.to_entry())


def _end(item: Taken) -> int:
    return item.own_first + item.last - item.first
