"""Ways to damage a backup, each with what must be named and how to undo it.

A fault is applied to the bytes that are there, without the code that wrote them. `names` are
texts of which at least one must occur in what verification reports.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

MANIFEST = "manifest.json"
DIGEST = "manifest_sha256"


class Fault(NamedTuple):
    """What was done, and names of which one has to be reported."""

    kind: str
    names: tuple[str, ...]


Edit = Callable[[dict[str, Any], random.Random], tuple[str, ...]]


# Manifests


def digest_of(body: dict[str, Any]) -> str:
    """Return the digest that a manifest carries over the rest of itself."""
    rest = {name: value for name, value in body.items() if name != DIGEST}
    return hashlib.sha256(canonical(rest)).hexdigest()


def canonical(body: dict[str, Any]) -> bytes:
    """Return the byte form of a manifest, written down here once more on purpose."""
    lines = []
    for key in sorted(body):
        value = body[key]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join(json.dumps(item, sort_keys=True) for item in value)
            lines.append(f"{json.dumps(key)}: [\n{rows}\n]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value, sort_keys=True)}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("ascii")


def _leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, below in items:
            yield from _leaves(below, (*path, key))
    else:
        yield path


def edit_any_value(body: dict[str, Any], rng: random.Random) -> tuple[str, ...]:
    """Change one value anywhere."""
    path = rng.choice(list(_leaves(body)))
    holder: Any = body
    for key in path[:-1]:
        holder = holder[key]
    old = holder[path[-1]]
    if isinstance(old, bool):
        holder[path[-1]] = not old
    elif isinstance(old, int):
        holder[path[-1]] = old + rng.choice((-1, 1, 1000))
    else:
        holder[path[-1]] = f"{old}x"
    # A backup that names another key is refused as that, before its manifest is believed.
    return (MANIFEST, "is encrypted with key") if path[0] == "encryption" else (MANIFEST,)


def _entry(body: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    entry: dict[str, Any] = rng.choice(body["files"])
    return entry


def _stored(entry: dict[str, Any]) -> str:
    return str(entry.get("stored", entry["path"]))


def drop_an_entry(body: dict[str, Any], rng: random.Random) -> tuple[str, ...]:
    """Forget one file."""
    stored = Counter(_stored(entry) for entry in body["files"])
    # Of two entries for one stored file, one can go without a trace in the bytes.
    entry = rng.choice([one for one in body["files"] if stored[_stored(one)] == 1])
    body["files"].remove(entry)
    return (_stored(entry), MANIFEST)


def lie_about_a_size(body: dict[str, Any], rng: random.Random) -> tuple[str, ...]:
    """Say another size, plain or stored."""
    entry = _entry(body, rng)
    field = rng.choice([name for name in ("size", "stored_size") if name in entry])
    entry[field] += rng.choice((-1, 1))
    return (_stored(entry), entry["path"], MANIFEST)


def lie_about_a_digest(body: dict[str, Any], rng: random.Random) -> tuple[str, ...]:
    """Say another digest, plain or stored."""
    entry = _entry(body, rng)
    field = rng.choice([name for name in ("sha256", "stored_sha256") if name in entry])
    entry[field] = hashlib.sha256(rng.randbytes(8)).hexdigest()
    return (_stored(entry), entry["path"], MANIFEST)


def invent_an_entry(body: dict[str, Any], rng: random.Random) -> tuple[str, ...]:
    """List a file that is not there."""
    entry = dict(_entry(body, rng))
    names = [name for name in ("path", "stored") if name in entry]
    for name in names:
        entry[name] += "-invented"
    body["files"].append(entry)
    body["files"].sort(key=lambda one: one[names[0]])
    return (_stored(entry), entry["path"], MANIFEST)


def exchange_two_entries(body: dict[str, Any], rng: random.Random) -> tuple[str, ...]:
    """Give two files each the name of the other."""
    name = "path" if "path" in body["files"][0] else "stored"
    digest = "sha256" if "sha256" in body["files"][0] else "stored_sha256"
    first = _entry(body, rng)
    others = [one for one in body["files"] if one[digest] != first[digest]]
    second = rng.choice(others)
    first[digest], second[digest] = second[digest], first[digest]
    return (_stored(first), _stored(second), first[name], second[name], MANIFEST)


#: What the files beside it contradict, also when the digest is made anew.
CONTRADICTED: tuple[Edit, ...] = (
    drop_an_entry,
    lie_about_a_size,
    lie_about_a_digest,
    invent_an_entry,
    exchange_two_entries,
)


def edited(raw: bytes, edit: Edit, rng: random.Random, *, redone: bool) -> tuple[bytes, tuple]:
    """Return a manifest after an edit, and what has to be named.

    Args:
        raw: The manifest.
        edit: What to change.
        rng: Decides what else is open.
        redone: Whether the digest is made anew, as somebody does who knows the format.
    """
    body = json.loads(raw)
    while True:
        changed = json.loads(raw)
        names = edit(changed, rng)
        if redone:
            changed[DIGEST] = digest_of(changed)
        if changed != body:
            return canonical(changed), names


class Folder:
    """Damages a backup that is a folder, in place, and puts everything back."""

    def __init__(self, path: Path, rng: random.Random, *, sealed: bool) -> None:
        self._path, self._rng = path, rng
        self._files = sorted(one for one in path.rglob("*") if one.is_file())
        self._bytes = {one: one.read_bytes() for one in self._files}
        self._folders = sorted(one for one in path.rglob("*") if one.is_dir())
        kinds = [self.bit, self.rot, self.cut, self.delete, self.swap, self.add, self.rename]
        kinds += [self.link, self.edit, self.edit_redone, self.grow]
        self._kinds = kinds
        self._redone: tuple[Edit, ...] = (*CONTRADICTED, edit_any_value) if sealed else CONTRADICTED
        if sealed:
            # Its files are sealed, too: the clear list can be edited in any way.
            self._redone = (edit_any_value,)

    @contextmanager
    def fault(self, number: int) -> Iterator[Fault]:
        """Damage the backup; everything is as before when the block ends."""
        kind = self._kinds[number % len(self._kinds)]
        with kind() as names:
            yield Fault(kind.__name__, names)

    def _name(self, path: Path) -> str:
        return path.relative_to(self._path).as_posix()

    def _some(self) -> Path:
        return self._rng.choice(self._files)

    def _filled(self) -> Path:
        return self._rng.choice([one for one in self._files if self._bytes[one]])

    @contextmanager
    def _instead(self, path: Path, raw: bytes) -> Iterator[None]:
        # The file stays aside, with its other names.
        aside = self._path.parent / ".aside"
        path.rename(aside)
        path.write_bytes(raw)
        path.chmod(0o600)
        yield
        aside.replace(path)

    def _flipped(self, path: Path) -> bytes:
        raw = bytearray(self._bytes[path])
        raw[self._rng.randrange(len(raw))] ^= 1 << self._rng.randrange(8)
        return bytes(raw)

    @contextmanager
    def bit(self) -> Iterator[tuple[str, ...]]:
        path = self._filled()
        with self._instead(path, self._flipped(path)):
            yield (self._name(path),)

    @contextmanager
    def rot(self) -> Iterator[tuple[str, ...]]:
        """Flip a bit where it lies: every name of the same bytes shows it."""
        path = self._filled()
        inode = path.stat().st_ino
        same = [one for one in self._files if one.stat().st_ino == inode]
        path.write_bytes(self._flipped(path))
        yield tuple(self._name(one) for one in same)
        path.write_bytes(self._bytes[path])

    @contextmanager
    def cut(self) -> Iterator[tuple[str, ...]]:
        path = self._filled()
        raw = self._bytes[path]
        with self._instead(path, raw[: self._rng.randrange(len(raw))]):
            yield (self._name(path),)

    @contextmanager
    def grow(self) -> Iterator[tuple[str, ...]]:
        path = self._some()
        with self._instead(path, self._bytes[path] + self._rng.randbytes(9)):
            yield (self._name(path),)

    @contextmanager
    def delete(self) -> Iterator[tuple[str, ...]]:
        path = self._some()
        aside = self._path.parent / ".aside"
        path.rename(aside)
        yield (self._name(path),)
        aside.rename(path)

    @contextmanager
    def swap(self) -> Iterator[tuple[str, ...]]:
        first = self._some()
        others = [one for one in self._files if self._bytes[one] != self._bytes[first]]
        second = self._rng.choice(others)
        self._exchange(first, second)
        yield self._name(first), self._name(second)
        self._exchange(first, second)

    def _exchange(self, first: Path, second: Path) -> None:
        aside = self._path.parent / ".aside"
        first.rename(aside)
        second.rename(first)
        aside.rename(second)

    @contextmanager
    def add(self) -> Iterator[tuple[str, ...]]:
        folder = self._rng.choice([self._path, *self._folders])
        path = folder / f"added-{self._rng.randrange(1000)}{self._rng.choice(('', '.parquet'))}"
        path.write_bytes(self._rng.choice((b"", b"added", self._bytes[self._some()])))
        yield (self._name(path),)
        path.unlink()

    @contextmanager
    def rename(self) -> Iterator[tuple[str, ...]]:
        folder = self._rng.choice([one for one in self._folders if any(one.rglob("*"))])
        moved = folder.with_name(f"{folder.name}-moved")
        folder.rename(moved)
        yield self._name(folder), self._name(moved)
        moved.rename(folder)

    @contextmanager
    def link(self) -> Iterator[tuple[str, ...]]:
        """Put a link to the very same bytes in the place of a file."""
        path = self._some()
        aside = self._path.parent / ".aside"
        path.rename(aside)
        path.symlink_to(aside)
        yield (self._name(path),)
        path.unlink()
        aside.rename(path)

    @contextmanager
    def edit(self) -> Iterator[tuple[str, ...]]:
        path = self._path / MANIFEST
        raw, names = edited(self._bytes[path], edit_any_value, self._rng, redone=False)
        with self._instead(path, raw):
            yield names

    @contextmanager
    def edit_redone(self) -> Iterator[tuple[str, ...]]:
        path = self._path / MANIFEST
        edit = self._rng.choice(self._redone)
        raw, names = edited(self._bytes[path], edit, self._rng, redone=True)
        with self._instead(path, raw):
            yield names
