"""Says what is wrong with a run."""

from __future__ import annotations

from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.diagnostics._rules import RULES
from contexta.interpretation.diagnostics.errors import (
    DiagnosticsError as DiagnosticsError,
)  # reached here by scripts
from contexta.interpretation.diagnostics.models import DiagnosticsResult
from contexta.interpretation.diagnostics.policy import DiagnosticsPolicy
from contexta.interpretation.query.service import QueryService


class DiagnosticsService:
    """Finds problems in what was recorded of a run; reads summaries and problem records only."""

    def __init__(
        self, query_service: QueryService, *, config: DiagnosticsPolicy | None = None
    ) -> None:
        """Ask through ``query_service``; ``config`` may be any object with the policy's fields."""
        self.query_service = query_service
        self.config = config if config is not None else DiagnosticsPolicy()

    def diagnose_run(self, run_id: str) -> DiagnosticsResult:
        """Return the issues of a run, the run's own first, then events, metrics and parts.

        Raises:
            ResolutionError: the run is unknown or its name is ambiguous.
        """
        facts = self.query_service.get_run_facts(run_id)
        issues = tuple(issue for rule in RULES for issue in rule(facts, self.config))
        links = [*facts.evidence_links, *(link for i in issues for link in i.evidence_links)]
        return DiagnosticsResult(
            run_id=facts.run.run_id,
            issues=issues,
            completeness_notes=tuple(
                CompletenessNote("warning", note, {"run_id": facts.run.run_id})
                for note in facts.completeness_notes
            ),
            evidence_links=tuple(dict.fromkeys(links)),
            completeness=facts.completeness,
        )
