"""What people call a run, stage, batch or artifact, made into its canonical ref.

A run may be named by its ref (``run:p.r``), by ``p.r``, by its short id ``r`` when only one
project has it, or by its name when only one run has it; in that order.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from contexta.contract.errors import ValidationError
from contexta.contract.refs import StableRef, validate_core_stable_ref, validate_stable_ref_kind
from contexta.interpretation._nearest import run_hint
from contexta.interpretation.errors import ResolutionError

if TYPE_CHECKING:
    from contexta.interpretation.repositories._ports import MetadataPlane, RunRow

_NEAREST_FROM = 2_000


def canonical(kind: str, text: str) -> str:
    """Check a full ref of ``kind``.

    Raises:
        ValidationError: malformed, or of another kind (``stable_ref_*``).
    """
    ref = StableRef.parse(text)
    validate_core_stable_ref(ref)
    validate_stable_ref_kind(ref, kind)
    return ref.text


def built(kind: str, value: str) -> str | None:
    """Build a ref from its value, or ``None`` when the text is no such value."""
    try:
        return canonical(kind, f"{kind}:{value}")
    except ValidationError:
        return None


def checked_text(kind: str, value: object) -> str:
    """Return a name or ref without blanks around it.

    Raises:
        ResolutionError: it is no text (``query_<kind>_not_found``).
    """
    if isinstance(value, str):
        return value.strip()
    raise ResolutionError(
        f"{kind} {value!r} is a {type(value).__name__}, no text; pass its ref or name",
        code=f"query_{kind}_not_found",
        details={f"{kind}_id": str(value), "nearest": []},
    )


class RunResolver:
    """Resolves run names with look-ups by key; nothing is listed unless a name is unknown."""

    def __init__(self, metadata: MetadataPlane) -> None:
        self._metadata = metadata

    def resolve(self, text: str) -> str | None:
        """Return the ref of an existing run, or ``None``.

        Raises:
            ResolutionError: several runs fit (``query_run_ambiguous``).
            ValidationError: the text starts with ``run:`` and is no ref.
        """
        row = self.find(text)
        return None if row is None else row.ref

    def find(self, text: str) -> RunRow | None:
        """Return the row of an existing run, or ``None``; raises as :meth:`resolve`."""
        text = checked_text("run", text)
        if text.startswith("run:"):
            return self._row(canonical("run", text))
        by_value = built("run", text)
        row = None if by_value is None else self._row(by_value)
        if row is not None:
            return row
        found = self._by_short_id(text) or self._by_name(text)
        if len(found) > 1:
            refs = [row.ref for row in found]
            raise ResolutionError(
                f"{text!r} fits {len(refs)} runs: {', '.join(refs[:10])}; use one of these refs",
                code="query_run_ambiguous",
                details={"run_id": text, "candidates": refs},
            )
        return found[0] if found else None

    def require(self, text: str) -> str:
        """Return the ref of a run; a well-formed full ref is taken as it is.

        Raises:
            ResolutionError: nothing fits (``query_run_not_found``) or several do.
        """
        text = checked_text("run", text)
        if text.startswith("run:"):
            return canonical("run", text)
        ref = self.resolve(text)
        if ref is None:
            nearest = self.nearest(text)
            raise ResolutionError(
                f"run {text!r} not found{run_hint(nearest)}",
                code="query_run_not_found",
                details={"run_id": text, "nearest": nearest},
            )
        return ref

    def nearest(self, text: str) -> list[str]:
        """Return up to five refs of the newest runs whose id or name is close to ``text``."""
        runs = self._metadata.runs.run_rows(
            limit=_NEAREST_FROM, order_by="started_at", descending=True
        )
        names: dict[str, str] = {}
        for run in runs:
            ref = run.ref
            for name in (ref, ref.removeprefix("run:"), ref.rsplit(".", 1)[-1], run.name):
                names.setdefault(name, ref)
        close = difflib.get_close_matches(text.strip(), names, n=10, cutoff=0.5)
        return list(dict.fromkeys(names[name] for name in close))[:5]

    def _row(self, ref: str) -> RunRow | None:
        return self._metadata.runs.find_run_rows([ref]).get(ref)

    def _by_short_id(self, text: str) -> list[RunRow]:
        values = (project.project_ref.value for project in self._metadata.projects.list_projects())
        refs = [ref for value in values if (ref := built("run", f"{value}.{text}")) is not None]
        return list(self._metadata.runs.find_run_rows(refs).values()) if refs else []

    def _by_name(self, text: str) -> list[RunRow]:
        return list(self._metadata.runs.run_rows(name=text, limit=50)) if text else []


def pick_part(kind: str, text: str, parts: Iterable[tuple[str, str]], *, owner: str) -> str:
    """Resolve a stage or batch among ``parts``, pairs of ref and name.

    Raises:
        ResolutionError: nothing fits (``query_<kind>_not_found``) or several do
            (``query_<kind>_ambiguous``).
    """
    text = checked_text(kind, text)
    pairs = list(parts)
    found = [ref for ref, name in pairs if text in (ref, name, ref.partition(":")[2])]
    found = found or [ref for ref, _ in pairs if ref.endswith("." + text)]
    found = list(dict.fromkeys(found))
    if len(found) == 1:
        return found[0]
    return _refuse(kind, text, found, [ref for ref, _ in pairs], owner)


def _refuse(kind: str, text: str, found: Sequence[str], known: Sequence[str], owner: str) -> str:
    state = "ambiguous" if found else "not_found"
    candidates = list(found or known)[:20]
    raise ResolutionError(
        f"{kind} {text!r} of {owner} is {state.replace('_', ' ')}; "
        f"candidates: {', '.join(candidates) or 'none'}",
        code=f"query_{kind}_{state}",
        details={f"{kind}_id": text, "candidates": candidates},
    )
