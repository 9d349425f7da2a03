"""What the templates of the analysing pages use beside values: keys of curves, p values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from contexta.interpretation.wording import on_pages
from contexta.web.drawings import draw_key
from contexta.web.pages._links import with_query

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import ChangePoint, CompletenessNote, ReproducibilityAudit


def p_value(value: float | None) -> str:
    """Return a p value to two digits; very small ones as a bound."""
    if value is None or not math.isfinite(value):
        return on_pages.missing
    if value < 0.0001:
        return "< 0.0001"
    return f"{value:.4f}" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def step_words(change: ChangePoint) -> str:
    """Return what a change did to the mean: ``increase: 0.5 → 0.7``."""
    before, after = on_pages.number(change.mean_before), on_pages.number(change.mean_after)
    return f"{change.direction}: {before} \u2192 {after}"


def meant(
    notes: Iterable[CompletenessNote], path: str, asked: Mapping[str, str | None]
) -> list[tuple[str, str]]:
    """Return the metrics nearest to one that is not there, each with the same page for it.

    Args:
        notes: of the answer; those about a name that nothing has carry the nearest ones.
        path: address of the page.
        asked: its parameters.
    """
    found = []
    for note in notes:
        if note.summary in _OF_PROJECTS:
            continue
        for name in (note.details or {}).get("nearest") or ():
            found.append((str(name), with_query(path, {**asked, "metric": name}.items())))
    return found


def audit_of(ctx: Contexta, run_id: str) -> ReproducibilityAudit | None:
    """Return how well a run can be repeated; ``None`` over a repository without environments.

    Such a repository may have been put in place of the own one, by a test for example; the
    page shows what it does have.
    """
    from contexta.interpretation.protocols import EnvironmentReader

    if not isinstance(ctx.query_service.repository, EnvironmentReader):
        return None
    return ctx.audit_reproducibility(run_id)


def cols(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return columns for ``ui.table`` of which a template names only what is special."""
    return [_PLAIN | column for column in columns]


# What is near these are projects, which the head of each page names.
_OF_PROJECTS = frozenset({"project_unknown", "trend_population_empty"})
_PLAIN: dict[str, Any] = {"label": "", "num": False, "sort": None, "dir": None, "title": None}
TOOLS: dict[str, Any] = {"cols": cols, "draw_key": draw_key, "p_value": p_value}
