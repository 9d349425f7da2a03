"""Templates become HTML here: escaped, strict about names, the same for server and files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from contexta.interpretation.reports.escape import cut, visible_lines
from contexta.interpretation.wording import counted, exact, on_pages, short_ref
from contexta.web._page import PageData
from contexta.web.pages._links import NAVIGATION, ref_url, run_url, segment
from contexta.web.pages._standalone import detached

if TYPE_CHECKING:
    from jinja2 import Environment

_ROOT = Path(__file__).parent.parent
_EMPTY: dict[str, Any] = {
    "crumbs": (),
    "subtitle": None,
    "live": None,
    "lost_project": None,
    "project": None,
    "projects": (),
    "search": "",
}


def render(name: str, data: PageData | Mapping[str, Any], *, standalone: bool = False) -> str:
    """Return the document of a page.

    Args:
        name: template below ``web/templates`` without ``.html.jinja``.
        data: the page, or what its template shows by name, ``title`` among it. Beside what the
            template asks for, the frame knows ``crumbs`` (pairs of label and URL, which may be
            None), ``subtitle``, ``live`` (URL of the events that refresh it), ``project``,
            ``projects`` and ``search``.
        standalone: one file without links to a server and without script; its style sheet is
            inside, allowed by hash in a policy of its own.

    Raises:
        jinja2.TemplateError: the template asks for what ``data`` lacks; a bug of the page.
    """
    page = data if isinstance(data, PageData) else PageData(name, str(data["title"]), data)
    template = _environment(standalone).get_template(f"{name}.html.jinja")
    text = template.render(_EMPTY | dict(page.data) | {"page": page})
    return detached(text) if standalone else text


@cache
def style() -> str:
    """Return the style sheets of the pages as one."""
    files = [_ROOT / "static" / name for name in ("app.css", "charts.css", "analysis.css")]
    return "".join(path.read_text(encoding="utf-8") for path in files)


@cache
def style_hash() -> str:
    """Return ``sha256-…`` of the style sheet inside of a standalone page, for its policy."""
    digest = hashlib.sha256(style().encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


@cache
def _environment(standalone: bool) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: object) -> object:
        """Make hidden characters of every printed text visible; autoescape does the rest."""
        if isinstance(value, str) and not isinstance(value, Markup):
            return visible_lines(value)
        return value

    environment = Environment(
        loader=FileSystemLoader(_ROOT / "templates"),
        autoescape=True,
        finalize=shown,
        auto_reload=False,  # a template of a newer release would meet older code
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "counted": counted,
        "cut": cut,
        "number": on_pages.number,
        "exact": exact,
        "signed": on_pages.signed,
        "percent": on_pages.percent,
        "share": on_pages.share,
        "size": on_pages.size,
        "seconds": on_pages.duration,
        "moment": on_pages.moment,
        "minute": on_pages.minute,
        "plain": on_pages.plain,
        "segment": segment,
        "short_ref": short_ref,
        "run_url": run_url,
        "ref_url": ref_url,
        "query": _query,
    }
    environment.globals |= {
        "standalone": standalone,
        "navigation": NAVIGATION,
        "style": lambda: Markup(style()),  # noqa: S704  # our own file
        "style_hash": style_hash,
        "status_kind": status_kind,
    }
    return environment


def status_kind(word: object) -> str:
    """Return the class of a status or severity: a closed set, never text of others."""
    return _KINDS.get(str(word), "other")


_KINDS = {
    "completed": "good", "ok": "good", "pass": "good", "better": "good", "complete": "good",
    "active": "good", "deployed": "good", "none": "good",
    "open": "live", "running": "live", "started": "live",
    "failed": "bad", "error": "bad", "critical": "bad", "fail": "bad", "worse": "bad",
    "warning": "doubt", "interrupted": "doubt", "timeout": "doubt", "partial": "doubt",
    "unclear": "doubt", "cannot tell": "doubt", "anomalous": "doubt",
    "cancelled": "quiet", "skipped": "quiet", "retired": "quiet", "rolled_back": "quiet",
    "info": "quiet", "debug": "quiet",
}  # fmt: skip


def _query(values: Mapping[str, Any]) -> str:
    """A query string, or nothing; values that are None are left out."""
    pairs = [(key, str(value)) for key, value in values.items() if value is not None]
    return "?" + urlencode(pairs, errors="replace") if pairs else ""
