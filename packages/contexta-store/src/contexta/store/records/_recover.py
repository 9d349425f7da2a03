"""Finish what a writer left that ended without closing."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from typing import NamedTuple

from contexta.contract.errors import StoreAccessError, StoreError
from contexta.store.fs import open_private
from contexta.store.records._layout import Layout, SegmentId, is_writer_id, names_in, segment_number
from contexta.store.records._models import DeadWriter
from contexta.store.records._parts_log import read_log
from contexta.store.records._reservations import end_writer, read_mark
from contexta.store.records._seal import SealResult, seal_segment
from contexta.store.records._writer_home import remove_writer_folder, try_flock

_LOGGER = logging.getLogger("contexta.store.records")
_MANY_WRITERS = 16
_MOST_AT_ONCE = 128


class Recovered(NamedTuple):
    """What was done for one dead writer, by segment number."""

    writer: DeadWriter
    segments: dict[int, SealResult]


def recover_all(layout: Layout) -> list[Recovered]:
    """Seal what every dead writer left. A living writer is never touched.

    Raises:
        StoreError: The first failure, after every writer was tried; what was not finished stays
            readable, and the next call continues.
    """
    found = []
    failure: StoreError | None = None
    for name in filter(is_writer_id, names_in(layout.wal)):
        try:
            recovered = recover_writer(layout, name)
        except StoreError as error:  # one writer must not hold up the others
            failure = failure or error
            continue
        if recovered is not None:
            found.append(recovered)
    if failure is not None:
        raise failure
    return found


def recover_many_dead(layout: Layout) -> None:
    """Recover dead writers when many have gathered, so that reads do not grow with their number.

    Few are left to `recover_all`, whose caller learns what they held. Never raises.
    """
    try:
        names = [name for name in names_in(layout.wal) if is_writer_id(name)]
        if len(names) <= _MANY_WRITERS:
            return
        for name in names[:_MOST_AT_ONCE]:
            recover_writer(layout, name)
    except StoreError:  # what they left stays readable
        _LOGGER.warning("Dead writers were not recovered; a later close tries again", exc_info=True)


def recover_writer(layout: Layout, writer_id: str) -> Recovered | None:
    """Seal what one dead writer left; None when it lives, or is being opened or removed."""
    fd = _lock_of_dead(layout, writer_id)
    if fd < 0:
        return None
    try:
        return _recover_locked(layout, writer_id)
    finally:
        os.close(fd)


def _lock_of_dead(layout: Layout, writer_id: str) -> int:
    """Take the lock of a dead writer; -1 when that is not possible."""
    folder, path = layout.writer_folder(writer_id), layout.writer_lock(writer_id)
    create = os.O_CREAT if _segments(layout, writer_id) else 0
    try:
        fd = open_private(path, os.O_RDWR | create)
    except StoreAccessError as error:
        if error.code != "store_path_missing":
            raise
        with suppress(OSError):  # an empty leftover, unless a writer is being born in it
            folder.rmdir()
        return -1
    if try_flock(fd):
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(fd).st_ino:
                return fd
    os.close(fd)
    return -1


def _segments(layout: Layout, writer_id: str) -> list[int]:
    numbers = [segment_number(name) for name in names_in(layout.writer_folder(writer_id))]
    return sorted(number for number in numbers if number is not None)


def _recover_locked(layout: Layout, writer_id: str) -> Recovered:
    mark = read_mark(layout.writer_lock(writer_id))
    results = {
        number: seal_segment(layout, SegmentId(writer_id, number))
        for number in _segments(layout, writer_id)
    }
    torn = sum(result.torn_bytes for result in results.values())
    log = read_log(layout)
    known = [e.last_sequence for s, e in log.entries.items() if s.writer_id == writer_id]
    known.extend(span.last_sequence for span in log.spans.of_writer(writer_id))
    last = max([*known, *(r.last_sequence for r in results.values())], default=0)
    if last:
        # The number of a torn record is not used again: nobody can tell how far it got.
        following: int | None = last + 1 + (1 if torn else 0)
    elif mark is not None and mark["segment"] == 0:
        following = int(mark["reservation"])
    else:
        following = None
    end_writer(layout, writer_id, following)
    remove_writer_folder(layout, writer_id)
    times = [r.last_observed_us for r in results.values() if r.last_observed_us is not None]
    count = sum(result.record_count for result in results.values())
    return Recovered(DeadWriter(writer_id, max(times, default=None), count, torn), results)
