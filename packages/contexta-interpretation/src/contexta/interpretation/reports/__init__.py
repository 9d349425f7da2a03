"""Documents for people, from results computed before.

A ``ReportDocument`` writes itself as Markdown, HTML (a fragment, or with ``full=True`` a page in
one file), CSV and JSON-safe data. Text of others is escaped in one place, so that no name can
become markup, a formula or a terminal command.
"""

from contexta.interpretation.reports.builder import ReportBuilder
from contexta.interpretation.reports.errors import ReportError, ReportSerializationError
from contexta.interpretation.reports.models import (
    ChartLine,
    ReportChart,
    ReportDocument,
    ReportSection,
    ReportTable,
)

__all__ = [
    "ChartLine",
    "ReportBuilder",
    "ReportChart",
    "ReportDocument",
    "ReportError",
    "ReportSection",
    "ReportSerializationError",
    "ReportTable",
]
