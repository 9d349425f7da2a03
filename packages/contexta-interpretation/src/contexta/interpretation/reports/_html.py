"""Reports as HTML: a fragment, or a whole page with its style sheet."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.interpretation.reports._markdown import EVIDENCE_SHOWN
from contexta.interpretation.reports.escape import cut, visible
from contexta.interpretation.reports.models import ReportDocument
from contexta.interpretation.wording import counted

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).with_name("templates")
_STATUS_COLUMNS = frozenset({"Status", "Severity", "Left status", "Right status", "Outcome"})


def render_html(document: ReportDocument, *, full: bool) -> str:
    """Return the fragment, or the page around it."""
    environment = _environment()
    template = environment.get_template("page.html.jinja" if full else "article.html.jinja")
    style = _style() if full else ""
    return template.render(
        document=document,
        style=style,
        style_hash=style_hash(),
        evidence_shown=EVIDENCE_SHOWN,
        status_columns=_STATUS_COLUMNS,
    )


@cache
def style_hash() -> str:
    """Return ``sha256-…`` of the style sheet of a full page, for a content security policy.

    A page names it in its own ``<meta>`` policy. A server that sends a policy as a header needs
    ``style-src '<this>'`` there too, since the browser obeys both; nothing else, as a page holds
    no script and no style attribute.
    """
    digest = hashlib.sha256(_style().encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    from contexta.interpretation.reports.charts import render_chart

    def shown(value: object) -> object:
        """Make hidden characters of every printed text visible; autoescape does the rest."""
        if isinstance(value, str) and not isinstance(value, Markup):
            return visible(value)
        return value

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["chart"] = render_chart
    environment.filters["counted"] = counted
    environment.filters["cut"] = cut
    environment.filters["status_class"] = _status_class
    return environment


def _status_class(value: str) -> str:
    """A class name for words that mean good or bad; never text of others."""
    good = {"completed", "ok", "none", "complete", "pass", "better"}
    bad = {"failed", "error", "interrupted", "fail", "worse"}
    doubtful = {"warning", "cancelled", "timeout", "open", "cannot tell", "unclear"}
    for name, words in (("good", good), ("bad", bad), ("doubtful", doubtful)):
        if value in words:
            return name
    return "plain"


@cache
def _style() -> str:
    return (_FOLDER / "report.css").read_text(encoding="utf-8")
