"""Results of anomaly detection."""

from __future__ import annotations

from dataclasses import dataclass

from contexta.interpretation._base import Result
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.query.models import EvidenceLink


@dataclass(frozen=True, slots=True)
class MetricBaseline(Result):
    """What is usual for a metric; statistics are ``None`` when no run has a finite value.

    ``std`` is the population standard deviation, ``mad`` the median absolute deviation.
    """

    metric_key: str
    mean: float | None
    std: float | None
    p5: float | None
    p95: float | None
    computed_from_n_runs: int
    median: float | None = None
    mad: float | None = None


@dataclass(frozen=True, slots=True)
class AnomalyResult(Result):
    """How one value of a run compares; severity info means that it is usual.

    ``z_score`` is ``None`` where it is undefined: the value is not finite, the baseline is
    empty, or it has no spread and the value differs from it.
    """

    metric_key: str
    run_id: str
    actual_value: float
    expected_range: tuple[float | None, float | None]
    z_score: float | None
    severity: str
    evidence_links: tuple[EvidenceLink, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()

    _sequences = ("expected_range", "evidence_links", "completeness_notes")
