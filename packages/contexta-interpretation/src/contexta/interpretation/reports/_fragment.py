"""Results as fragments for notebooks: one card that brings its own style and touches no other.

A fragment is an ``<article>`` whose rules all hang on one class, so that nothing outside changes.
The class is repeated in each selector, because the tables of JupyterLab, VS Code and Colab are
styled by rules of two classes that would win else. Light or dark is what the notebook says of
itself, and what the system says where it says nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from contexta.interpretation.reports._html import _FOLDER, _STATUS_COLUMNS, _environment
from contexta.interpretation.reports.models import ReportSection, ReportTable

ROWS_SHOWN = 60
_ICONS = {"good": "✓", "bad": "✗", "doubtful": "!", "plain": ""}
_LIGHT = (
    "color-scheme:light;--cx-card:#fff;--cx-ink:#1b2330;--cx-soft:#5b6676;--cx-rule:#dde2e9;--cx-shade:#1b233026;"
    "--cx-good:#166534;--cx-bad:#b42318;--cx-doubt:#92560a;--cx-s0:#2563c9;--cx-s1:#c2410c;"
    "--cx-s2:#15803d;--cx-s3:#7c3aed;--cx-s4:#b45309;--cx-s5:#0e7490"
)
_DARK = (
    "color-scheme:dark;--cx-card:#191f28;--cx-ink:#e6eaf0;--cx-soft:#9aa6b6;--cx-rule:#2c3542;--cx-shade:#000a;"
    "--cx-good:#5fd08a;--cx-bad:#ff8a80;--cx-doubt:#f0b45c;--cx-s0:#6ea8ff;--cx-s1:#ff9a6b;"
    "--cx-s2:#5fd08a;--cx-s3:#b79bff;--cx-s4:#f0b45c;--cx-s5:#56c7dd"
)
# How JupyterLab and nbconvert, VS Code, Colab, and documentation themes name their theme.
_LIGHT_HOSTS = (
    'body[data-jp-theme-light="true"]',
    "body.vscode-light",
    'html[theme="light"]',
    'html[data-theme="light"]',
    'body[data-theme="light"]',
)
_DARK_HOSTS = (
    'body[data-jp-theme-light="false"]',
    "body.vscode-dark",
    'html[theme="dark"]',
    'html[data-theme="dark"]',
    'body[data-theme="dark"]',
)


@dataclass(frozen=True, slots=True)
class FragmentView:
    """What a fragment shows, from top to bottom.

    Attributes:
        kind: what it is, in a word or two.
        title: the name of the thing.
        facts: (label, value) pairs that identify it.
        highlights: the few (label, value) pairs that matter most.
        shown: sections that are open.
        folded: sections that a reader opens.
        absent: sentences on what there is none of.
    """

    kind: str
    title: str
    facts: tuple[tuple[str, str], ...] = ()
    highlights: tuple[tuple[str, str], ...] = ()
    shown: tuple[ReportSection, ...] = ()
    folded: tuple[ReportSection, ...] = ()
    absent: tuple[str, ...] = ()


def render_view(view: FragmentView) -> str:
    """Return the ``<article>``; every text is escaped, and hidden characters are visible."""
    environment = _environment()
    environment.filters["filled"] = without_empty_columns
    return environment.get_template("fragment.html.jinja").render(
        view=view,
        style=fragment_style(),
        status_columns=_STATUS_COLUMNS,
        icons=_ICONS,
        rows_shown=ROWS_SHOWN,
    )


def without_empty_columns(table: ReportTable) -> ReportTable:
    """Leave out columns in which no row has anything, such as units that nobody gave."""
    kept = [i for i in range(len(table.columns)) if any(row[i] for row in table.rows)]
    if len(kept) == len(table.columns):
        return table
    return ReportTable(
        tuple(table.columns[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in table.rows),
        table.caption,
        tuple(place for place, i in enumerate(kept) if i in table.numeric),
    )


@cache
def fragment_style() -> str:
    """Return the style sheet of a fragment; every rule hangs on its class."""
    rules = (_FOLDER / "fragment.css").read_text(encoding="utf-8")
    light = ",".join(f"{host} .contexta" for host in _LIGHT_HOSTS)
    dark = ",".join(f"{host} .contexta" for host in _DARK_HOSTS)
    themes = (
        f".contexta{{{_LIGHT}}}@media (prefers-color-scheme: dark){{.contexta{{{_DARK}}}}}"
        f"{light}{{{_LIGHT}}}{dark}{{{_DARK}}}"
    )
    rules = re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL)
    return themes + " ".join(rules.split()).replace(".contexta", ".contexta" * 3)
