"""What limits an answer, in words, beside the answer."""

from collections.abc import Iterable
from typing import Any

from contexta.cli._draw import Pen, note_lines
from contexta.cli._runq import no_project
from contexta.cli._words import counted

_WORDS = {
    "missing": ("missing value", "missing values"),
    "late": ("late record", "late records"),
    "clipped": ("clipped record", "clipped records"),
    "nonfinite": ("value not finite", "values not finite"),
    "degraded": ("degraded record", "degraded records"),
    "imported": ("imported record", "imported records"),
    "lost": ("lost record", "lost records"),
    "dead_writers": ("run whose process died", "runs whose process died"),
    "damaged_parts": ("damaged file", "damaged files"),
    "missing_bodies": ("artifact without body", "artifacts without body"),
    "open_runs": ("run still open", "runs still open"),
}


def completeness_line(completeness: Any, pen: Pen) -> list[str]:
    """One line that says what an answer lacks; ``complete`` when nothing is known to."""
    if completeness is None:
        return []
    problems = completeness.problems
    if not problems:
        return [pen.paint("Completeness: nothing is known to be missing", "dim")]
    told = ", ".join(_counted(name, count) for name, count in problems.items())
    serious = {"lost", "dead_writers", "damaged_parts", "missing_bodies"} & problems.keys()
    return [pen.paint(f"Completeness: {told}", "bad" if serious else "doubt")]


def _counted(name: str, count: int) -> str:
    one, several = _WORDS.get(name, (name, name))
    return counted(count, one, several)


def project_hint(ctx: Any, project: str | None) -> list[str]:
    """A line for whoever asked for a project that is not there; below an empty answer."""
    known = [] if project is None else ctx.list_projects()
    return [no_project(project, known)] if project and known and project not in known else []


def limits(notes: Iterable[Any], completeness: Any, pen: Pen, most: int = 3) -> list[str]:
    """Notes and completeness, after an empty line."""
    lines = [*note_lines(notes, pen, most), *completeness_line(completeness, pen)]
    return ["", *lines] if lines else []
