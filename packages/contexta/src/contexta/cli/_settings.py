"""``--set key=value``: one setting as text."""

import json
from collections.abc import Iterable
from typing import Any

import click

_WORDS: dict[str, Any] = {"null": None, "none": None, "true": True, "false": False}
_LONGEST_NUMBER = 40


def patch_of(texts: Iterable[str]) -> dict[str, Any]:
    """The nested patch that ``key=value`` texts describe; later ones win.

    Raises:
        UsageError: a text has no key or no ``=``, or sets a key and one below it.
    """
    patch: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        parts = key.strip().split(".")
        if not equals or not all(parts):
            raise click.UsageError(
                f"--set {text!r} is no setting; write it as capture.retry_attempts=3"
            )
        section = patch
        for part in parts[:-1]:
            below = section.setdefault(part, {})
            if not isinstance(below, dict):
                raise click.UsageError(f"--set {text!r}: {part} was set to a value before")
            section = below
        section[parts[-1]] = coerced(value)
    return patch


def coerced(text: str) -> Any:
    """The value that a text stands for.

    ``null``, ``none``, ``true`` and ``false`` in any case; text that starts with a quote, a
    brace or a bracket as JSON, if it is; numbers, with a point as float; all else is text.
    """
    word = text.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    if text[:1] in ('"', "{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    if len(text) <= _LONGEST_NUMBER:
        for kind in (float,) if "." in text else (int,):
            try:
                return kind(text)
            except ValueError:
                return text
    return text
