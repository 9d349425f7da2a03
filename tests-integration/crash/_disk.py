"""What a disk may hold after a power cut, computed from the calls that a program made.

Two kinds of disk. `posix`: only what an fsync of the file or of its folder covered is certain;
each other change of a name may or may not have happened, of unsynced bytes any part. `ext4`: names
change in the order in which they were changed, every fsync commits all earlier changes of names.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from _strace import Call

Kind = Literal["posix", "ext4"]


@dataclass(eq=False)
class File:
    """Bytes now, bytes at the last fsync, and the writes in between."""

    now: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, offset: int, data: bytes) -> None:
        _put(self.now, offset, data)
        self.pending.append((offset, data))

    def truncate(self, size: int) -> None:
        _cut(self.now, size)
        self.pending.append((size, None))

    def sync(self) -> None:
        self.synced = bytes(self.now)
        self.pending.clear()

    def after_cut(self, rng: random.Random, *, in_order: bool) -> bytes:
        """Return bytes that may be found: what was synced and some of what was not."""
        found = bytearray(self.synced)
        stop = rng.randint(0, len(self.pending))
        for position, (offset, data) in enumerate(self.pending):
            happened = position < stop if in_order else rng.random() < 0.5
            if not happened:
                continue
            if data is None:
                _cut(found, offset)
            else:
                torn = position == stop - 1 and rng.random() < 0.5
                _put(found, offset, data[: rng.randint(0, len(data))] if torn else data)
        return bytes(found)


@dataclass(eq=False)
class Folder:
    """Names and what they stand for; `origin` is the folder that this one is a copy of."""

    names: dict[str, File | Folder] = field(default_factory=dict)
    origin: Folder | None = None


@dataclass
class _Change:
    """One change of names that happens as a whole: folder, name, new target (None: gone)."""

    steps: list[tuple[Folder, str, File | Folder | None]]
    durable: bool = False


@dataclass
class _Open:
    node: File | Folder
    position: int = 0
    append: bool = False


class Disk:
    """A folder tree that follows the calls of one program and can lose power at any of them."""

    def __init__(self, root: Path) -> None:
        self._root = str(root.resolve())
        self._top = Folder()
        self._commits: list[int] = []
        self._changes: list[_Change] = []
        self._open: dict[int, _Open] = {}
        self._load(root, self._top)
        self._base = _copy_names(self._top)

    def _load(self, path: Path, folder: Folder) -> None:
        for entry in sorted(path.iterdir()):
            if entry.is_dir():
                child = Folder()
                self._load(entry, child)
                folder.names[entry.name] = child
            else:
                data = entry.read_bytes()
                folder.names[entry.name] = File(bytearray(data), data)

    # Following calls

    def follow(self, call: Call) -> None:
        """Apply one call; calls on other folders are ignored."""
        handler = getattr(self, f"_on_{call.name}", None)
        watched = any(place.startswith(f"{self._root}/") for place in call.places)
        is_known = not call.arguments[:1].isdigit() or call.descriptor in self._open
        if handler is not None and (is_known or not watched):
            handler(call)
        elif watched and call.name not in ("fcntl", "openat"):
            raise NotImplementedError(f"{call.name}({call.arguments[:200]}) cannot be followed")

    def end_process(self) -> None:
        """Close what the program had open: another one begins, on the same disk."""
        self._open.clear()

    def _on_openat(self, call: Call) -> None:
        path = self._path(call, 0)
        if path is None:
            self._open.pop(call.result, None)
            return
        folder, name = self._locate(path)
        node = folder.names.get(name) if name else folder
        if node is None:
            if "O_CREAT" not in call.arguments:
                return
            node = File()
            self._change((folder, name, node))
        if isinstance(node, File) and "O_TRUNC" in call.arguments and node.now:
            node.truncate(0)
        self._open[call.result] = _Open(node, append="O_APPEND" in call.arguments)

    def _on_close(self, call: Call) -> None:
        self._open.pop(call.descriptor, None)

    def _on_lseek(self, call: Call) -> None:
        if opened := self._open.get(call.descriptor):
            opened.position = call.result

    def _on_dup(self, call: Call) -> None:
        if opened := self._open.get(call.descriptor):
            self._open[call.result] = opened

    _on_dup2 = _on_dup3 = _on_dup

    def _on_fcntl(self, call: Call) -> None:
        if "F_DUPFD" in call.arguments:
            self._on_dup(call)

    def _on_write(self, call: Call) -> None:
        opened = self._open.get(call.descriptor)
        if opened is None:
            return
        data = call.texts[0][: call.result]
        offset = len(opened.node.now) if opened.append else opened.position
        opened.node.write(offset, data)
        opened.position = offset + len(data)

    def _on_pwrite64(self, call: Call) -> None:
        if opened := self._open.get(call.descriptor):
            offset = call.numbers_behind_text()[1]
            opened.node.write(offset, call.texts[0][: call.result])

    def _on_ftruncate(self, call: Call) -> None:
        if opened := self._open.get(call.descriptor):
            opened.node.truncate(int(call.arguments.rsplit(", ", 1)[1]))

    def _on_fallocate(self, call: Call) -> None:
        opened = self._open.get(call.descriptor)
        if opened is not None:
            _, _, offset, length = call.arguments.rsplit(", ", 3)
            end = int(offset) + int(length)
            if end > len(opened.node.now) and "KEEP_SIZE" not in call.arguments:
                opened.node.write(len(opened.node.now), bytes(end - len(opened.node.now)))

    def _on_fsync(self, call: Call) -> None:
        opened = self._open.get(call.descriptor)
        if opened is None:
            return
        self._commits.append(len(self._changes))
        if isinstance(opened.node, File):
            opened.node.sync()
        else:
            for change in self._changes:
                if any(folder is opened.node for folder, _, _ in change.steps):
                    change.durable = True

    _on_fdatasync = _on_fsync

    def _on_rename(self, call: Call) -> None:
        source, target = self._path(call, 0), self._path(call, 1)
        if source is None or target is None:
            return
        self._move(source, target, exchange="RENAME_EXCHANGE" in call.arguments)

    _on_renameat = _on_renameat2 = _on_rename

    def _move(self, source: str, target: str, *, exchange: bool) -> None:
        from_folder, from_name = self._locate(source)
        to_folder, to_name = self._locate(target)
        node = from_folder.names[from_name]
        back = to_folder.names.get(to_name) if exchange else None
        if back is node:  # both names of one file: nothing happens
            return
        self._change((to_folder, to_name, node), (from_folder, from_name, back))

    def _on_link(self, call: Call) -> None:
        source, target = self._path(call, 0), self._path(call, 1)
        if source is None or target is None:
            return
        from_folder, from_name = self._locate(source)
        self._change((*self._locate(target), from_folder.names[from_name]))

    _on_linkat = _on_link

    def _on_unlink(self, call: Call) -> None:
        if path := self._path(call, 0):
            self._change((*self._locate(path), None))

    _on_unlinkat = _on_rmdir = _on_unlink

    def _on_mkdir(self, call: Call) -> None:
        if path := self._path(call, 0):
            self._change((*self._locate(path), Folder()))

    _on_mkdirat = _on_mkdir

    def _on_chmod(self, call: Call) -> None:
        """Modes are not followed."""

    _on_fchmod = _on_chmod

    def _change(self, *steps: tuple[Folder, str, File | Folder | None]) -> None:
        _apply(steps)
        self._changes.append(_Change(list(steps)))

    def _path(self, call: Call, index: int) -> str | None:
        text = call.texts[index].decode("utf-8", "replace")
        if not text.startswith("/"):
            places = call.places
            if "AT_FDCWD" in call.arguments or not places:
                base = places[index] if len(places) > index else str(Path.cwd())
            else:
                base = places[min(index, len(places) - 1)]
            text = f"{base}/{text}"
        text = os.path.normpath(text)
        inside = text == self._root or text.startswith(self._root + "/")
        return text[len(self._root) :].strip("/") if inside else None

    def _locate(self, path: str) -> tuple[Folder, str]:
        *above, name = path.split("/")
        folder = self._top
        for part in above:
            folder = folder.names[part]
        return folder, name

    # Losing power

    def after_cut(self, rng: random.Random, kind: Kind, target: Path) -> None:
        """Write into a new folder what may be found after a power cut at this moment."""
        certain = self._commits[-1] if self._commits else 0
        upto = rng.randint(certain, len(self._changes))
        skipped: set[tuple[int, str]] = set()
        tree, folders = _mirror(self._base, self._changes)
        for position, change in enumerate(self._changes):
            if kind == "ext4":
                happened = position < upto
            else:
                names = {(id(folder), name) for folder, name, _ in change.steps}
                happened = change.durable or (not names & skipped and rng.random() < 0.5)
                if not happened:
                    skipped |= names
            if happened:
                _apply([(folders[id(f)], n, folders.get(id(t), t)) for f, n, t in change.steps])
        contents: dict[int, bytes] = {}
        _write(tree, target, rng, contents, in_order=kind == "ext4")


def _mirror(base: Folder, changes: Iterable[_Change]) -> tuple[Folder, dict[int, Folder]]:
    """Copy the folders as they were at the start, and give each later one an empty twin."""
    twins: dict[int, Folder] = {}

    def copy(folder: Folder) -> Folder:
        twin = twins.setdefault(id(folder.origin), Folder())
        for name, node in folder.names.items():
            twin.names[name] = copy(node) if isinstance(node, Folder) else node
        return twin

    tree = copy(base)
    for change in changes:
        for folder, _, target in change.steps:
            twins.setdefault(id(folder), Folder())
            if isinstance(target, Folder):
                twins.setdefault(id(target), Folder())
    return tree, twins


def _copy_names(folder: Folder) -> Folder:
    copied = Folder(origin=folder)
    for name, node in folder.names.items():
        copied.names[name] = _copy_names(node) if isinstance(node, Folder) else node
    return copied


def _apply(steps: Iterable[tuple[Folder, str, File | Folder | None]]) -> None:
    for folder, name, node in steps:
        if node is None:
            folder.names.pop(name, None)
        else:
            folder.names[name] = node


def _write(
    folder: Folder,
    target: Path,
    rng: random.Random,
    contents: dict[int, bytes],
    *,
    in_order: bool,
) -> None:
    target.mkdir(mode=0o700)
    for name, node in folder.names.items():
        path = target / name
        if isinstance(node, Folder):
            _write(node, path, rng, contents, in_order=in_order)
            continue
        if id(node) not in contents:
            contents[id(node)] = node.after_cut(rng, in_order=in_order)
        if name.endswith("-shm"):  # mapped memory: SQLite makes it anew
            continue
        path.write_bytes(contents[id(node)])
        path.chmod(0o600)


def _put(data: bytearray, offset: int, added: bytes) -> None:
    if offset > len(data):
        data.extend(bytes(offset - len(data)))
    data[offset : offset + len(added)] = added


def _cut(data: bytearray, size: int) -> None:
    del data[size:]
    data.extend(bytes(size - len(data)))


def states(calls: Iterable[Call], disk: Disk, wanted: set[int]) -> Iterator[tuple[int, Call]]:
    """Follow the calls and stop behind each wanted one."""
    for position, call in enumerate(calls):
        disk.follow(call)
        if position in wanted:
            yield position, call
