"""Documents for people, from results computed before.

A ``ReportDocument`` writes itself as Markdown, HTML (a fragment, or with ``full=True`` a page in
one file), CSV and JSON-safe data. Text of others is escaped in one place, so that no name can
become markup, a formula or a terminal command. Charts are inline SVG without script.

``ReportBuilder`` has one method per kind of result. A full page carries a content security policy
that allows its own style sheet by its hash, which :func:`style_hash` gives to servers.
"""

from contexta.interpretation.reports._html import style_hash
from contexta.interpretation.reports.builder import ReportBuilder
from contexta.interpretation.reports.errors import ReportError, ReportSerializationError
from contexta.interpretation.reports.models import (
    ChartLevel,
    ChartLine,
    ChartMark,
    IntervalChart,
    IntervalRow,
    ReportChart,
    ReportDocument,
    ReportSection,
    ReportTable,
)

__all__ = [
    "ChartLevel",
    "ChartLine",
    "ChartMark",
    "IntervalChart",
    "IntervalRow",
    "ReportBuilder",
    "ReportChart",
    "ReportDocument",
    "ReportError",
    "ReportSection",
    "ReportSerializationError",
    "ReportTable",
    "style_hash",
]
