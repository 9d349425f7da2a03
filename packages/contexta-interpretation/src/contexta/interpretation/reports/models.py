"""A report: titled sections of text, tables and curves, and its written forms."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contexta.interpretation._base import Result, jsonable
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.reports.errors import ReportError
from contexta.interpretation.wording import in_reports as fmt


@dataclass(frozen=True, slots=True)
class ReportTable(Result):
    """Rows of cells; every cell is text as it is shown, and other values become text.

    ``numeric`` are the positions of columns that align right.

    Raises:
        ReportError: ``report_table_ragged``: a row has not as many cells as there are columns.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    numeric: tuple[int, ...] = ()

    _sequences = ("columns", "rows", "numeric")

    def __post_init__(self) -> None:
        """Freeze the sequences, and check that every row fits."""
        Result.__post_init__(self)
        rows = tuple(tuple(map(fmt.plain, row)) for row in self.rows)
        wrong = [str(index) for index, row in enumerate(rows) if len(row) != len(self.columns)]
        if wrong:
            raise ReportError(
                f"rows {', '.join(wrong[:5])} of the table {self.caption!r} do not have "
                f"{len(self.columns)} cells as its columns do; pad them with ''",
                code="report_table_ragged",
                details={"rows": wrong, "columns": len(self.columns)},
            )
        object.__setattr__(self, "columns", tuple(map(fmt.plain, self.columns)))
        object.__setattr__(self, "rows", rows)

    def to_csv(self) -> str:
        """Return the columns and the rows; numbers are bare, text that looks like a formula not."""
        from contexta.interpretation.reports.spreadsheets import csv_text

        return csv_text([self.columns, *self.rows])


@dataclass(frozen=True, slots=True)
class ChartLine(Result):
    """One curve: ``points`` are (x, y); a y that is ``None`` or not finite breaks the line."""

    label: str
    points: tuple[tuple[float, float], ...]

    _sequences = ("points",)

    def __post_init__(self) -> None:
        """Freeze the points as pairs of floats; ``None`` becomes NaN."""
        pairs = tuple((float(x), math.nan if y is None else float(y)) for x, y in self.points)
        object.__setattr__(self, "points", pairs)


@dataclass(frozen=True, slots=True)
class ChartMark(Result):
    """A place on the x axis that means something, and how sure it is (``first`` to ``last``)."""

    x: float
    label: str
    first: float | None = None
    last: float | None = None


@dataclass(frozen=True, slots=True)
class ChartLevel(Result):
    """A level that held from ``first`` to ``last``, such as the mean of a part of a series."""

    first: float
    last: float
    y: float


@dataclass(frozen=True, slots=True)
class ReportChart(Result):
    """Curves over one axis; ``x_label`` says what x counts, ``unit`` what y measures.

    ``x_ticks`` name the positions of x where these are not numbers. ``note`` says what the curves
    leave out, such as points that were thinned; ``key`` how to read the drawing.
    """

    title: str
    lines: tuple[ChartLine, ...]
    x_label: str = "step"
    unit: str | None = None
    x_ticks: tuple[tuple[float, str], ...] = ()
    note: str = ""
    marks: tuple[ChartMark, ...] = ()
    levels: tuple[ChartLevel, ...] = ()
    key: str = ""

    _sequences = ("lines", "x_ticks", "marks", "levels")


@dataclass(frozen=True, slots=True)
class IntervalRow(Result):
    """An estimate with its interval; ``None`` or a number that is not finite is a gap.

    ``unseen`` is the size below which a difference would most likely not have been found;
    ``outcome`` is a word such as better or worse, ``note`` stands in the place of a gap.
    """

    label: str
    estimate: float | None
    low: float | None
    high: float | None
    unseen: float | None = None
    outcome: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class IntervalChart(Result):
    """Estimates with their intervals under each other on one axis with zero: a forest plot."""

    title: str
    rows: tuple[IntervalRow, ...]
    x_label: str
    note: str = ""
    key: str = ""

    _sequences = ("rows",)


@dataclass(frozen=True, slots=True)
class ReportSection(Result):
    """One section. ``body`` is its plain text; ``tables`` and ``charts`` show the same better."""

    title: str
    body: str
    evidence_links: tuple[EvidenceLink, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    charts: tuple[ReportChart | IntervalChart, ...] = ()

    _sequences = ("evidence_links", "tables", "charts")

    def __post_init__(self) -> None:
        """Strip the texts and freeze the sequences."""
        object.__setattr__(self, "title", self.title.strip())
        object.__setattr__(self, "body", self.body.strip())
        Result.__post_init__(self)

    def to_dict(self) -> dict[str, Any]:
        """Return title, body and evidence_links, and tables and charts where there are any."""
        out: dict[str, Any] = {
            "title": self.title,
            "body": self.body,
            "evidence_links": jsonable(self.evidence_links),
        }
        for name in ("tables", "charts"):
            if getattr(self, name):
                out[name] = jsonable(getattr(self, name))
        return out


@dataclass(frozen=True, slots=True)
class ReportDocument(Result):
    """A report; ``highlights`` are the few (label, value) pairs shown under its title."""

    title: str
    sections: tuple[ReportSection, ...]
    highlights: tuple[tuple[str, str], ...] = ()

    _sequences = ("sections", "highlights")

    def to_dict(self) -> dict[str, Any]:
        """Return title, sections, and highlights where there are any."""
        out: dict[str, Any] = {
            "title": self.title,
            "sections": [section.to_dict() for section in self.sections],
        }
        if self.highlights:
            out["highlights"] = [list(pair) for pair in self.highlights]
        return out

    def to_json(self) -> dict[str, Any]:
        """Return the same as :meth:`to_dict`: data for ``json.dumps``, not text."""
        return self.to_dict()

    def to_markdown(self) -> str:
        """Return Markdown with tables; text of others cannot become markup."""
        from contexta.interpretation.reports._markdown import render_markdown

        return render_markdown(self)

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def to_html(self, *, full: bool = False) -> str:
        """Return an ``<article>`` fragment, or with ``full`` a page to save or mail.

        The page is one file without script, light or dark as the reader's system is, under a
        content security policy that allows its own style sheet and nothing else.
        """
        from contexta.interpretation.reports._html import render_html

        return render_html(self, full=full)

    def to_csv(self, metric_keys: Iterable[str] = ()) -> str:
        """Return ``section_title,body`` rows, of the sections named in ``metric_keys`` if any.

        Cells that a spreadsheet would take for a formula get a leading apostrophe; numbers stay
        numbers. For the rows of a table see :meth:`ReportTable.to_csv`.
        """
        from contexta.interpretation.reports.spreadsheets import csv_text

        wanted = frozenset(metric_keys)
        rows = [
            (section.title, section.body)
            for section in self.sections
            if not wanted or section.title in wanted
        ]
        return csv_text(rows, header=("section_title", "body"), quote_all=True)
