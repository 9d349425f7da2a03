"""What a gate found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contexta.interpretation._base import Result
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness import Completeness
from contexta.interpretation.query.models import EvidenceLink

OUTCOMES = ("pass", "fail", "cannot_tell")
EXIT_CODES = {"pass": 0, "fail": 1, "cannot_tell": 2}


@dataclass(frozen=True, slots=True)
class RuleOutcome(Result):
    """One rule: ``outcome`` is pass, fail or cannot_tell, with its reason in words.

    ``numbers`` are what the outcome rests on, by name; ``rule_type`` is that of the rule.
    """

    rule: str
    rule_type: str
    outcome: str
    reason: str
    numbers: Mapping[str, Any]
    evidence_links: tuple[EvidenceLink, ...] = ()

    _mappings = ("numbers",)
    _sequences = ("evidence_links",)


@dataclass(frozen=True, slots=True)
class GateResult(Result):
    """All rules of a gate, in their order.

    ``verdict`` is ``fail`` when any rule fails, else ``cannot_tell`` when any cannot be told,
    else ``pass``. ``exit_code`` is 0 for pass, 1 for fail, 2 for cannot_tell, so that a shell
    stops at anything but a pass.
    """

    verdict: str
    exit_code: int
    outcomes: tuple[RuleOutcome, ...]
    run_ids: tuple[str, ...]
    baseline_run_ids: tuple[str, ...]
    correction: str | None
    seed: int
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = (
        "outcomes",
        "run_ids",
        "baseline_run_ids",
        "completeness_notes",
        "evidence_links",
    )


def overall(outcomes: tuple[RuleOutcome, ...]) -> str:
    """Any fail: fail; else any cannot_tell: cannot_tell; else pass."""
    found = {item.outcome for item in outcomes}
    return next((name for name in ("fail", "cannot_tell") if name in found), "pass")
