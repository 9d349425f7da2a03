"""What is missing or doubtful, as a section: counts, then notes with what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.meanings import explain
from contexta.interpretation.reports.completeness import (
    completeness_table,
    in_words,
    is_known,
    looked_at,
)
from contexta.interpretation.reports.escape import cut
from contexta.interpretation.reports.models import ReportSection, ReportTable
from contexta.interpretation.wording import in_reports as fmt
from contexta.interpretation.wording import listed

_VALUES_SHOWN = 3


def notes_section(
    notes: Iterable[CompletenessNote],
    completeness: Completeness | None = None,
    tables: Iterable[ReportTable] = (),
) -> ReportSection:
    """Build the section; ``tables`` come last."""
    items = list(notes)
    lines: list[str] = []
    shown: list[ReportTable] = []
    if completeness is not None and is_known(completeness):
        lines.append(f"{looked_at(completeness)}: {in_words(completeness)}")
        lines += completeness.notes
        if not completeness.complete:
            shown.append(completeness_table(completeness))
        if completeness.notes:
            shown.append(ReportTable(("What is known",), tuple((n,) for n in completeness.notes)))
    lines += [f"{note.severity}: {note.summary}" for note in items]
    if items:
        shown.append(_table(items))
    body = "\n".join(lines) or "Nothing is known to be missing."
    return ReportSection("Completeness Notes", body, tables=(*shown, *tables))


def _table(notes: Sequence[CompletenessNote]) -> ReportTable:
    """One row per note; equal ones about several runs share a row."""
    groups: dict[tuple[str, str], list[CompletenessNote]] = {}
    for note in notes:
        groups.setdefault((note.severity, note.summary), []).append(note)
    rows = tuple(
        (
            severity,
            summary,
            explain(summary),
            details_in_words(note.details or {} for note in items),
        )
        for (severity, summary), items in groups.items()
    )
    columns = ("Severity", "Note", "Meaning", "Details")
    if not any(row[3] for row in rows):
        return ReportTable(columns[:3], tuple(row[:3] for row in rows))
    return ReportTable(columns, rows)


def details_in_words(details: Iterable[Mapping[str, Any]], longest: int | None = None) -> str:
    """What notes name beside their text: runs, counts, the nearest names.

    Args:
        details: of each note; equal values are said once, and of many the first.
        longest: cut values of more characters.
    """
    found: dict[str, dict[str, None]] = {}
    for one in details:
        for name, value in one.items():
            for item in value if isinstance(value, (list, tuple)) else [value]:
                if item is not None:
                    text = fmt.plain(item)
                    shown = text if longest is None else cut(text, longest)
                    found.setdefault(name, {})[shown] = None
    return "; ".join(
        f"{name.replace('_', ' ')}: {listed(list(v), _VALUES_SHOWN)}" for name, v in found.items()
    )
