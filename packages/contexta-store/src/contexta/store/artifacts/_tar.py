"""A small, strict reader of plain tar files, and their writer.

Only what a package needs: regular files with short names, one after the other. Links, devices,
folders, sparse files, extended headers, compression and odd modes are refused when their header
is read, before a byte of content. The size of a file in it cannot exceed that of the archive,
so nothing can unpack to more than was given.
"""

from __future__ import annotations

import io
import os
import tarfile
from typing import IO, TYPE_CHECKING, NamedTuple

from contexta.store.artifacts._package import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_BLOCK = 512
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"5": "a folder",
    b"6": "a FIFO",
    b"S": "a sparse file",
}


class TarEntry(NamedTuple):
    """A regular file in an archive."""

    name: str
    offset: int
    size: int


def read_index(file: IO[bytes], *, max_entries: int) -> list[TarEntry]:
    """Return the files of an archive in their order.

    Raises:
        ValidationError: `artifact_export_package_invalid` for anything but regular files with
            short names, for too many, and for an archive that is cut.
    """
    end = file.seek(0, os.SEEK_END)
    offset = 0
    entries: list[TarEntry] = []
    while True:
        file.seek(offset)
        header = file.read(_BLOCK)
        if header == bytes(_BLOCK):
            return entries
        if len(header) < _BLOCK:
            raise invalid("the archive is cut: it has no end mark")
        entry = _entry(header, offset + _BLOCK)
        if entry.offset + entry.size > end:
            raise invalid(f"the archive is cut within {entry.name!r}")
        if len(entries) >= max_entries:
            raise invalid(f"it has more than {max_entries} files")
        entries.append(entry)
        offset = entry.offset + (entry.size + _BLOCK - 1) // _BLOCK * _BLOCK


def write_tar(target: IO[bytes], files: Iterable[tuple[str, Path | bytes]]) -> None:
    """Write files in the given order, each with mode 0600 and no owner or time."""
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.mode = 0o600
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
                continue
            with open(content, "rb") as file:
                info.size = os.fstat(file.fileno()).st_size
                archive.addfile(info, file)


def _entry(header: bytes, offset: int) -> TarEntry:
    if header[257:262] != b"ustar":
        raise invalid("it is not a plain tar file; unpack it first if it is compressed")
    unsigned = sum(header[:148]) + 8 * 32 + sum(header[156:])
    if _number(header[148:156]) != unsigned:
        raise invalid("a header of the archive does not match its checksum")
    kind = header[156:157]
    try:
        name = header[:100].split(b"\0", 1)[0].decode("ascii")
    except UnicodeDecodeError as error:
        raise invalid("a name in the archive is not plain ASCII") from error
    if kind not in {b"0", b"\0"}:
        what = _KINDS.get(kind, f"an entry of kind {kind!r}")
        raise invalid(f"{name!r} in the archive is {what}")
    prefix = header[345:500].strip(b"\0") if header[257:263] == b"ustar\0" else b""
    if prefix:
        raise invalid(f"{name!r} in the archive has a long name")
    if _number(header[100:108]) & 0o7000:
        raise invalid(f"{name!r} in the archive has a mode with setuid, setgid or sticky bit")
    return TarEntry(name, offset, _number(header[124:136]))


def _number(field: bytes) -> int:
    if field[:1] == b"\x80":  # base 256, for sizes from 8 GiB
        return int.from_bytes(field[1:], "big")
    try:
        number = int(field.strip(b" \0").decode("ascii") or "0", 8)
    except (UnicodeDecodeError, ValueError) as error:
        raise invalid("a number in the archive is none") from error
    if number < 0:
        raise invalid("a number in the archive is negative")
    return number
