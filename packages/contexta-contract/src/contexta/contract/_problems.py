"""One broken rule: what is collected before an error is raised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*").fullmatch


class Problem(NamedTuple):
    """A broken rule at ``path``, which starts at ``$``, the object under inspection."""

    code: str
    path: str
    message: str
    details: Mapping[str, Any]

    def under(self, prefix: str) -> Problem:
        """Return the problem as seen from an object that holds this one at ``prefix``."""
        return self._replace(path=prefix + self.path[1:])

    def to_dict(self) -> dict[str, Any]:
        """Return the problem in the form of a validation issue."""
        return {
            "code": self.code,
            "path": self.path,
            "message": self.message,
            "severity": "error",
        }


class ProblemsFound(ValueError):  # noqa: N818 - never leaves this package
    """Carries several problems out of one validator; pydantic hands it back untouched."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = tuple(problems)


def step(key: str | int) -> str:
    """Return one step of a path: ``.name``, ``["odd name"]`` or ``[3]``."""
    if isinstance(key, int):
        return f"[{key}]"
    if _PLAIN_KEY(key):
        return f".{key}"
    # A lone surrogate has no UTF-8 form, and an error must be fit to print.
    shown = key.encode("utf-8", "backslashreplace").decode()
    return '["' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"]'


def path_of(location: Iterable[str | int]) -> str:
    """Return the path of a location given as keys and indices."""
    return "$" + "".join(step(key) for key in location)
