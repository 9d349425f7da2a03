"""Rows as CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from contexta.interpretation.reports.escape import visible

# What spreadsheets take for the start of a formula or of a command; the wide forms are the same
# signs to a Japanese Excel. https://owasp.org/www-community/attacks/CSV_Injection
_STARTS = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?(?: ?%)?", re.ASCII)


def csv_text(
    rows: Iterable[Sequence[str]], *, header: Sequence[str] = (), quote_all: bool = False
) -> str:
    """Return the rows, a newline between them and none behind the last."""
    out = io.StringIO()
    form: Literal[0, 1] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(out, quoting=form, lineterminator="\n")
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    body = out.getvalue().removesuffix("\n")
    return "\n".join([",".join(header), *([body] if body else [])]) if header else body


def safe_cell(text: str) -> str:
    """Return the text, with an apostrophe before one that would be run; numbers stay numbers."""
    shown = "\n".join(visible(line) for line in text.split("\n"))
    return f"'{shown}" if would_run(text) else shown


def would_run(text: str) -> bool:
    """Say whether a spreadsheet would take a text for a formula; a number never is one."""
    # Leading blanks do not keep LibreOffice from seeing a formula.
    begins = text.lstrip(" \u00a0\u3000")[:1]
    return bool(begins) and begins in _STARTS and _NUMBER.fullmatch(text) is None
