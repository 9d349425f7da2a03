"""Ref components from names that people choose."""

from __future__ import annotations

import re

from contexta.contract._refs._stable_ref import MAX_STABLE_REF_COMPONENT_LENGTH
from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr

_NOT_COMPONENT = re.compile(r"[^a-z0-9]+")
_HASH_LENGTH = 8


def slugify(text: str, *, max_length: int = MAX_STABLE_REF_COMPONENT_LENGTH) -> str:
    """Return a valid ref component for any text; the same text gives the same component.

    Letters become lower-case, every other run of characters becomes one hyphen. What is left
    empty becomes ``x-`` and 8 hex digits of the text's SHA-256; what is too long is cut and
    gets ``-`` and the same digits, so that long names with one beginning stay apart.
    Different short names may still meet (``"A b"`` and ``"a-b"``): a slug is no identity.

    Args:
        text: Any text, also with upper case, spaces or other scripts.
        max_length: Longest result, 10 to 63 characters.

    Raises:
        ValidationError: ``text`` is no text, or ``max_length`` is out of range.
    """
    if not isinstance(text, str):
        raise ValidationError(
            f"name {short_repr(text)} is {type(text).__name__}, not text; pass a str",
            code="context_invalid_string",
            details={"field_name": "text", "type": type(text).__name__},
        )
    if not _HASH_LENGTH + 2 <= max_length <= MAX_STABLE_REF_COMPONENT_LENGTH:
        raise ValidationError(
            f"max_length {max_length!r} must be {_HASH_LENGTH + 2} to "
            f"{MAX_STABLE_REF_COMPONENT_LENGTH}; leave it out for the default",
            code="context_invalid_component",
            details={"field_name": "max_length", "value": max_length},
        )
    slug = _NOT_COMPONENT.sub("-", text.lower()).strip("-")
    if slug and len(slug) <= max_length:
        return slug
    import hashlib  # loads a library, and few names are that long

    # A lone surrogate has no UTF-8 form; surrogatepass hashes it all the same.
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    head = slug[: max_length - _HASH_LENGTH - 1].rstrip("-") or "x"
    return f"{head}-{digest}"
