"""Finds the view of a result, and writes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contexta.interpretation._base import FrozenRows, Result, Results
from contexta.interpretation.diagnostics.models import DiagnosticsResult
from contexta.interpretation.fragments import _plain, _registry
from contexta.interpretation.query.models import RunSnapshot
from contexta.interpretation.reports._fragment import FragmentView, render_view
from contexta.interpretation.reports.escape import cut, visible
from contexta.interpretation.reports.models import ReportDocument

_LINES_SHOWN = 20


def view_of(
    value: object,
    *,
    snapshots: Iterable[RunSnapshot] = (),
    diagnostics: DiagnosticsResult | None = None,
) -> FragmentView | None:
    """Return what a notebook shows of a result or of several of one kind; ``None`` for the rest.

    Args:
        value: a result, or a sequence of results of one kind.
        snapshots: the runs of a comparison, whose curves are then drawn over each other.
        diagnostics: what is wrong with the run of a snapshot.
    """
    if isinstance(value, Result):
        return _registry.view_of_one(value, tuple(snapshots), diagnostics)
    items = _several(value)
    return None if items is None else _registry.view_of_several(items)


def to_html(value: object) -> str | None:
    """Return the ``<article>`` of a view, of a result, or of several of one kind."""
    view = value if isinstance(value, FragmentView) else view_of(value)
    return None if view is None else render_view(view)


def to_text(value: object) -> str | None:
    """Return a view or a result in a line, several in a line each, a report as Markdown."""
    if isinstance(value, FragmentView):
        return _in_a_line(value)
    if isinstance(value, ReportDocument):
        return value.to_markdown()
    items = None if isinstance(value, Result) else _several(value)
    if not items:
        view = view_of(value)
        return None if view is None else _in_a_line(view)
    lines = [to_text(item) or _plain.line_of(item) for item in items[:_LINES_SHOWN]]
    more = len(items) - len(lines)
    return "\n".join([*lines, *([f"and {more:,} more"] if more > 0 else [])])


def _in_a_line(view: FragmentView) -> str:
    """Return the kind, the title, and what identifies and matters."""
    pairs = [f"{label}: {value}" for label, value in (*view.facts, *view.highlights)]
    text = " · ".join([f"{view.kind}: {view.title}", *pairs])
    return visible(cut(text, 1000))


def _several(value: object) -> Sequence[Result] | None:
    """The results of a sequence of one kind; ``None`` for anything else."""
    if not isinstance(value, (tuple, list, FrozenRows)):
        return None
    # Records are of one kind, and may be millions that nobody has looked at yet.
    kinds = {type(item) for item in (value[:1] if isinstance(value, FrozenRows) else value)}
    if not kinds:
        return value if isinstance(value, Results) else None
    (first, *others) = kinds
    return value if not others and issubclass(first, Result) else None
