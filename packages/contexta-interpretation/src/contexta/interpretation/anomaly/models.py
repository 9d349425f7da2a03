"""Results of anomaly detection."""

from __future__ import annotations

from dataclasses import dataclass, field

from contexta.interpretation._base import Result
from contexta.interpretation._statistics import robust_spread
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness import Completeness
from contexta.interpretation.query.models import EvidenceLink


@dataclass(frozen=True, slots=True)
class MetricBaseline(Result):
    """What is usual for a metric; statistics are ``None`` when no run has a finite value.

    ``std`` is the sample standard deviation (divisor n - 1, ``None`` for fewer than two runs), as
    the runs are a sample of what comes. ``mad`` is the median absolute deviation from the median,
    ``mean_deviation`` the mean one; neither is scaled. ``computed_from_n_runs`` counts the values
    (``n`` is the same), ``excluded_missing`` the runs without the metric, ``excluded_nonfinite``
    those whose value is NaN or infinite, ``excluded_status`` those that the filters select and
    that are not completed. ``completeness`` is that of the runs, for all metrics asked for at once.
    """

    metric_key: str
    mean: float | None
    std: float | None
    p5: float | None
    p95: float | None
    computed_from_n_runs: int
    median: float | None = None
    mad: float | None = None
    mean_deviation: float | None = None
    excluded_missing: int = 0
    excluded_nonfinite: int = 0
    excluded_status: int = 0
    completeness_notes: tuple[CompletenessNote, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("completeness_notes",)

    @property
    def n(self) -> int:
        """How many runs the statistics are of."""
        return self.computed_from_n_runs

    @property
    def robust_spread(self) -> float | None:
        """Spread by ``mad``, or by ``mean_deviation`` where that is 0; see ``AnomalyPolicy``."""
        return robust_spread(self.mad, self.mean_deviation)


@dataclass(frozen=True, slots=True)
class AnomalyResult(Result):
    """How one value of a run compares; severity info means that it is usual.

    ``z_score`` is ``None`` where it is undefined: the value is not finite, the baseline has
    fewer than two values, or it has no spread and the value differs from it. ``baseline`` is what
    the value was compared with, ``robust`` whether by median and median deviation.
    """

    metric_key: str
    run_id: str
    actual_value: float
    expected_range: tuple[float | None, float | None]
    z_score: float | None
    severity: str
    evidence_links: tuple[EvidenceLink, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    robust: bool = False
    baseline: MetricBaseline | None = None
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("expected_range", "evidence_links", "completeness_notes")
