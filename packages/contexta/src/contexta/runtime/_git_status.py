"""Compare an index with the files of its worktree, and with a commit's tree."""

import hashlib
import os
import stat
import time
from pathlib import Path

from contexta.runtime._git_index import GitIndex, IndexEntry

_MAX_HASHED = 268_435_456
_KIND, _TREE, _SUBMODULE = 0o170000, 0o040000, 0o160000
_CHUNK = 1_048_576
_MAX_REMEMBERED = 20_000
_SETTLED_NS = 2_000_000_000

_blobs: dict[bytes, tuple[tuple[int, ...], bytes]] = {}


class Unknown(Exception):  # noqa: N818 - an answer, not a failure
    """The question cannot be answered within the bounds."""


def is_worktree_changed(
    worktree: Path, index: GitIndex, *, has_executable_bit: bool, has_line_end_rules: bool
) -> bool:
    """Whether a tracked file differs from the index.

    A file whose size and time are as recorded counts as unchanged, unless it may have been
    written within the same tick as the index; all others are hashed.

    Raises:
        Unknown: too much to hash, or a difference that a checkout rule may explain.
    """
    root = os.fsencode(worktree)
    hashed = 0
    for entry in index.entries:
        if entry.is_skipped or entry.mode & _KIND in (_TREE, _SUBMODULE):
            continue
        path = os.path.join(root, entry.path)
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        if _is_other_kind(entry, status, has_executable_bit=has_executable_bit):
            return True
        if _is_as_recorded(entry, status, index.mtime_ns):
            continue
        hashed += status.st_size
        if hashed > _MAX_HASHED:
            raise Unknown
        if _has_other_content(path, status, entry, has_line_end_rules=has_line_end_rules):
            return True
    return False


def tree_of_index(index: GitIndex) -> bytes:
    """The id, 20 raw bytes, of the tree that committing the index would give."""
    return _tree(index.entries, 0, len(index.entries), 0)


def _is_other_kind(entry: IndexEntry, status: os.stat_result, *, has_executable_bit: bool) -> bool:
    if stat.S_ISLNK(entry.mode) != stat.S_ISLNK(status.st_mode):
        return True
    if stat.S_ISLNK(status.st_mode):
        return False
    if not stat.S_ISREG(status.st_mode):
        return True
    return has_executable_bit and bool(entry.mode & 0o100) != bool(status.st_mode & 0o100)


def _is_as_recorded(entry: IndexEntry, status: os.stat_result, index_mtime_ns: int) -> bool:
    same_time = entry.mtime_ns == status.st_mtime_ns or (
        # Some git builds record whole seconds only.
        entry.mtime_ns % 1_000_000_000 == 0
        and entry.mtime_ns // 1_000_000_000 == status.st_mtime_ns // 1_000_000_000
    )
    is_settled = status.st_mtime_ns < index_mtime_ns
    return same_time and is_settled and entry.size == status.st_size & 0xFFFFFFFF


def _has_other_content(
    path: bytes, status: os.stat_result, entry: IndexEntry, *, has_line_end_rules: bool
) -> bool:
    if _remembered_blob_of(path, status) == entry.oid:
        return False
    if not has_line_end_rules:
        return True
    if _blob_of(path, status, unix_line_ends=True) == entry.oid:
        return False
    if status.st_size != entry.size:
        return True
    raise Unknown  # a filter, such as that of large-file storage, may explain it


def _remembered_blob_of(path: bytes, status: os.stat_result) -> bytes:
    """Hash a file unless it is as it was when it was hashed last, for the run before.

    In a copied worktree no file has the time that the index says, so all are hashed.
    """
    stamp = (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
    known = _blobs.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    oid = _blob_of(path, status)
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED_NS:
        if len(_blobs) >= _MAX_REMEMBERED:
            _blobs.clear()
        _blobs[path] = stamp, oid
    return oid


def _blob_of(path: bytes, status: os.stat_result, *, unix_line_ends: bool = False) -> bytes:
    if stat.S_ISLNK(status.st_mode):
        return _hashed(b"blob", os.fsencode(os.readlink(path)))  # noqa: PTH115 - bytes
    if unix_line_ends:
        with open(path, "rb") as file:
            return _hashed(b"blob", file.read().replace(b"\r\n", b"\n"))
    digest = hashlib.sha1(b"blob %d\0" % status.st_size, usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def _tree(entries: list[IndexEntry], start: int, end: int, depth: int) -> bytes:
    """The tree of ``entries[start:end]``, which share the first ``depth`` bytes of their path."""
    rows: list[tuple[bytes, bytes]] = []
    place = start
    while place < end:
        entry = entries[place]
        name, slash, rest = entry.path[depth:].partition(b"/")
        if not slash or not rest:
            rows.append((_sort_key(name, entry.mode), b"%o %s\0" % (entry.mode, name) + entry.oid))
            place += 1
            continue
        prefix = entry.path[: depth + len(name) + 1]
        stop = place + 1
        while stop < end and entries[stop].path.startswith(prefix):
            stop += 1
        oid = _tree(entries, place, stop, len(prefix))
        rows.append((name + b"/", b"40000 %s\0" % name + oid))
        place = stop
    rows.sort()
    return _hashed(b"tree", b"".join(row for _, row in rows))


def _sort_key(name: bytes, mode: int) -> bytes:
    return name + b"/" if mode & _KIND == _TREE else name


def _hashed(kind: bytes, content: bytes) -> bytes:
    digest = hashlib.sha1(b"%s %d\0" % (kind, len(content)), usedforsecurity=False)
    digest.update(content)
    return digest.digest()
