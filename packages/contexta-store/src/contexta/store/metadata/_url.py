"""Database URLs: which ones are ours, and how they are shown without their secrets."""

from __future__ import annotations

import re

URL_SCHEMES = ("postgresql", "postgresql+psycopg", "postgres")

# Greedy up to the last "@": a password with a stray "/" or "@" must not show its second half.
_PASSWORD = re.compile(r"(://[^:@/?#]*):.*@", re.DOTALL)
_WITHOUT_SCHEME = re.compile(r"""((?:^|['"])[^:@/\s'"]+):(?!//)[^@]*@""")
_SECRET_ARGUMENT = re.compile(r"([?&](?:password|sslpassword|passfile|options)=)[^&\s'\"]*", re.I)


def looks_like_url(text: str) -> bool:
    """Tell whether a text names a database server rather than a file."""
    return "://" in text


def scheme_of(url: str) -> str:
    """Return what stands before `://`, in lower case."""
    return url.partition("://")[0].strip().lower()


def redacted(text: str) -> str:
    """Return a text with the passwords of all URLs in it replaced by `***`."""
    shown = _WITHOUT_SCHEME.sub(r"\1:***@", _PASSWORD.sub(r"\1:***@", text))
    return _SECRET_ARGUMENT.sub(r"\1***", shown)
