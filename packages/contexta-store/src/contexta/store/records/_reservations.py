"""Blocks of sequence numbers, handed to writers under the store's lock.

Writers number their records without talking to each other: each takes a block when it opens. A
writer that ends in order gives the rest of its block back if no later block was handed out, so
that one process after another sees 1, 2, 3. A number that was ever acknowledged is never handed
out again.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from contexta.store.fs import FileLock, atomic_write_bytes, translated_os_errors
from contexta.store.records._layout import (
    Layout,
    is_writer_id,
    names_in,
    segment_number,
)
from contexta.store.records._marks import opened_json, sealed_json
from contexta.store.records._refs import SEQUENCE_BLOCK


@cache
def boot_id() -> str:
    """Id of the running boot, or `""` where the system has none.

    After a power cut, acknowledged numbers may be missing from the log, so a block that was
    reserved before it is not given back.
    """
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def reserve_block(layout: Layout, writer_id: str) -> int:
    """Reserve a block for a writer and return its first number.

    Raises:
        StoreAccessError: When the bookkeeping cannot be read, locked or written.
    """
    with FileLock(layout.lock):
        state = _load(layout)
        start = int(state["next"])
        state["next"] = start + SEQUENCE_BLOCK
        state["writers"][writer_id] = {"start": start, "boot": boot_id()}
        atomic_write_bytes(layout.sequence, sealed_json(state))
    return start


def reserve_numbers(layout: Layout, count: int) -> int:
    """Reserve numbers for records that come from another store; return the first one.

    They belong to no writer of this store, and are not given back.

    Raises:
        StoreAccessError: When the bookkeeping cannot be read, locked or written.
    """
    with FileLock(layout.lock):
        state = _load(layout)
        start = int(state["next"])
        state["next"] = start + count
        atomic_write_bytes(layout.sequence, sealed_json(state))
    return start


def end_writer(layout: Layout, writer_id: str, next_sequence: int | None) -> None:
    """Forget a writer; give back what is behind `next_sequence` if nothing was reserved since.

    A writer whose segments are not all sealed stays known: whoever removes them is found out.

    Args:
        layout: The store.
        writer_id: The writer that ended.
        next_sequence: First number that was certainly never acknowledged; None keeps the block.

    Raises:
        StoreAccessError: When the bookkeeping cannot be read, locked or written.
    """
    with FileLock(layout.lock):
        state = _load(layout)
        entry = state["writers"].get(writer_id)
        if entry is None:
            return
        if not _has_segments(layout, writer_id):  # else it stays known, so that they are missed
            del state["writers"][writer_id]
        start = int(entry["start"])
        is_top = start + SEQUENCE_BLOCK == state["next"] and entry["boot"] == boot_id()
        if is_top and next_sequence is not None and start <= next_sequence <= state["next"]:
            state["next"] = next_sequence
        atomic_write_bytes(layout.sequence, sealed_json(state))


def _has_segments(layout: Layout, writer_id: str) -> bool:
    names = names_in(layout.writer_folder(writer_id))
    return any(segment_number(name) is not None for name in names)


def known_writers(layout: Layout) -> frozenset[str]:
    """Return the writers that opened and did not end; empty when the file is unreadable."""
    state = _read(layout.sequence)
    return frozenset(state["writers"]) if state is not None else frozenset()


def reserved_start(layout: Layout, writer_id: str) -> int | None:
    """Return the first number of a registered writer's block; None when it is not known."""
    state = _read(layout.sequence)
    entry = state["writers"].get(writer_id) if state is not None else None
    return None if entry is None else int(entry["start"])


def _load(layout: Layout) -> dict[str, Any]:
    state = _read(layout.sequence)
    if state is not None:
        return state
    return _from_data(layout)


def _read(path: Path) -> dict[str, Any] | None:
    with translated_os_errors("read", path):
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
    return opened_json(raw)


def rebuild_numbers(layout: Layout) -> int:
    """Write the bookkeeping of numbers anew from the data; return the next free number.

    Writers whose folder is left stay registered.

    Raises:
        StoreAccessError: When something cannot be read or written.
    """
    with FileLock(layout.lock):
        state = _from_data(layout)
        atomic_write_bytes(layout.sequence, sealed_json(state))
    return int(state["next"])


def _from_data(layout: Layout) -> dict[str, Any]:
    from contexta.store.records._highest import highest_number

    writers = {}
    for writer_id in filter(is_writer_id, names_in(layout.wal)):
        mark = read_mark(layout.writer_lock(writer_id))
        if mark is not None:
            writers[writer_id] = {"start": mark["reservation"], "boot": mark.get("boot", "")}
    return {"next": highest_number(layout) + 1, "writers": writers}


MARK_BYTES = 512


def encode_mark(entry: dict[str, Any]) -> bytes:
    """Return the content of a writer's lock file: what it has synced, at a fixed size."""
    return sealed_json(entry).ljust(MARK_BYTES - 1) + b"\n"


def read_mark(path: Path) -> dict[str, Any] | None:
    """Read a writer's lock file; None when absent, torn or damaged."""
    try:
        raw = path.read_bytes()[:MARK_BYTES]
    except OSError:  # the mark only adds to what the segments say themselves
        return None
    entry = opened_json(raw.strip())
    numbers = ("reservation", "segment", "synced_sequence")
    if entry is None or not all(isinstance(entry.get(name), int) for name in numbers):
        return None
    return entry
