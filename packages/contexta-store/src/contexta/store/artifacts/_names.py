"""File names made of refs and of names that users gave."""

from __future__ import annotations

import unicodedata

_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_LONGEST = 100


def safe_ref(ref: str) -> str:
    """Return a ref as a file name: `artifact:a.b.c` is `artifact__a.b.c`."""
    return ref.replace(":", "__")


def safe_file_name(name: str, fallback: str) -> str:
    """Return a name with letters, digits, `.`, `_` and `-` only, at most 100 long.

    It never starts with a dot, so it is neither hidden nor a way up.
    """
    text = unicodedata.normalize("NFKD", name.replace("\\", "/").rpartition("/")[2])
    clean = "".join(char if char in _ALLOWED else "_" for char in text).lstrip(".")
    return clean[-_LONGEST:].lstrip(".") or fallback


def is_plain_name(name: object) -> bool:
    """Tell whether something is the name of a file in a folder, and nothing else."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= 255
        and name not in {".", ".."}
        and not any(char in "/\\:" or ord(char) < 32 or ord(char) == 127 for char in name)
    )


def folded(name: str) -> str:
    """Return what a file system that ignores case and Unicode forms makes of a name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", name).casefold())
