"""What the checks of a gate look at, each read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contexta.interpretation.diagnostics import DiagnosticsService
from contexta.interpretation.gate.models import RuleOutcome
from contexta.interpretation.gate.rules import GateRule
from contexta.interpretation.groups._values import RunValue, ValueTable
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import RunRecord

_LINKS = 20


@dataclass(slots=True)
class Context:
    """The candidates, the baseline, and the metrics that the rules ask for."""

    query_service: QueryService
    diagnostics: DiagnosticsService
    runs: Sequence[RunRecord]
    baseline: Sequence[RunRecord]
    keys: Sequence[str]
    table: ValueTable = field(init=False)

    def __post_init__(self) -> None:
        """Read the metrics of both groups."""
        self.table = ValueTable(self.query_service, (*self.runs, *self.baseline), self.keys)

    def values(
        self, runs: Sequence[RunRecord], key: str, aggregation: str, stage_name: str | None
    ) -> list[RunValue]:
        """Return one value per run."""
        return self.table.values(runs, key, aggregation, stage_name)


def outcome(
    rule: GateRule,
    verdict: str,
    reason: str,
    numbers: dict[str, object],
    links: Sequence[EvidenceLink] = (),
) -> RuleOutcome:
    """Build the outcome of a rule; evidence is limited to the first links."""
    unique = tuple(dict.fromkeys(links))[:_LINKS]
    return RuleOutcome(rule.label, rule.type, verdict, reason, numbers, unique)


def run_link(run: RunRecord) -> EvidenceLink:
    """Point to a run."""
    return EvidenceLink("run", run.run_id, run.name)


def names(runs: Sequence[RunRecord]) -> str:
    """The first ids (names repeat), and how many more there are."""
    more = f" and {len(runs) - 3} more" if len(runs) > 3 else ""
    return ", ".join(run.run_id for run in runs[:3]) + more


def number(value: float | None) -> str:
    """A number with four digits."""
    return "unknown" if value is None else f"{value:.4g}"
