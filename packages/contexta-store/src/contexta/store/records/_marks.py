"""Small JSON documents that carry their own checksum."""

from __future__ import annotations

import json
from typing import Any
from zlib import crc32


def sealed_json(entry: dict[str, Any]) -> bytes:
    """Return `{"crc32": ..., "entry": ...}` in one line without the newline."""
    body = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    crc = crc32(body.encode("utf-8"))
    return f'{{"crc32":"{crc:08x}","entry":{body}}}'.encode()


def opened_json(line: bytes) -> dict[str, Any] | None:
    """Return the entry of such a line, or None when it is damaged."""
    if len(line) < 28 or not line.startswith(b'{"crc32":"') or line[18:28] != b'","entry":':
        return None
    body = line[28:-1]
    if line[-1:] != b"}" or line[10:18] != b"%08x" % crc32(body):
        return None
    try:
        entry = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None
