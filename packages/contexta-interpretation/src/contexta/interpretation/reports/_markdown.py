"""Reports as Markdown."""

from __future__ import annotations

from contexta.interpretation.reports._forest import told_of
from contexta.interpretation.reports._sparkline import sparkline
from contexta.interpretation.reports.escape import cut, markdown, markdown_line
from contexta.interpretation.reports.models import (
    ChartLine,
    IntervalChart,
    ReportChart,
    ReportDocument,
    ReportSection,
    ReportTable,
)
from contexta.interpretation.wording import counted

EVIDENCE_SHOWN = 10


def render_markdown(document: ReportDocument) -> str:
    """Return the document as GitHub-flavored Markdown."""
    lines = [f"# {markdown(cut(document.title))}"]
    if document.highlights:
        pairs = [f"**{markdown(label)}** {_cell(value)}" for label, value in document.highlights]
        lines += ["", " · ".join(pairs)]
    for section in document.sections:
        lines += ["", f"## {markdown(cut(section.title))}", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: ReportSection) -> list[str]:
    lines: list[str] = []
    for table in section.tables:
        lines += ["", *_table(table)]
    for chart in section.charts:
        lines += ["", *(_intervals(chart) if isinstance(chart, IntervalChart) else _chart(chart))]
    if not section.tables and not section.charts:
        # Two trailing spaces keep lines apart when rendered.
        body = [markdown_line(line) for line in section.body.split("\n")]
        lines += ["", *(f"{line}  " for line in body[:-1]), body[-1]]
    if section.evidence_links:
        lines += ["", "Evidence:", ""]
        lines += [
            f"- {markdown_line(cut(link.label))} ({markdown(link.kind)}: {_cell(link.ref)})"
            for link in section.evidence_links[:EVIDENCE_SHOWN]
        ]
        more = len(section.evidence_links) - EVIDENCE_SHOWN
        if more > 0:
            lines.append(f"- and {more} more")
    return lines


def _cell(text: str) -> str:
    return markdown(cut(text))


def _table(table: ReportTable) -> list[str]:
    rule = ["---:" if i in table.numeric else "---" for i in range(len(table.columns))]
    lines = [f"**{_cell(table.caption)}**", ""] if table.caption else []
    lines += [_row(table.columns), "| " + " | ".join(rule) + " |"]
    return lines + [_row(row) for row in table.rows]


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _chart(chart: ReportChart) -> list[str]:
    """One line of bars per curve; the drawn curve is in the HTML report."""
    unit = f" [{_cell(chart.unit)}]" if chart.unit else ""
    lines = [f"**{_cell(chart.title)}{unit}** over {_cell(chart.x_label)}", ""]
    lines += [f"- {markdown_line(cut(line.label))}: {_bars(line)}" for line in chart.lines]
    lines += [f"- {markdown_line(cut(mark.label))}" for mark in chart.marks]
    if chart.note:
        lines.append(f"- {markdown_line(chart.note)}")
    return lines


def _bars(line: ChartLine) -> str:
    values = [y for _, y in line.points]
    return f"`{sparkline(values)}` ({counted(len(values), 'point')})" if values else "no points"


def _intervals(chart: IntervalChart) -> list[str]:
    lines = [f"**{_cell(chart.title)}** ({_cell(chart.x_label)})", ""]
    lines += [
        f"- {markdown_line(cut(row.label))}: {markdown(cut(told_of(row)))}" for row in chart.rows
    ]
    if chart.note:
        lines.append(f"- {markdown_line(chart.note)}")
    return lines
