"""Copy everything that can be read of a backup or of a workspace, and list what cannot.

Files of the planes are taken as far as they read, also when they are not what the manifest says:
the stores prove each row, frame and body by itself and keep what is right. Other files have
nobody to prove them; of a backup they are taken only when they verify.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from contexta.recovery._codec import HashingReader
from contexta.recovery._errors import BackupError
from contexta.recovery._layout import DATABASE_NAME, WORKSPACE_MARK, Layout
from contexta.recovery._manifest import PAYLOAD, PLAIN, ZSTD, FileEntry
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._models_salvage import LostItem
from contexta.recovery._progress import Reporter
from contexta.recovery._salvage_decode import readable_chunks
from contexta.recovery._salvage_earlier import Earlier, take_entry
from contexta.recovery._server_ledger import copy_server_ledger
from contexta.recovery._snapshot import PLANES
from contexta.recovery._sqlite import copy_database, is_regular
from contexta.recovery._stage import place_of
from contexta.recovery._verify import check_entry
from contexta.store.fs import ensure_private_dir, open_private, write_all

if TYPE_CHECKING:
    from contexta.recovery._manifest import Manifest
    from contexta.recovery._salvage_losses import Losses
    from contexta.recovery._source import BackupSource
    from contexta.store.metadata import MetadataStoreConfig

ZIP_SUFFIX = ".zst"
_INDEX = "records/_index.sqlite"
_UNKNOWN = -1
_BLOCK_BYTES = 4096
_CHUNK_BYTES = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BAD_SECTOR = frozenset({errno.EIO, errno.EBADMSG, errno.EUCLEAN})


def take_backup(
    source: BackupSource,
    manifest: Manifest,
    layout: Layout,
    losses: Losses,
    earlier: Earlier,
    reporter: Reporter,
) -> None:
    """Write the files of a backup into the folders of `layout`.

    Args:
        source: The backup; it is only read.
        manifest: Its manifest; one that does not verify may be used to find the files by.
        layout: Where the copy is built.
        losses: Receives each file that does not verify and that no other backup has.
        earlier: Where right copies of such files may come from.
        reporter: Told about every file.

    Raises:
        OSError: When the copy cannot be written.
    """
    reporter.begin("take", len(manifest.files), manifest.total_bytes)
    for entry in sorted(manifest.files):
        target = place_of(entry.path, layout)
        if target is None:  # the configuration as it was; a salvage has no use for it
            problem = check_entry(source, entry, None, Reporter(), source.sealing)
            if problem is not None:
                losses.add(_lost(entry, problem))
        else:
            _take_entry(source, entry, target, losses, earlier)
        reporter.advance(entry.size, files=1)
    reporter.end()


def _take_entry(
    source: BackupSource, entry: FileEntry, target: Path, losses: Losses, earlier: Earlier
) -> None:
    if take_entry(source, entry, target):
        return
    place = entry.path.partition("/")[2]
    other = earlier.take_copy(entry.sha256, target)
    if other is not None:
        losses.note(f"supplied:{place}:{other}")
        return
    problem = check_entry(source, entry, None, Reporter(), source.sealing) or BackupProblem(
        "unreadable", entry.path, f"{entry.path}: it could not be read a moment ago."
    )
    losses.add(_lost(entry, problem))
    if place.partition("/")[0] in PLANES:
        _take_as_it_is(source, entry, target)


def _lost(entry: FileEntry, problem: BackupProblem) -> LostItem:
    place = entry.path.partition("/")[2]
    plane = "workspace" if place == WORKSPACE_MARK else place.partition("/")[0]
    return LostItem(plane, place, problem.kind, problem.message)


def take_unlisted(source: BackupSource, layout: Layout, losses: Losses, reporter: Reporter) -> None:
    """Write the files of a backup without a manifest, as far as they tell what they are.

    Raises:
        OSError: When the copy cannot be written.
    """
    found = source.found()
    reporter.begin("take", len(found), sum(found.values()))
    for stored, size in sorted(found.items()):
        pieces = stored.split("/")
        if pieces[0] == PAYLOAD and not any(piece in ("", ".", "..") for piece in pieces):
            is_zipped = stored.endswith(ZIP_SUFFIX) and len(pieces) > 1 and pieces[1] in PLANES
            path = stored.removesuffix(ZIP_SUFFIX) if is_zipped else stored
            encoding = ZSTD if is_zipped else PLAIN
            entry = FileEntry(path, _UNKNOWN if is_zipped else size, "", stored, size, "", encoding)
            target = place_of(entry.path, layout)
            if target is not None:
                _take_as_it_is(source, entry, target)
        reporter.advance(size, files=1)
    reporter.end()
    losses.warnings.append("Without the manifest, only what the stores prove themselves is proven.")


def _take_as_it_is(source: BackupSource, entry: FileEntry, target: Path) -> None:
    """Write what decodes of a stored file, whatever its size and hash."""
    opened = source.open(entry.stored, entry.stored_size)
    if isinstance(opened, BackupProblem):
        size = source.found().get(entry.stored)
        opened = opened if size is None else source.open(entry.stored, size)
    if isinstance(opened, BackupProblem):
        return
    ensure_private_dir(target.parent)
    size = None if entry.size == _UNKNOWN else entry.size
    fd = open_private(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    try:
        with opened, HashingReader(opened) as stored:
            for chunk in readable_chunks(stored, entry.encoding, size, source.sealing):
                write_all(fd, chunk)
        is_empty = os.fstat(fd).st_size == 0
    finally:
        os.close(fd)
    if is_empty and entry.size:
        target.unlink()


def take_workspace(
    source: Layout,
    layout: Layout,
    losses: Losses,
    reporter: Reporter,
    server: MetadataStoreConfig | None = None,
) -> None:
    """Write what can be read of a workspace folder into the folders of `layout`.

    Segments are read before the log of parts, and that before the parts, so that a record that is
    sealed meanwhile is caught as one or the other. Left out: locks, backups, staging, the cache,
    and temporary files.

    Args:
        source: Where the parts of the workspace lie.
        layout: Where the copy is built.
        losses: Receives what cannot be read.
        reporter: Told about every file.
        server: Where the ledger is, when it is on a server.

    Raises:
        OSError: When the copy cannot be written.
    """
    taker = _Taker(source, losses, reporter)
    reporter.begin("take")
    taker.take(source.root / WORKSPACE_MARK, layout.root / WORKSPACE_MARK, WORKSPACE_MARK)
    if server is None:
        _take_ledger(source, layout, losses, reporter)
    else:
        _take_server_ledger(server, layout, losses)
    taker.tree(source.metadata, layout.metadata, "metadata")
    for name in ("_wal", "_replace.json", "_parts.jsonl"):
        taker.tree(source.records / name, layout.records / name, f"records/{name}")
    taker.tree(source.records, layout.records, "records", last=("_sequence.json",))
    bindings = source.artifacts / "bindings"
    taker.tree(bindings, layout.artifacts / "bindings", "artifacts/bindings")
    taker.tree(source.artifacts, layout.artifacts, "artifacts")
    taker.tree(source.outbox, layout.outbox, "recovery/outbox")
    taker.tree(source.exports, layout.exports, "exports")
    taker.tree(source.root, layout.root, "")
    reporter.end()


def _take_ledger(source: Layout, layout: Layout, losses: Losses, reporter: Reporter) -> None:
    """Copy the database as of one moment; as plain bytes when SQLite cannot read it."""
    from contexta.store.metadata.files import lost_frames

    database, place = source.database, f"metadata/{DATABASE_NAME}"
    if not is_regular(database):
        if source.root.is_dir():
            losses.add(LostItem("metadata", place, "file_missing", f"{place!r} is not there."))
        return
    lost = lost_frames(database, after_crash_only=False)
    if lost:
        text = f"The last {lost} pages of the write-ahead log were confirmed and cannot be read."
        losses.add(LostItem("metadata", f"{place}-wal", "log_damaged", text, certain=False))
    try:
        copied = copy_database(database, layout.database)
    except sqlite3.Error:
        copied = False
    reporter.advance(files=1)
    if copied:
        return
    layout.database.unlink(missing_ok=True)
    taker = _Taker(source, losses, reporter)
    taker.take(database, layout.database, place)
    log = database.with_name(f"{database.name}-wal")
    taker.take(log, layout.database.with_name(f"{DATABASE_NAME}-wal"), f"{place}-wal")


def _take_server_ledger(server: MetadataStoreConfig, layout: Layout, losses: Losses) -> None:
    """Copy the ledger on a server into a file; a server that does not give it is a loss."""
    ensure_private_dir(layout.database.parent)
    try:
        copy_server_ledger(server, layout.database)
    except BackupError as error:
        layout.database.unlink(missing_ok=True)
        place = f"metadata/{DATABASE_NAME}"
        text = f"The server of the ledger did not give it: {error.message}"
        losses.add(LostItem("metadata", place, "server_unreadable", text))


class _Taker:
    """Copies files of a workspace, never through a link, around what cannot be read."""

    def __init__(self, source: Layout, losses: Losses, reporter: Reporter) -> None:
        self._losses = losses
        self._reporter = reporter
        self._seen: set[Path] = {source.database, source.backups, source.staging, source.cache}

    def tree(self, folder: Path, target: Path, below: str, *, last: tuple[str, ...] = ()) -> None:
        """Copy a folder, or a file; what was copied before is passed over."""
        if folder in self._seen or folder.is_symlink():
            return
        if not folder.is_dir():
            if is_regular(folder):
                self.take(folder, target, below)
            return
        try:
            paths = sorted(folder.iterdir(), key=lambda path: (path.name in last, path.name))
        except OSError as error:
            self._lost(below or ".", "unreadable", f"cannot be listed: {error.strerror}")
            return
        for path in paths:
            name = path.name
            place = f"{below}/{name}" if below else name
            if _is_left_out(name, place):
                continue
            if path.is_dir() and not path.is_symlink():
                self.tree(path, target / name, place)
            elif place == _INDEX:
                self._take_index(path, target / name)
            elif path not in self._seen:
                self.take(path, target / name, place)
        self._seen.add(folder)

    def take(self, path: Path, target: Path, place: str) -> None:
        """Copy one file; blocks that cannot be read become zeros."""
        self._seen.add(path)
        try:
            fd = os.open(path, _READ)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno == errno.ELOOP:
                self._losses.warnings.append(f"link_skipped:{place}")
            else:
                self._lost(place, "unreadable", f"cannot be opened: {error.strerror}")
            return
        with os.fdopen(fd, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                self._losses.warnings.append(f"special_file_skipped:{place}")
                return
            holes = _copy_around_holes(file, target)
        if holes:
            self._lost(place, "unreadable", f"{holes} bytes of it cannot be read")
        self._reporter.advance(target.stat().st_size, files=1)

    def _take_index(self, path: Path, target: Path) -> None:
        """Copy the derived index through SQLite; it tells which runs a lost part held.

        Closing a plain descriptor would take away the locks that this process may have on it.
        """
        self._seen.add(path)
        try:
            copied = is_regular(path) and copy_database(path, target)
        except (sqlite3.Error, BackupError):
            copied = False
        if not copied:
            target.unlink(missing_ok=True)
            self._losses.note(f"made_anew:{_INDEX}")

    def _lost(self, place: str, reason: str, text: str) -> None:
        plane = "workspace" if "/" not in place else place.partition("/")[0]
        self._losses.add(LostItem(plane, place, reason, f"{place!r} {text}."))


def _is_left_out(name: str, place: str) -> bool:
    if name.endswith((".lock", "-lock", "-shm", "-journal", "-wal")):
        return True
    if name.startswith("_") and name.endswith(".tmp"):
        return True
    return place in ("artifacts/staging", "artifacts/locks", "records/_staging")


def _copy_around_holes(file: BinaryIO, target: Path) -> int:
    """Copy a file, zeros in the place of blocks that the disk does not give; return their bytes."""
    ensure_private_dir(target.parent)
    out = open_private(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    holes = position = 0
    size = os.fstat(file.fileno()).st_size
    try:
        step = _CHUNK_BYTES
        while True:
            try:
                chunk = os.pread(file.fileno(), step, position)
            except OSError as error:
                if error.errno not in _BAD_SECTOR:
                    raise
                if step > _BLOCK_BYTES:
                    step = _BLOCK_BYTES
                    continue
                chunk = bytes(min(step, max(size - position, 0)))
                holes += len(chunk)
            if not chunk:
                break
            write_all(out, chunk)
            position += len(chunk)
            if step < _CHUNK_BYTES and position % _CHUNK_BYTES == 0:
                step = _CHUNK_BYTES
    finally:
        os.close(out)
    return holes
