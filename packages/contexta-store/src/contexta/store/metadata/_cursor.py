"""Cursors: where a page ended, as text that only the same listing accepts."""

from __future__ import annotations

import base64
import json
from hashlib import blake2b
from typing import Any

from contexta.contract.errors import ValidationError

_VERSION = "c1"
# A position may hold a name as long as the contract accepts.
_MAX_LENGTH = 32 << 20


def write_cursor(listing: str, position: tuple[Any, ...]) -> str:
    """Return the cursor of a position.

    Args:
        listing: Identifies list, order and filters; a cursor of another one is refused.
        position: Sort keys of the last row of a page: texts and numbers.
    """
    body = json.dumps(list(position), separators=(",", ":")).encode()
    return f"{_VERSION}.{_tag(listing, body)}.{base64.urlsafe_b64encode(body).decode()}"


def read_cursor(listing: str, cursor: object, length: int) -> tuple[Any, ...]:
    """Return the position that `write_cursor` was given.

    Raises:
        ValidationError: `metadata_invalid_cursor` for anything else than a cursor of `listing`.
    """
    if not isinstance(cursor, str) or not cursor.isascii() or len(cursor) > _MAX_LENGTH:
        raise _invalid(cursor, "it is not a cursor")
    version, _, rest = cursor.partition(".")
    tag, _, encoded = rest.partition(".")
    if version != _VERSION or not encoded:
        raise _invalid(cursor, "it is not a cursor of this release")
    try:
        body = base64.b64decode(encoded, altchars=b"-_", validate=True)
    except ValueError as error:
        raise _invalid(cursor, "it is damaged") from error
    if tag != _tag(listing, body):
        raise _invalid(cursor, "it is damaged, or of a list with other filters or another order")
    position = tuple(json.loads(body))
    if len(position) != length:
        raise _invalid(cursor, "it is of another list")
    return position


def _tag(listing: str, body: bytes) -> str:
    return blake2b(
        listing.encode("utf-8", "surrogatepass") + b"\0" + body, digest_size=8
    ).hexdigest()


def _invalid(cursor: object, reason: str) -> ValidationError:
    return ValidationError(
        f"{cursor!r:.80} cannot continue this list: {reason}. Pass the cursor of the page before, "
        "with the same filters and order, or start without one.",
        code="metadata_invalid_cursor",
        details={"reason": reason},
    )
