"""Rules and what they found."""

from __future__ import annotations

from dataclasses import dataclass, field

from contexta.interpretation._base import Result
from contexta.interpretation.alert._checks import label_of, problems_of, raise_problems
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.query.models import EvidenceLink


@dataclass(frozen=True, slots=True)
class AlertRule(Result):
    """Triggers when ``value operator threshold`` is true (gt, lt, gte, lte, eq, ne).

    Checked when it is evaluated, so that rules read from a file can be listed with their faults.
    """

    metric_key: str
    operator: str
    threshold: float
    stage_name: str | None = None
    severity: str = "warning"
    name: str | None = None

    @property
    def label(self) -> str:
        """The name, or ``metric[@stage]:operator:threshold``."""
        return label_of(self)

    def check(self) -> None:
        """Check every field.

        Raises:
            ValidationError: ``alert_invalid_metric_key``, ``alert_invalid_operator``,
                ``alert_invalid_threshold``, ``alert_invalid_severity``.
        """
        raise_problems(list(problems_of(self)))


@dataclass(frozen=True, slots=True)
class AlertResult(Result):
    """One rule for one run; ``actual_value`` ``None``: the run lacks the metric.

    ``completeness`` is ``None`` in the report of a fleet, which has that of all its runs.
    """

    rule_name: str
    metric_key: str
    run_id: str
    actual_value: float | None
    threshold: float
    operator: str
    triggered: bool
    severity: str
    stage_name: str | None = None
    evidence_links: tuple[EvidenceLink, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    completeness: Completeness | None = None

    _sequences = ("evidence_links", "completeness_notes")


@dataclass(frozen=True, slots=True)
class AlertReport(Result):
    """All rules for several runs.

    ``total_runs`` is how many runs the query selects, its limit and offset aside; ``run_ids``
    are those that were looked at. ``None`` where nobody counted.
    """

    run_ids: tuple[str, ...]
    results: tuple[AlertResult, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)
    total_runs: int | None = None

    _sequences = ("run_ids", "results", "completeness_notes")
