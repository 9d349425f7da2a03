"""Names close to one that fits nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

_MOST = 5
_CUTOFF = 0.5
# Comparing is quadratic in the length of a name, and a workspace may have very many names.
_LONGEST = 200
_COMPARED = 20_000


def nearest(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return up to five of ``names`` that look like ``text``, the closest first.

    Case is not looked at; a name that contains the text counts as close. Nothing close: empty.
    """
    wanted = str(text).strip().lower()[:_LONGEST]
    known: dict[str, str] = {}
    for name in names:
        known.setdefault(name.lower()[:_LONGEST], name)
        if len(known) >= _COMPARED:
            break
    close = difflib.get_close_matches(wanted, known, n=_MOST, cutoff=_CUTOFF)
    if len(wanted) > 1:
        close += [name for name in sorted(known) if wanted in name or (name and name in wanted)]
    return tuple(known[name] for name in dict.fromkeys(close))[:_MOST]


def hint(names: Iterable[str]) -> str:
    """Return the end of a message that names what is near, or says that nothing is."""
    found = ", ".join(names)
    return f"; nearest: {found}" if found else "; nothing looks like it"


def run_hint(near: Sequence[str]) -> str:
    """Return the end of a message about an unknown run: what is near, or where all runs are.

    Surfaces say their own way to all runs instead of the call, which is the last of the text.
    """
    return f"; nearest: {', '.join(near)}" if near else "; no run looks like it, see list_runs()"


__all__ = ["hint", "nearest", "run_hint"]
