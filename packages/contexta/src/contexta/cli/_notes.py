"""What limits an answer, in words, beside the answer."""

from collections.abc import Iterable
from typing import Any

from contexta.cli._draw import Pen, note_lines

_WORDS = {
    "missing": "missing values",
    "late": "late records",
    "clipped": "clipped records",
    "nonfinite": "values not finite",
    "degraded": "degraded records",
    "imported": "imported records",
    "lost": "lost records",
    "dead_writers": "runs whose process died",
    "damaged_parts": "damaged files",
    "missing_bodies": "artifacts without bodies",
    "open_runs": "runs still open",
}


def completeness_line(completeness: Any, pen: Pen) -> list[str]:
    """One line that says what an answer lacks; ``complete`` when nothing is known to."""
    if completeness is None:
        return []
    problems = completeness.problems
    if not problems:
        return [pen.paint("Completeness: nothing is known to be missing", "dim")]
    told = ", ".join(f"{count} {_WORDS.get(name, name)}" for name, count in problems.items())
    serious = {"lost", "dead_writers", "damaged_parts", "missing_bodies"} & problems.keys()
    return [pen.paint(f"Completeness: {told}", "bad" if serious else "doubt")]


def limits(notes: Iterable[Any], completeness: Any, pen: Pen, most: int = 3) -> list[str]:
    """Notes and completeness, after an empty line."""
    lines = [*note_lines(notes, pen, most), *completeness_line(completeness, pen)]
    return ["", *lines] if lines else []
