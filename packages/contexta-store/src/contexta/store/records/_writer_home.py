"""A writer's folder in the write-ahead log: its lock, its mark, its segment files."""

from __future__ import annotations

import errno
import os
import time
import uuid
from contextlib import suppress
from typing import Any

from contexta.contract.errors import StoreAccessError
from contexta.store.fs import (
    ensure_private_dir,
    fsync_dir,
    open_private,
    translated_os_errors,
    write_all,
)
from contexta.store.records._frames import SegmentHeader, encode_segment_header
from contexta.store.records._layout import Layout, SegmentId, names_in
from contexta.store.records._reservations import (
    boot_id,
    encode_mark,
    known_writers,
    reserve_block,
)

try:
    import fcntl
except ImportError:  # systems without flock do not fork, and one process there owns the store
    _HAS_FLOCK = False
else:
    _HAS_FLOCK = True

_ATTEMPTS = 20


def try_flock(fd: int) -> bool:
    """Take the exclusive lock of an open file without waiting."""
    if not _HAS_FLOCK:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class WriterHome:
    """The folder `_wal/<writer>` of a living writer, locked for as long as the process lives."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.writer_id, self._lock_fd = _create_locked(layout)
        self.folder = layout.writer_folder(self.writer_id)
        try:
            # Whoever is listed as a writer has a folder, after a power cut as well.
            for folder in (layout.wal, layout.root):
                fsync_dir(folder)
            self.reservation = reserve_block(layout, self.writer_id)
        except BaseException:
            # Each append tries anew: a folder and a lock left by each would use up descriptors.
            with suppress(OSError):  # the first error is the one to report
                if self.writer_id not in known_writers(layout):
                    remove_writer_folder(layout, self.writer_id)
            self.forget()
            raise
        self._segment = 0
        self.note_synced(0, 0)

    def reserve(self) -> int:
        """Take the next block of sequence numbers."""
        self.reservation = reserve_block(self.layout, self.writer_id)
        return self.reservation

    def create_segment(self, number: int, first_sequence: int) -> int:
        """Create a segment file with its header and return its descriptor, in append mode."""
        path = self.layout.segment(SegmentId(self.writer_id, number))
        header = SegmentHeader(
            self.writer_id, number, first_sequence, self.reservation, time.time_ns() // 1000
        )
        fd = open_private(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND)
        try:
            with translated_os_errors("write", path):
                write_all(fd, encode_segment_header(header))
        except BaseException:
            os.close(fd)
            with suppress(OSError):  # the first error is the one to report
                path.unlink()
            raise
        self._segment = number
        self.note_synced(0, 0)
        return fd

    def sync_names(self) -> None:
        """Make the names of new segments and of the folders above them durable."""
        for folder in (self.folder, self.layout.wal, self.layout.root, self.layout.root.parent):
            fsync_dir(folder)

    def note_synced(self, size: int, sequence: int) -> None:
        """Write down how much of the current segment is known to be on disk.

        A segment that is later found shorter has lost confirmed records.
        """
        entry: dict[str, Any] = {
            "boot": boot_id(),
            "reservation": self.reservation,
            "segment": self._segment,
            "synced_bytes": size,
            "synced_sequence": sequence,
        }
        with suppress(OSError):  # the mark only adds to what the segments say themselves
            os.pwrite(self._lock_fd, encode_mark(entry), 0)

    def remove_if_empty(self) -> None:
        """Remove the folder when every segment is sealed, and let the lock go.

        Raises:
            StoreAccessError: When the folder cannot be removed; the lock is free all the same.
        """
        try:
            remove_writer_folder(self.layout, self.writer_id)
        finally:
            self.forget()

    def forget(self) -> None:
        """Close the lock descriptor; in a forked child the parent keeps the lock."""
        fd, self._lock_fd = self._lock_fd, -1
        if fd >= 0:
            os.close(fd)


def remove_writer_folder(layout: Layout, writer_id: str) -> None:
    """Remove a writer's folder unless a segment is left in it."""
    folder = layout.writer_folder(writer_id)
    with translated_os_errors("remove", folder):
        if any(name != "lock" for name in names_in(folder)):
            return
        (folder / "lock").unlink(missing_ok=True)
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            # Another process looks whether the writer is dead; it removes what it made itself.
        fsync_dir(layout.wal)


def _create_locked(layout: Layout) -> tuple[str, int]:
    ensure_private_dir(layout.wal, follow=False)
    for _ in range(_ATTEMPTS):
        writer_id = uuid.uuid4().hex
        path = layout.writer_lock(writer_id)
        try:
            ensure_private_dir(path.parent, follow=False)
            fd = open_private(path, os.O_CREAT | os.O_EXCL | os.O_RDWR)
        except StoreAccessError as error:
            if error.code == "store_path_missing":  # taken for an empty leftover and removed
                continue
            raise
        if try_flock(fd) and os.path.lexists(path):
            return writer_id, fd
        os.close(fd)  # somebody probed it in the instant before it was locked
    raise StoreAccessError(
        f"No writer could be registered in {str(layout.wal)!r} in {_ATTEMPTS} attempts. "
        "Check that nothing else removes or locks its folders.",
        code="record_store_writer_not_registered",
        details={"path": str(layout.wal)},
        retryable=True,
    )
