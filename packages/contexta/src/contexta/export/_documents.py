"""Reports on their way out: secrets hidden, charts as the settings want them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contexta._redaction import REDACTED, redactor_of

if TYPE_CHECKING:
    from contexta._redaction import Redactor
    from contexta.config import UnifiedConfig
    from contexta.interpretation import ReportDocument
    from contexta.interpretation.reports import ReportSection


def ready_document(document: ReportDocument, config: UnifiedConfig) -> ReportDocument:
    """Return a report as the settings want it to leave the workspace.

    ``security.redaction_mode`` hides secrets by shape, and in rows of tables also by the name in
    the first cell; ``surfaces.export.html_inline_charts = false`` leaves the charts out.
    """
    if not config.surfaces.export.html_inline_charts:
        bare = tuple(replace(section, charts=()) for section in document.sections)
        document = replace(document, sections=bare)
    redactor = redactor_of(config.security)
    if redactor.mode == "off" or config.security.allow_unredacted_local_exports:
        return document
    return replace(
        document,
        title=redactor.text(document.title),
        sections=tuple(_section(section, redactor) for section in document.sections),
        highlights=tuple((name, redactor.text(text)) for name, text in document.highlights),
    )


def _section(section: ReportSection, redactor: Redactor) -> ReportSection:
    tables = tuple(
        replace(table, rows=tuple(_row(row, redactor) for row in table.rows))
        for table in section.tables
    )
    return replace(
        section,
        title=redactor.text(section.title),
        body=redactor.text(section.body),
        tables=tables,
    )


def _row(row: tuple[str, ...], redactor: Redactor) -> tuple[str, ...]:
    if len(row) > 1 and redactor.is_secret_key(row[0]):
        return (row[0], *(_hidden(cell) for cell in row[1:]))
    return tuple(redactor.text(cell) for cell in row)


def _hidden(cell: str) -> str:
    """A number is a count or a metric, and stays; a text may be the secret."""
    try:
        float(cell)
    except ValueError:
        return REDACTED if cell else cell
    return cell
