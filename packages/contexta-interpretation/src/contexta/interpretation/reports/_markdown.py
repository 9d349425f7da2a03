"""Reports as Markdown."""

from __future__ import annotations

from contexta.interpretation.reports._escape import markdown
from contexta.interpretation.reports.models import (
    ReportChart,
    ReportDocument,
    ReportSection,
    ReportTable,
)

EVIDENCE_SHOWN = 10


def render_markdown(document: ReportDocument) -> str:
    """Return the document as GitHub-flavored Markdown."""
    lines = [f"# {markdown(document.title)}"]
    if document.highlights:
        pairs = [f"**{markdown(label)}** {markdown(value)}" for label, value in document.highlights]
        lines += ["", " · ".join(pairs)]
    for section in document.sections:
        lines += ["", f"## {markdown(section.title)}", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: ReportSection) -> list[str]:
    lines: list[str] = []
    for table in section.tables:
        lines += ["", *_table(table)]
    for chart in section.charts:
        lines += ["", _chart(chart)]
    if not section.tables and not section.charts:
        # Two trailing spaces keep lines apart when rendered.
        body = [markdown(line) for line in section.body.split("\n")]
        lines += ["", *(f"{line}  " for line in body[:-1]), body[-1]]
    if section.evidence_links:
        lines += ["", "Evidence:", ""]
        lines += [
            f"- {markdown(link.label)} ({markdown(link.kind)}: {markdown(link.ref)})"
            for link in section.evidence_links[:EVIDENCE_SHOWN]
        ]
        more = len(section.evidence_links) - EVIDENCE_SHOWN
        if more > 0:
            lines.append(f"- and {more} more")
    return lines


def _table(table: ReportTable) -> list[str]:
    rule = ["---:" if i in table.numeric else "---" for i in range(len(table.columns))]
    lines = [f"**{markdown(table.caption)}**", ""] if table.caption else []
    lines += [_row(table.columns), "| " + " | ".join(rule) + " |"]
    return lines + [_row(row) for row in table.rows]


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(markdown(cell) for cell in cells) + " |"


def _chart(chart: ReportChart) -> str:
    counts = ", ".join(f"{markdown(line.label)}: {len(line.points)} points" for line in chart.lines)
    return f"Curve of {markdown(chart.title)} ({counts}); drawn in the HTML report."
