"""Results that have no report: their fields, or a row for each."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from contexta.interpretation._base import Result
from contexta.interpretation.reports._fragment import ROWS_SHOWN, FragmentView
from contexta.interpretation.reports._parts import field_table
from contexta.interpretation.reports.escape import cut, visible
from contexta.interpretation.reports.models import ReportSection, ReportTable
from contexta.interpretation.wording import counted
from contexta.interpretation.wording import in_reports as fmt

_BESIDE = frozenset(("evidence_links", "completeness_notes", "completeness"))
_LONG = frozenset(("attributes", "metadata"))  # seen of one, too much in a list
_CELL = 80


def table_of(items: Sequence[Result], caption: str = "") -> ReportTable:
    """Return a row for each, without the fields that none of them has a value in."""
    names = [
        field.name
        for field in dataclasses.fields(items[0])
        if field.name not in _BESIDE | _LONG
        and any(_has_value(getattr(item, field.name)) for item in items[:ROWS_SHOWN])
    ]
    rows = tuple(tuple(cell_of(name, getattr(item, name)) for name in names) for item in items)
    numeric = tuple(
        index
        for index, name in enumerate(names)
        if all(_is_number(getattr(item, name)) for item in items[:ROWS_SHOWN])
    )
    return ReportTable(tuple(map(heading, names)), rows, caption, numeric)


def rows_view(items: Sequence[Result]) -> FragmentView:
    """Several results of one kind."""
    word = word_of(type(items[0]))
    section = ReportSection("Rows", "", tables=(table_of(items[:ROWS_SHOWN]),))
    hidden = len(items) - ROWS_SHOWN
    told = (f"{hidden:,} more; to_pandas() has them all.",) if hidden > 0 else ()
    title = counted(len(items), word)
    return FragmentView("List", title, shown=(section,), absent=told)


def fields_view(item: Result) -> FragmentView:
    """One result by its fields."""
    section = ReportSection("Fields", "", tables=(field_table(field_pairs(item)),))
    name = getattr(item, "name", None) or getattr(item, "metric_key", "")
    return FragmentView(word_of(type(item)).capitalize(), str(name), shown=(section,))


def word_of(kind: type[Result]) -> str:
    """What a class stands for, in words: ``DeploymentRecord`` for deployments."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
    return re.sub(r" (record|result|view)$", "", words)


def field_pairs(item: Result) -> list[tuple[str, str]]:
    """Name and value of each field that has one."""
    values = [(field.name, getattr(item, field.name)) for field in dataclasses.fields(item)]
    return [
        (heading(name), cell_of(name, value))
        for name, value in values
        if name not in _BESIDE and _has_value(value)
    ]


def line_of(item: Result) -> str:
    """One result in a line."""
    pairs = [f"{name}: {value}" for name, value in field_pairs(item)]
    return visible(cut(f"{word_of(type(item)).capitalize()}: " + " · ".join(pairs), 400))


def heading(name: str) -> str:
    """``stage_name`` as a reader reads it: ``Stage name``."""
    return name.replace("_", " ").capitalize()


def cell_of(name: str, value: Any) -> str:
    """A field as text."""
    if name.endswith("_at") and isinstance(value, str):
        return fmt.moment(value)
    if isinstance(value, Mapping):
        return cut(", ".join(f"{key}={fmt.plain(item)}" for key, item in value.items()), _CELL)
    if isinstance(value, (tuple, list)):
        return cut(", ".join(map(fmt.plain, value)), _CELL)
    return fmt.plain(value)


def _has_value(value: object) -> bool:
    return value is not None and value != () and value != {} and value != ""


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
