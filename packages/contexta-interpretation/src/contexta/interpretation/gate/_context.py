"""What the checks of a gate look at, each read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contexta.interpretation.diagnostics import DiagnosticsIssue, DiagnosticsService
from contexta.interpretation.gate.models import RuleOutcome
from contexta.interpretation.gate.rules import GateRule
from contexta.interpretation.groups._values import RunValue, ValueTable
from contexta.interpretation.query.metrics import metric_summaries
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
    _issues: dict[str, tuple[DiagnosticsIssue, ...]] = field(init=False, default_factory=dict)
    _known: list[str] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Read the metrics of both groups."""
        self.table = ValueTable(self.query_service, (*self.runs, *self.baseline), self.keys)

    def values(
        self, runs: Sequence[RunRecord], key: str, aggregation: str, stage_name: str | None
    ) -> list[RunValue]:
        """Return one value per run."""
        return self.table.values(runs, key, aggregation, stage_name)

    def issues_of(self, run: RunRecord) -> tuple[DiagnosticsIssue, ...]:
        """Diagnose a candidate, once for all rules."""
        if run.run_id not in self._issues:
            self._issues[run.run_id] = self.diagnostics.diagnose_run(run.run_id).issues
        return self._issues[run.run_id]

    def known_metrics(self) -> list[str]:
        """Return every metric that any candidate has, sorted."""
        if self._known is None:
            ids = [run.run_id for run in self.runs]
            rows = metric_summaries(self.query_service.repository, ids)
            self._known = sorted({row.metric_key for row in rows})
        return self._known


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
