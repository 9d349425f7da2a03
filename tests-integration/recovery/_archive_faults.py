"""Ways to damage a backup that is one file; see `_backup_faults`."""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from _backup_faults import CONTRADICTED, MANIFEST, Edit, Fault, Folder, edit_any_value, edited

BLOCK = 512


class Member(NamedTuple):
    """A member of an archive: where its header begins and what follows it ends."""

    info: tarfile.TarInfo
    header: bytes
    body: bytes
    start: int
    end: int


class Archive:
    """Damages a backup that is one file, and puts it back."""

    def __init__(self, path: Path, rng: random.Random, *, sealed: bool) -> None:
        self._path, self._rng = path, rng
        self._raw = path.read_bytes()
        self._members = list(members_of(self._raw))
        self._redone: tuple[Edit, ...] = (edit_any_value,) if sealed else CONTRADICTED
        kinds = [self.bit, self.cut, self.delete, self.swap, self.add, self.rename]
        kinds += [self.edit, self.edit_redone, self.twice, self.drop, self.grow]
        self._kinds = kinds

    @contextmanager
    def fault(self, number: int) -> Iterator[Fault]:
        """Damage the archive; everything is as before when the block ends."""
        kind = self._kinds[number % len(self._kinds)]
        names, raw = kind()
        if raw is None:
            aside = self._path.with_name(f".{self._path.name}.aside")
            self._path.rename(aside)
            yield Fault(kind.__name__, names)
            aside.rename(self._path)
            return
        self._path.write_bytes(raw)
        yield Fault(kind.__name__, names)
        self._path.write_bytes(self._raw)

    @property
    def _own_name(self) -> str:
        return self._path.name.removesuffix(".tar")

    def _at(self, position: int) -> tuple[str, ...]:
        found = [one.info.name for one in self._members if one.start <= position < one.end]
        return (*found, self._own_name)

    def bit(self) -> tuple[tuple[str, ...], bytes | None]:
        raw = bytearray(self._raw)
        position = self._rng.randrange(len(raw))
        raw[position] ^= 1 << self._rng.randrange(8)
        return self._at(position), bytes(raw)

    def cut(self) -> tuple[tuple[str, ...], bytes | None]:
        length = self._rng.randrange(len(self._raw))
        lost = [one.info.name for one in self._members if one.end > length]
        return (*lost, self._own_name), self._raw[:length]

    def grow(self) -> tuple[tuple[str, ...], bytes | None]:
        added = self._rng.choice((bytes(512), b"x", self._rng.randbytes(700), self._raw))
        return (self._own_name,), self._raw + added

    def delete(self) -> tuple[tuple[str, ...], bytes | None]:
        return (self._own_name,), None

    def _two(self) -> tuple[Member, Member]:
        first = self._rng.choice(self._members)
        second = self._rng.choice([one for one in self._members if one.body != first.body])
        return first, second

    def swap(self) -> tuple[tuple[str, ...], bytes | None]:
        first, second = self._two()
        bodies = {first.info.name: second.body, second.info.name: first.body}
        return (first.info.name, second.info.name), self._built(bodies)

    def drop(self) -> tuple[tuple[str, ...], bytes | None]:
        gone = self._rng.choice(self._members)
        return (gone.info.name,), self._built({gone.info.name: None})

    def twice(self) -> tuple[tuple[str, ...], bytes | None]:
        member = self._rng.choice([one for one in self._members if len(one.header) == BLOCK])
        return (member.info.name,), self._built({}, (member.info.name, member.body))

    def add(self) -> tuple[tuple[str, ...], bytes | None]:
        name = f"workspace/added-{self._rng.randrange(1000)}"
        return (name,), self._built({}, (name, b"added"))

    def rename(self) -> tuple[tuple[str, ...], bytes | None]:
        short = [one for one in self._members if len(one.header) == BLOCK]
        gone = self._rng.choice([one for one in short if len(one.info.name) < 90])
        name = f"{gone.info.name}-moved"
        return (name, gone.info.name), self._built({gone.info.name: None}, (name, gone.body))

    def edit(self) -> tuple[tuple[str, ...], bytes | None]:
        raw, names = edited(self._manifest(), edit_any_value, self._rng, redone=False)
        return names, self._built({MANIFEST: raw})

    def edit_redone(self) -> tuple[tuple[str, ...], bytes | None]:
        edit = self._rng.choice(self._redone)
        raw, names = edited(self._manifest(), edit, self._rng, redone=True)
        return names, self._built({MANIFEST: raw})

    def _manifest(self) -> bytes:
        return next(one.body for one in self._members if one.info.name == MANIFEST)

    def _built(self, bodies: dict[str, bytes | None], last: tuple[str, bytes] | None = None):
        """Splice the archive anew, with other bodies, without some, with one more member."""
        parts = []
        for member in self._members:
            body = bodies.get(member.info.name, member.body)
            if body is not None:
                parts.append(_spliced(member.header, member.info.name, body))
        if last is not None:
            plain = next(one for one in self._members if len(one.header) == BLOCK)
            parts.append(_spliced(plain.header, *last))
        return b"".join(parts) + self._raw[self._members[-1].end :]


def _spliced(header: bytes, name: str, body: bytes) -> bytes:
    """Return a member with a header like another one's, its checksum right."""
    if len(header) == BLOCK:
        raw = bytearray(header)
        raw[0:100] = name.encode().ljust(100, b"\0")
        raw[124:136] = b"%011o\0" % len(body)
        raw[148:156] = b" " * 8
        raw[148:156] = b"%06o\0 " % sum(raw)
        header = bytes(raw)
    return header + body + bytes(-len(body) % BLOCK)


def members_of(raw: bytes) -> Iterator[Member]:
    start = 0
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        for info in archive:
            body = raw[info.offset_data : info.offset_data + info.size]
            end = info.offset_data + -(-info.size // BLOCK) * BLOCK
            yield Member(info, raw[start : info.offset_data], body, start, end)
            start = end


def damager(location: Path, rng: random.Random, *, sealed: bool) -> Folder | Archive:
    """Return what damages the backup at a location."""
    kind = Folder if location.is_dir() else Archive
    return kind(location, rng, sealed=sealed)
