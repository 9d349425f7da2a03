"""Files that only grow: one JSON line per event, each with its own checksum."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from contexta.contract.errors import SchemaVersionError
from contexta.store.fs import translated_os_errors
from contexta.store.records._marks import opened_json

AUDIT_VERSION = 1


class AuditLines(NamedTuple):
    """What can be read of a file; `damaged` are 1-based numbers of lines that cannot."""

    entries: tuple[dict[str, Any], ...]
    damaged: tuple[int, ...]


def read_audit_lines(path: Path, version: int) -> AuditLines:
    """Read all lines up to a format version.

    Raises:
        SchemaVersionError: `record_audit_format_unsupported` for a line of a newer release.
        StoreAccessError: When the file exists and cannot be read.
    """
    entries, damaged = [], []
    for number, entry in confirmed_lines(path, version, code="record_audit_format_unsupported"):
        if entry is None:
            damaged.append(number)
        else:
            entries.append(entry)
    return AuditLines(tuple(entries), tuple(damaged))


def confirmed_lines(
    path: Path, version: int, *, code: str
) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield the 1-based number of each line with its entry, or None when it is damaged.

    A file that does not exist has no lines.

    Args:
        path: The file.
        version: The newest format of a line that this release reads.
        code: The code of the error for a newer one.

    Raises:
        SchemaVersionError: For a line of a newer release, with `code`.
        StoreAccessError: When the file exists and cannot be read.
    """
    with translated_os_errors("read", path):
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return
    # A last line without its newline is what a crash leaves; it was never confirmed.
    for number, line in enumerate(raw.split(b"\n")[:-1], 1):
        entry = opened_json(line)
        if entry is not None and entry.get("version", 0) > version:
            raise SchemaVersionError(
                f"{str(path)!r} has lines of format {entry['version']}; this release reads up to "
                f"{version}. Upgrade contexta; nothing was changed.",
                code=code,
                details={"path": str(path), "current_version": entry["version"]},
            )
        yield number, entry
