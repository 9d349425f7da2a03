"""What a handler may return beside plain data, and how bodies become answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from starlette.responses import Response

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
_SMALL = 1024
_TEXTS = ("text/", "application/json", "image/svg", "application/javascript")


@dataclass(frozen=True, slots=True)
class Body:
    """A finished answer that is not JSON: a page, a table, a file of ours."""

    content: bytes
    media: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Download:
    """An answer that is read while it is sent; never compressed, always an attachment."""

    chunks: Iterator[bytes]
    media: str
    headers: dict[str, str]


def json_bytes(payload: Any) -> bytes:
    """Return strict JSON: keys sorted, ASCII, no NaN."""
    from contexta.web._payloads import to_jsonable

    text = json.dumps(to_jsonable(payload), sort_keys=True, allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


def tag_of(content: bytes) -> str:
    """Return the validator of a body; weak, for the same body may go out compressed."""
    return f'W/"{blake2b(content, digest_size=16).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class Ready:
    """A body with its validator, compressed where the asker takes it and it helps."""

    content: bytes
    status: int
    headers: dict[str, str]


def ready(body: Body, *, compress: bool) -> Ready:
    """Return what goes out for a body; the costly part of an answer, for a thread."""
    headers = {"cache-control": "private, no-cache", **body.headers, "content-type": body.media}
    headers["vary"] = "Accept-Encoding, Accept, Cookie"
    if body.status == 200:
        headers["etag"] = tag_of(body.content)
    content = body.content
    if compress and len(content) >= _SMALL and body.media.startswith(_TEXTS):
        # Level 1: three quarters of what level 6 saves for a fifth of its time.
        content = gzip.compress(content, compresslevel=1, mtime=0)
        headers["content-encoding"] = "gzip"
    return Ready(content, body.status, headers)


def respond(answer: Ready, request_headers: dict[str, str]) -> Response:
    """Return the answer, or 304 where the asker has it."""
    known = request_headers.get("if-none-match", "")
    if "etag" in answer.headers and _has(known, answer.headers["etag"]):
        kept = ("cache-control", "etag", "vary")
        headers = {name: answer.headers[name] for name in kept}
        return Response(status_code=304, headers=headers)
    return Response(answer.content, status_code=answer.status, headers=answer.headers)


def _has(known: str, tag: str) -> bool:
    return known.strip() == "*" or tag in (part.strip() for part in known.split(","))


def takes_gzip(headers: dict[str, str]) -> bool:
    """Whether an asker takes compressed bodies."""
    for part in headers.get("accept-encoding", "").split(","):
        name, _, options = part.partition(";")
        if name.strip().lower() == "gzip":
            return options.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
