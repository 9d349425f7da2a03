"""Cells as text: numbers bare, text such that a spreadsheet shows it and never runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contexta.interpretation.jsonsafe import jsonable, nonfinite_marker
from contexta.interpretation.reports.escape import visible_lines
from contexta.interpretation.reports.spreadsheets import would_run


def csv_cell(value: Any) -> str:
    r"""Return the text of a CSV cell; ``None`` is empty.

    Numbers are written by ``str``, NaN as ``nan``. Text that begins like a formula gets an
    apostrophe before it, by the rule of CSV reports: a number is none, also where it is text
    (``-1.5``). Control and bidirectional characters are shown as escapes such as
    ``\x1b``; line feeds and tabs stay, the cell is quoted for them.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return guarded(value if isinstance(value, str) else json_text(value))


def guarded(text: str) -> str:
    """Return the text with an apostrophe before it where it could be run as a formula."""
    shown = visible_lines(text)
    return f"'{shown}" if would_run(text) else shown


def json_text(value: Any) -> str:
    """Return a value as compact JSON with sorted keys; what is not finite becomes null."""
    return _dumped(value, sort_keys=True, separators=(",", ":"))


def json_line(row: Mapping[str, Any]) -> str:
    """Return a row as one line of JSON, keys in their order; see :func:`plain` for NaN."""
    return _dumped(row)


def _dumped(value: Any, **form: Any) -> str:
    try:
        # Most values are plain already; making a plain copy first would take ten times as long.
        return json.dumps(value, allow_nan=False, **form)
    except (TypeError, ValueError):
        return json.dumps(plain(value), allow_nan=False, **form)


def plain(value: Any) -> Any:
    """Return a value as plain JSON data, in the form of ``Result.to_dict``.

    A number that is not finite becomes ``None`` and is named beside it under
    ``<name>_marker``, as everywhere in Contexta.
    """
    if isinstance(value, Mapping):
        out: dict[str, Any] = {}
        for key, one in value.items():
            out[str(key)] = plain(one)
            marker = nonfinite_marker(one)
            if marker is not None:
                out[f"{key}_marker"] = marker
        return out
    return jsonable(value)
