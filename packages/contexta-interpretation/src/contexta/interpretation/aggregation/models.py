"""Results of aggregation."""

from __future__ import annotations

from dataclasses import dataclass, field

from contexta.interpretation._base import Result
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness import Completeness


@dataclass(frozen=True, slots=True)
class MetricAggregate(Result):
    """Statistics over one finite value per run; all ``None`` when ``count`` is 0.

    ``std`` is the population standard deviation, ``sample_std`` that of a sample (divisor n - 1,
    ``None`` below two runs); percentiles interpolate linearly. ``median``, ``mad`` (median
    absolute deviation from it, not scaled) and ``robust_std`` (the standard deviation that normal
    values of that deviation have) heed few outliers. ``excluded_missing`` runs lack the metric,
    ``excluded_nonfinite`` have NaN or an infinity.
    """

    metric_key: str
    project_name: str | None
    count: int
    mean: float | None
    std: float | None
    min: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    max: float | None
    completeness_notes: tuple[CompletenessNote, ...] = ()
    median: float | None = None
    mad: float | None = None
    robust_std: float | None = None
    sample_std: float | None = None
    excluded_missing: int = 0
    excluded_nonfinite: int = 0
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("completeness_notes",)


@dataclass(frozen=True, slots=True)
class StageAggregate(Result):
    """One metric of one stage: one value per run, so that long runs do not outweigh others."""

    stage_name: str
    metric_key: str
    count: int
    mean: float | None
    min: float | None
    max: float | None
    median: float | None = None
    mad: float | None = None
    excluded_nonfinite: int = 0


@dataclass(frozen=True, slots=True)
class RunSummaryTable(Result):
    """Metrics by stage over runs; metrics of the run itself are under ``_unassigned``."""

    project_name: str | None
    total_runs: int
    by_stage: tuple[StageAggregate, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("by_stage", "completeness_notes")


@dataclass(frozen=True, slots=True)
class StatusCount(Result):
    """How many runs have a status."""

    status: str
    count: int


@dataclass(frozen=True, slots=True)
class RunStatusDistribution(Result):
    """Runs by status."""

    project_name: str | None
    total: int
    by_status: tuple[StatusCount, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("by_status", "completeness_notes")

    @property
    def pass_rate(self) -> float:
        """Completed runs by all runs; 0.0 without runs."""
        completed = sum(row.count for row in self.by_status if row.status == "completed")
        return completed / self.total if self.total else 0.0
