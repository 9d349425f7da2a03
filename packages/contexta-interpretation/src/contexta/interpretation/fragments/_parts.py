"""How the sections of a report become the parts of a fragment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from contexta.interpretation.reports._fragment import FragmentView
from contexta.interpretation.reports.models import (
    ChartLine,
    ReportChart,
    ReportDocument,
    ReportSection,
    ReportTable,
)
from contexta.interpretation.wording import in_reports as fmt

_LINKS_SHOWN = 30


def from_report(
    kind: str,
    title: str,
    document: ReportDocument,
    *,
    facts: Iterable[tuple[str, str]] = (),
    shown: Collection[str] = (),
    without: Collection[str] = (),
) -> FragmentView:
    """Return the view of a report: sections named in ``shown`` are open, others folded.

    A section without anything to see becomes a sentence, unless it is among the ``shown``.
    ``without`` names sections and highlights that the fragment says otherwise, or cannot know.
    """
    sections = [part for part in document.sections if part.title not in without]
    opened = [part for part in sections if part.title in shown]
    rest = [part for part in sections if part.title not in shown]
    folded = [part for part in rest if part.tables or part.charts]
    links = evidence_section(document.sections)
    return FragmentView(
        kind=kind,
        title=title,
        facts=tuple(facts),
        highlights=tuple(
            (label, value)
            for label, value in document.highlights
            if label not in without and value != fmt.missing
        ),
        shown=tuple(opened),
        folded=(*folded, *links),
        absent=tuple(part.body for part in rest if part not in folded and "\n" not in part.body),
    )


def evidence_section(sections: Iterable[ReportSection]) -> tuple[ReportSection, ...]:
    """The evidence of several sections in one, each link once."""
    links = tuple(dict.fromkeys(link for part in sections for link in part.evidence_links))
    if not links:
        return ()
    rows = tuple((link.kind, link.ref, link.label) for link in links[:_LINKS_SHOWN])
    more = len(links) - len(rows)
    name = f"Evidence, the first {_LINKS_SHOWN} of {len(links):,}" if more else "Evidence"
    table = ReportTable(("Kind", "Ref", "Label"), rows)
    return (ReportSection(name, name, tables=(table,)),)


def curve(
    title: str,
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    *,
    x_label: str,
    unit: str | None = None,
    ticks: Sequence[str] = (),
    note: str = "",
) -> ReportChart:
    """A chart of named lines; ``ticks`` name the places 0, 1, 2, … of the x axis."""
    return ReportChart(
        title,
        tuple(ChartLine(label, tuple(points)) for label, points in lines),
        x_label,
        unit,
        tuple((float(index), name) for index, name in enumerate(ticks)),
        note,
    )
