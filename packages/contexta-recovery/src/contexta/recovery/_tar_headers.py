"""The headers of archive members: one byte form for each name and size, and nothing else.

An archive is a tar file (POSIX ustar, with pax records where a name or a size does not fit), so
that any tar program unpacks it. Ours is stricter than the standard: owner, mode and time are
fixed, only regular files exist, and a header counts when its bytes are exactly those that
`member_header` writes. So whatever other tar readers disagree about (links, devices, sparse
files, global records, base-256 numbers, GNU long names, two sizes for one member) is refused
without being interpreted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK_BYTES = 512
_MOST_RECORD_BYTES = 1 << 16
_LONGEST_NAME_BYTES = 100
_LARGEST_OCTAL = 8**11
_SIZE = re.compile(rb"[0-7]{11}\0")
_RECORD = re.compile(rb"([1-9][0-9]{0,5}) (path|size)=")
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"5": "a folder",
    b"6": "a FIFO",
    b"7": "a contiguous file",
    b"g": "a record about all members",
    b"K": "a GNU long name",
    b"L": "a GNU long name",
    b"S": "a sparse file",
}


class Header(NamedTuple):
    """A member: its name, the size of its content, and the size of its header in bytes."""

    name: str
    size: int
    header_bytes: int


class BadHeader(NamedTuple):
    """Bytes that are not a header of ours.

    Attributes:
        reason: What is wrong, for a person.
        name: The name that the header claims, as far as it can be read.
        is_special: Whether it is sound, and of something that is no regular file.
    """

    reason: str
    name: str | None = None
    is_special: bool = False


def member_header(name: str, size: int) -> bytes:
    """Return the one header that a regular file has in an archive.

    Raises:
        ValueError: When the name is no relative path below the archive.
    """
    if not is_safe_name(name):
        raise ValueError(f"{name!r} is not a relative path without '.' and '..'")
    raw = name.encode("utf-8", "surrogateescape")
    records = b""
    if len(raw) > _LONGEST_NAME_BYTES or not name.isascii():
        records += _record(b"path", raw)
    if size >= _LARGEST_OCTAL:
        records += _record(b"size", b"%d" % size)
    short = name.encode("ascii", "replace")[:_LONGEST_NAME_BYTES]
    header = _ustar(short, size if size < _LARGEST_OCTAL else 0, b"0")
    if records:
        header = _ustar(b"PaxHeader", len(records), b"x") + padded(records) + header
    return header


def is_safe_name(name: str) -> bool:
    """Tell whether a name is a relative path that stays below the folder it is put in."""
    return "\0" not in name and not any(part in ("", ".", "..") for part in name.split("/"))


def read_header(read: Callable[[int, int], bytes], offset: int) -> Header | BadHeader:
    """Return the header at an offset of an archive, or why there is none.

    Args:
        read: Returns up to so many bytes (second argument) from an offset (first).
        offset: Where the header begins.
    """
    block = read(offset, BLOCK_BYTES)
    if len(block) < BLOCK_BYTES:
        return BadHeader("the archive ends in the middle of a header")
    if _checksum(block) != block[148:156]:
        return BadHeader("no header is where one must be")
    whole, records = block, b""
    if block[156:157] == b"x":
        length = _octal(block)
        if length is None or not 0 < length <= _MOST_RECORD_BYTES:
            return BadHeader("its extended header has no sensible size", _claimed_name(block))
        whole = read(offset, 2 * BLOCK_BYTES + len(padded(bytes(length))))
        records = whole[BLOCK_BYTES : BLOCK_BYTES + length]
        block = whole[-BLOCK_BYTES:]
    name, size = _claimed(block, records)
    kind = _KINDS.get(block[156:157])
    if kind is not None:
        return BadHeader(f"it is {kind}, not a regular file", name, is_special=True)
    if not is_safe_name(name):
        return BadHeader("its name could lead elsewhere", name)
    if size is None or member_header(name, size) != whole:
        return BadHeader("its header is not as Contexta writes it", name)
    return Header(name, size, len(whole))


def padded(data: bytes) -> bytes:
    """Return the data filled up with zeros to whole blocks."""
    return data + bytes(-len(data) % BLOCK_BYTES)


def _ustar(name: bytes, size: int, kind: bytes) -> bytes:
    block = b"".join(
        (
            name.ljust(100, b"\0"),
            b"0000600\0" + b"0000000\0" * 2,  # mode, owner, group
            b"%011o\0" % size,
            b"00000000000\0",  # time of change
            bytes(8),  # checksum, below
            kind + bytes(100),  # no link
            b"ustar\x0000" + bytes(64),  # no names of owner and group
            b"0000000\0" * 2 + bytes(155 + 12),  # no device, no prefix
        )
    )
    return block[:148] + _checksum(block) + block[156:]


def _checksum(block: bytes) -> bytes:
    # The field counts as eight spaces; other spellings of the number are not ours.
    return b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:]))


def _record(key: bytes, value: bytes) -> bytes:
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest)
    while length != len(b"%d" % length) + len(rest):  # the number counts its own digits
        length = len(b"%d" % length) + len(rest)
    return b"%d" % length + rest


def _claimed(block: bytes, records: bytes) -> tuple[str, int | None]:
    found: dict[bytes, bytes] = {}
    while match := _RECORD.match(records):
        length = int(match[1])
        found[match[2]] = records[match.end() : length - 1]
        records = records[length:]
    raw = found.get(b"path")
    name = _claimed_name(block) if raw is None else raw.decode("utf-8", "surrogateescape")
    if b"size" in found:
        digits = found[b"size"]
        return name, int(digits) if digits.isdigit() and len(digits) < 20 else None
    return name, _octal(block)


def _claimed_name(block: bytes) -> str:
    return block[:100].rstrip(b"\0").decode("utf-8", "surrogateescape")


def _octal(block: bytes) -> int | None:
    return int(block[124:135], 8) if _SIZE.fullmatch(block[124:136]) else None
