"""A line for everything that repairs, removals and collections changed.

`_audit.jsonl` is for people who ask what happened; nothing is decided by it.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import TYPE_CHECKING, Any

from contexta.contract.time import iso_utc_now
from contexta.store.fs import open_private, translated_os_errors, write_all

if TYPE_CHECKING:
    from contexta.store.artifacts._layout import Layout


def note_change(layout: Layout, action: str, **facts: Any) -> None:
    """Append one line, synced, before the change it tells of is reported as done."""
    content = {"at": iso_utc_now(), "action": action, "pid": os.getpid(), **facts}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    fd = open_private(layout.audit, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    with translated_os_errors("write", layout.audit):
        try:
            write_all(fd, b"%08x %s\n" % (zlib.crc32(text), text))
            os.fsync(fd)
        finally:
            os.close(fd)


def read_audit(layout: Layout) -> tuple[dict[str, Any], ...]:
    """Return the lines that can be read, oldest first."""
    with translated_os_errors("read", layout.audit):
        try:
            lines = layout.audit.read_bytes().split(b"\n")
        except FileNotFoundError:
            return ()
    found = []
    for line in lines:
        crc, _, text = line.partition(b" ")
        if text and crc == b"%08x" % zlib.crc32(text):
            found.append(json.loads(text))
    return tuple(found)
