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
from contexta.store.records._frames import SEGMENT_HEADER_BYTES, decode_segment_header
from contexta.store.records._layout import Layout, segment_number
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


def end_writer(layout: Layout, writer_id: str, next_sequence: int | None) -> None:
    """Forget a writer; give back what is behind `next_sequence` if nothing was reserved since.

    Args:
        layout: The store.
        writer_id: The writer that ended.
        next_sequence: First number that was certainly never acknowledged; None keeps the block.

    Raises:
        StoreAccessError: When the bookkeeping cannot be read, locked or written.
    """
    with FileLock(layout.lock):
        state = _load(layout)
        entry = state["writers"].pop(writer_id, None)
        if entry is None:
            return
        start = int(entry["start"])
        is_top = start + SEQUENCE_BLOCK == state["next"] and entry["boot"] == boot_id()
        if is_top and next_sequence is not None and start <= next_sequence <= state["next"]:
            state["next"] = next_sequence
        atomic_write_bytes(layout.sequence, sealed_json(state))


def known_writers(layout: Layout) -> frozenset[str]:
    """Return the writers that opened and did not end; empty when the file is unreadable."""
    state = _read(layout.sequence)
    return frozenset(state["writers"]) if state is not None else frozenset()


def _load(layout: Layout) -> dict[str, Any]:
    state = _read(layout.sequence)
    if state is not None:
        return state
    return {"next": _highest_possible(layout) + 1, "writers": {}}


def _read(path: Path) -> dict[str, Any] | None:
    with translated_os_errors("read", path):
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
    return opened_json(raw)


def _highest_possible(layout: Layout) -> int:
    """Return a number that no writer has gone beyond, from the data alone."""
    from contexta.store.records._parts_log import read_log

    highest = read_log(layout).highest_sequence
    if not layout.wal.is_dir():
        return highest
    with translated_os_errors("list", layout.wal):
        for folder in layout.wal.iterdir():
            highest = max(highest, _highest_of_writer(folder))
    return highest


def _highest_of_writer(folder: Path) -> int:
    mark = read_mark(folder / "lock")
    highest = int(mark["reservation"]) + SEQUENCE_BLOCK - 1 if mark else 0
    for path in folder.iterdir():
        if segment_number(path.name) is None:
            continue
        with path.open("rb") as file:
            header = decode_segment_header(file.read(SEGMENT_HEADER_BYTES), str(path))
        if header is not None:
            highest = max(highest, header.reservation_start + SEQUENCE_BLOCK - 1)
    return highest


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
