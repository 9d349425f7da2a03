"""Completeness in words."""

from __future__ import annotations

from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.reports.models import ReportTable
from contexta.interpretation.wording import counted

# Name of the count: one, many, what it means.
_WORDS = {
    "missing": ("value missing", "values missing", "asked for, and not there"),
    "late": ("late record", "late records", "taken after what they tell of, or out of step order"),
    "clipped": ("clipped record", "clipped records", "only a part or a sample was kept"),
    "nonfinite": (
        "value NaN or infinite",
        "values NaN or infinite",
        "no mean and no extreme counts them",
    ),
    "degraded": ("degraded record", "degraded records", "marked as incomplete by who wrote them"),
    "imported": (
        "imported record",
        "imported records",
        "brought by an import or a replay",
    ),
    "lost": ("lost record", "lost records", "taken or offered, and gone"),
    "dead_writers": ("dead writer", "dead writers", "a process died before it closed its run"),
    "damaged_parts": (
        "damaged file",
        "damaged files",
        "cannot be read, or not as a whole, and may concern these runs",
    ),
    "missing_bodies": (
        "artifact without its body",
        "artifacts without their bodies",
        "registered, and the content is gone",
    ),
    "open_runs": ("open run", "open runs", "numbers can still change"),
}


def in_words(found: Completeness) -> str:
    """``complete``, or every count that is not zero."""
    texts = [counted(count, *_WORDS[name][:2]) for name, count in found.problems.items()]
    return ", ".join(texts) or "complete"


def is_known(found: Completeness | None) -> bool:
    """Whether anything was looked at; a result that was built by hand says nothing."""
    return found is not None and bool(found.runs or found.records or found.problems or found.notes)


def looked_at(found: Completeness) -> str:
    """How much the counts are of."""
    return f"{counted(found.runs, 'run')}, {counted(found.records, 'record')}"


def completeness_table(found: Completeness) -> ReportTable:
    """The counts that are not zero, with what they mean."""
    rows = tuple(
        (f"{count:,}", _WORDS[name][0 if count == 1 else 1], _WORDS[name][2])
        for name, count in found.problems.items()
    )
    caption = f"Missing or doubtful in {looked_at(found)}"
    return ReportTable(("Count", "What", "Meaning"), rows, caption, (0,))


def highlight(found: Completeness | None) -> tuple[tuple[str, str], ...]:
    """The pair for the top of a report; none when nothing is known."""
    return (("Completeness", in_words(found)),) if found is not None and is_known(found) else ()


def thinned(shown: int, total: int) -> str:
    """Say that a curve was thinned; empty when it is whole."""
    if total <= shown:
        return ""
    return f"thinned: {shown:,} of {total:,} points, with the ends and the extremes"
