"""Refs of the source as they read in the target."""

from __future__ import annotations

from typing import Any


class Renames:
    """Maps refs: whole ones, and those that lie inside a run that got another name.

    Attributes:
        runs: New run values by old ones, `project.run` without the kind.
        exact: New refs by old ones, of things that lie in no run.
    """

    def __init__(self) -> None:
        self.runs: dict[str, str] = {}
        self.exact: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self.runs or self.exact)

    def add(self, old: str, new: str) -> None:
        """Note that an entity has another ref in the target."""
        if old == new:
            return
        if old.startswith("run:"):
            self.runs[old[4:]] = new[4:]
        else:
            self.exact[old] = new

    def ref(self, text: str) -> str:
        """Return a ref as it reads in the target; any other text as it is."""
        if not self:
            return text
        found = self.exact.get(text)
        if found is not None:
            return found
        kind, _, value = text.partition(":")
        pieces = value.split(".", 2)
        new = self.runs.get(".".join(pieces[:2])) if len(pieces) > 1 else None
        if new is None or (kind != "run" and len(pieces) < 3):
            return text
        return ":".join((kind, ".".join((new, *pieces[2:]))))

    def content(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON form of a model with the refs of its fields mapped.

        Texts inside of metadata, attributes and extensions stay as they are.
        """
        if not self:
            return content
        return {name: self._field(name, value) for name, value in content.items()}

    def _field(self, name: str, value: Any) -> Any:
        if name.endswith("_ref") and isinstance(value, str):
            return self.ref(value)
        if name.endswith("_refs") and isinstance(value, list):
            return [self.ref(item) if isinstance(item, str) else item for item in value]
        return value


def run_of(ref: str) -> str | None:
    """Return the run that a ref lies in, by its text; None when it has too few components."""
    kind, _, value = ref.partition(":")
    pieces = value.split(".")
    if len(pieces) < 2 or (kind != "run" and len(pieces) < 3):
        return None
    return "run:" + ".".join(pieces[:2])
