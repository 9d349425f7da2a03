"""Two reports, section by section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contexta.interpretation.compare.errors import ComparisonError
from contexta.interpretation.compare.models import CompletenessNote, ReportComparison, SectionDiff


def compare_documents(left: object, right: object) -> ReportComparison:
    """Compare reports given as documents, mappings, or objects with fields of those names.

    Raises:
        ComparisonError: an argument is none of these (``compare_invalid_report_document``).
    """
    left_title, left_bodies = _read(left)
    right_title, right_bodies = _read(right)
    diffs, notes = [], []
    for title in sorted(left_bodies.keys() | right_bodies.keys()):
        before, after = left_bodies.get(title), right_bodies.get(title)
        diffs.append(SectionDiff(title, before, after, before != after))
        if before is None or after is None:
            notes.append(
                CompletenessNote(
                    "warning",
                    f"section_presence_changed:{title}",
                    {"left_present": before is not None, "right_present": after is not None},
                )
            )
    return ReportComparison(left_title, right_title, tuple(diffs), tuple(notes))


def _read(document: object) -> tuple[str, dict[str, str]]:
    values = _mapping(document)
    sections = values.get("sections", ())
    bodies: dict[str, str] = {}
    for section in sections if isinstance(sections, (list, tuple)) else ():
        fields = _mapping(section)
        title = str(fields.get("title") or fields.get("section_title") or "")
        bodies[title] = str(fields.get("body") or "")
    return str(values.get("title") or ""), bodies


def _mapping(value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    to_dict = getattr(value, "to_dict", None)
    found = to_dict() if callable(to_dict) else getattr(value, "__dict__", None)
    if not isinstance(found, Mapping):
        raise ComparisonError(
            f"a {type(value).__name__} is no report; pass a ReportDocument or its to_dict()",
            code="compare_invalid_report_document",
            details={"type": type(value).__name__},
        )
    return found
