"""Two reports, section by section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contexta.interpretation.compare.errors import ComparisonError
from contexta.interpretation.compare.models import CompletenessNote, ReportComparison, SectionDiff


def compare_documents(left: object, right: object) -> ReportComparison:
    """Compare reports given as documents, mappings, or objects with fields of those names.

    A title that comes again gets its number: ``Notes``, ``Notes (2)``. Reports that share no
    section are of different kinds, which a note says.

    Raises:
        ComparisonError: an argument is none of these, or what it has is no list of sections
            (``compare_invalid_report_document``).
    """
    left_title, left_bodies = _read(left)
    right_title, right_bodies = _read(right)
    diffs, notes = [], _different(left_bodies, right_bodies)
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


def _different(left: dict[str, str], right: dict[str, str]) -> list[CompletenessNote]:
    if not left or not right or left.keys() & right.keys():
        return []
    details = {"left_sections": list(left), "right_sections": list(right)}
    return [CompletenessNote("warning", "report_shapes_differ", details)]


def _read(document: object) -> tuple[str, dict[str, str]]:
    values = _mapping(document)
    sections = values.get("sections")
    if isinstance(sections, (str, Mapping)) or not isinstance(sections, Sequence):
        given = ", ".join(sorted(map(str, values))) or "nothing"
        raise _refused(document, f"has no list of sections; it has {given}")
    bodies: dict[str, str] = {}
    for section in sections:
        fields = _mapping(section)
        title = fields.get("title") or fields.get("section_title")
        if not isinstance(title, str):
            raise _refused(document, "has a section without a title")
        bodies[_numbered(title, bodies)] = str(fields.get("body") or "")
    return str(values.get("title") or ""), bodies


def _numbered(title: str, known: dict[str, str]) -> str:
    if title not in known:
        return title
    number = 2
    while f"{title} ({number})" in known:
        number += 1
    return f"{title} ({number})"


def _mapping(value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    to_dict = getattr(value, "to_dict", None)
    if callable(to_dict) and not isinstance(value, type):
        found = to_dict()
    else:
        found = getattr(value, "__dict__", None)
    if not isinstance(found, Mapping):
        raise _refused(value, "is no report")
    return found


def _refused(value: object, reason: str) -> ComparisonError:
    return ComparisonError(
        f"this {type(value).__name__} {reason}; pass a ReportDocument or its to_dict()",
        code="compare_invalid_report_document",
        details={"type": type(value).__name__, "reason": reason},
    )
