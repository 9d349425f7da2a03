"""Results of diagnosing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contexta.interpretation._base import Result
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.query.models import EvidenceLink


@dataclass(frozen=True, slots=True)
class DiagnosticsIssue(Result):
    """One problem of a run; ``code`` is stable, ``summary`` is for people."""

    severity: str
    code: str
    summary: str
    details: Mapping[str, Any]
    subject_ref: str | None
    evidence_links: tuple[EvidenceLink, ...] = ()

    _mappings = ("details",)
    _sequences = ("evidence_links",)


@dataclass(frozen=True, slots=True)
class DiagnosticsResult(Result):
    """The problems of one run; no issue means that nothing recorded says otherwise."""

    run_id: str
    issues: tuple[DiagnosticsIssue, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("issues", "completeness_notes", "evidence_links")
