"""Reader of git commits: loose objects and packs, just enough to learn a commit's tree.

Format: https://git-scm.com/docs/pack-format
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_MAX_OBJECT = 16_777_216
_MAX_DELTAS = 64
_MAX_ALTERNATES = 16
_IDX_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_COMMIT, _OFS_DELTA, _REF_DELTA = 1, 6, 7


class ObjectUnreadableError(Exception):
    """The object is missing, damaged, or stored in a way that is not handled."""


def tree_of_commit(objects: Path, commit: str) -> bytes:
    """The 20 raw bytes of the id of a commit's tree.

    Raises:
        ObjectUnreadableError: see the class.
    """
    try:
        content = _commit_content(objects, commit)
        if not content.startswith(b"tree "):
            raise ObjectUnreadableError(commit)
        return bytes.fromhex(content[5:45].decode("ascii"))
    except (zlib.error, struct.error, IndexError, ValueError) as error:
        raise ObjectUnreadableError(commit) from error


def _commit_content(objects: Path, commit: str) -> bytes:
    for folder in _folders(objects):
        loose = folder / commit[:2] / commit[2:]
        if loose.is_file():
            header, _, content = _inflated(loose.read_bytes()).partition(b"\0")
            if not header.startswith(b"commit "):
                raise ObjectUnreadableError(commit)
            return content
        for index in sorted((folder / "pack").glob("*.idx")):
            offset = _offset_in_pack(index, bytes.fromhex(commit))
            if offset is not None:
                with index.with_suffix(".pack").open("rb") as pack:
                    return _packed(pack, index, offset)
    raise ObjectUnreadableError(commit)


def _folders(objects: Path) -> Iterator[Path]:
    """The object folder and those that it borrows from (clones made with ``--shared``)."""
    yield objects
    alternates = objects / "info" / "alternates"
    if alternates.is_file():
        for line in alternates.read_text(encoding="utf-8").splitlines()[:_MAX_ALTERNATES]:
            if line.strip() and not line.startswith("#"):
                yield (objects / line.strip()).resolve()


def _offset_in_pack(index: Path, oid: bytes) -> int | None:
    with index.open("rb") as file:
        if file.read(8) != _IDX_MAGIC:
            return None
        fanout = struct.unpack(">256I", file.read(1024))
        low, high = fanout[oid[0] - 1] if oid[0] else 0, fanout[oid[0]]
        total, names = fanout[255], 8 + 1024
        while low < high:
            middle = (low + high) // 2
            file.seek(names + 20 * middle)
            found = file.read(20)
            if found == oid:
                return _stored_offset(file, names, total, middle)
            low, high = (middle + 1, high) if found < oid else (low, middle)
    return None


def _stored_offset(file: BinaryIO, names: int, total: int, place: int) -> int:
    offsets = names + 24 * total
    file.seek(offsets + 4 * place)
    (offset,) = struct.unpack(">I", file.read(4))
    if offset & 0x80000000:
        file.seek(offsets + 4 * total + 8 * (offset & 0x7FFFFFFF))
        (offset,) = struct.unpack(">Q", file.read(8))
    return int(offset)


def _packed(pack: BinaryIO, index: Path, offset: int) -> bytes:
    """The content at ``offset``; deltas are followed down to their base, then applied."""
    deltas: list[bytes] = []
    while len(deltas) < _MAX_DELTAS:
        pack.seek(offset)
        head = pack.read(64)
        kind, place = _entry_head(head)
        if kind == _OFS_DELTA:
            distance, place = _base_distance(head, place)
            base: int | None = offset - distance
        elif kind == _REF_DELTA:
            base, place = _offset_in_pack(index, head[place : place + 20]), place + 20
        else:
            base = None
        pack.seek(offset + place)
        content = _inflated_from(pack)
        if kind == _COMMIT:
            for delta in reversed(deltas):
                content = _applied(delta, content)
            return content
        if base is None or base < 0:
            break
        deltas.append(content)
        offset = base
    raise ObjectUnreadableError(str(offset))


def _entry_head(head: bytes) -> tuple[int, int]:
    kind, place = head[0] >> 4 & 7, 1
    while head[place - 1] & 0x80:
        place += 1
    return kind, place


def _base_distance(head: bytes, place: int) -> tuple[int, int]:
    distance = head[place] & 0x7F
    while head[place] & 0x80:
        place += 1
        distance = (distance + 1 << 7) | (head[place] & 0x7F)
    return distance, place + 1


def _applied(delta: bytes, base: bytes) -> bytes:
    place = 0
    for _ in range(2):  # sizes of base and result, not needed
        while delta[place] & 0x80:
            place += 1
        place += 1
    result = bytearray()
    while place < len(delta):
        code = delta[place]
        place += 1
        if not code & 0x80:
            result += delta[place : place + code]
            place += code
            continue
        start = size = 0
        for bit in range(7):
            if code >> bit & 1:
                if bit < 4:
                    start |= delta[place] << 8 * bit
                else:
                    size |= delta[place] << 8 * (bit - 4)
                place += 1
        size = size or 0x10000
        result += base[start : start + size]
        if len(result) > _MAX_OBJECT:
            raise ValueError("object too large")
    return bytes(result)


def _inflated(data: bytes) -> bytes:
    return zlib.decompressobj().decompress(data, _MAX_OBJECT)


def _inflated_from(pack: BinaryIO) -> bytes:
    inflater, found = zlib.decompressobj(), bytearray()
    while not inflater.eof:
        chunk = pack.read(65_536)
        if not chunk or len(found) > _MAX_OBJECT:
            raise ValueError("object cut off or too large")
        found += inflater.decompress(chunk, _MAX_OBJECT)
    return bytes(found)
