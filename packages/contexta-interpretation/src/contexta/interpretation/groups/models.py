"""Groups of runs and what comparing two of them says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contexta.interpretation._base import Result
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness import Completeness
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.statistics import Comparison

VERDICTS = ("better", "worse", "different", "no difference found", "cannot tell")


@dataclass(frozen=True, slots=True)
class ReplicateGroup(Result):
    """Runs that are equal in the chosen params, in the order of the listing.

    ``params`` holds the common values; a chosen param that these runs do not have is in
    ``missing`` instead.
    """

    params: Mapping[str, Any]
    missing: tuple[str, ...]
    run_ids: tuple[str, ...]

    _mappings = ("params",)
    _sequences = ("missing", "run_ids")

    @property
    def size(self) -> int:
        """How many runs there are."""
        return len(self.run_ids)

    @property
    def label(self) -> str:
        """The group in words: ``lr=0.1, seed missing``."""
        known = [f"{key}={value}" for key, value in self.params.items()]
        return ", ".join([*known, *(f"{key} missing" for key in self.missing)])


@dataclass(frozen=True, slots=True)
class ReplicateGroups(Result):
    """All groups, in the order of their first runs; every run listed is in exactly one."""

    by: tuple[str, ...]
    groups: tuple[ReplicateGroup, ...]
    completeness_notes: tuple[CompletenessNote, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("by", "groups", "completeness_notes")

    @property
    def sizes(self) -> tuple[int, ...]:
        """The size of each group."""
        return tuple(group.size for group in self.groups)


@dataclass(frozen=True, slots=True)
class GroupSide(Result):
    """One metric of one group: ``n`` finite values, one per run.

    ``missing`` runs lack the metric, ``nonfinite`` runs have NaN or an infinity; neither is
    among the ``n``. ``unpaired`` runs have a value without a counterpart. ``sd`` has the divisor
    n - 1.
    """

    n: int
    mean: float | None
    sd: float | None
    median: float | None
    minimum: float | None
    maximum: float | None
    missing: int = 0
    nonfinite: int = 0
    unpaired: int = 0


@dataclass(frozen=True, slots=True)
class GroupMetric(Result):
    """One metric of both groups; differences are right - left.

    ``verdict`` is that of the right group: ``better``, ``worse``, ``different`` (neither
    direction is good), ``no difference found`` or ``cannot tell``; ``reason`` says why, in words.
    ``p_adjusted`` is what is held against alpha. ``relative`` divides by the left mean's size.
    ``effect_size`` is Hedges' g (paired: of the differences).

    ``smallest_detectable`` is the true difference that groups like these would show with the
    policy's power; for several metrics at the level that the strictest step of the correction
    leaves to one. ``test`` holds every figure of the test.
    """

    metric_key: str
    left: GroupSide
    right: GroupSide
    difference: float | None
    relative: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    effect_size: float | None
    smallest_detectable: float | None
    verdict: str
    reason: str
    higher_is_better: bool | None
    test: Comparison
    unit: str | None = None
    evidence_links: tuple[EvidenceLink, ...] = ()

    _sequences = ("evidence_links",)


@dataclass(frozen=True, slots=True)
class GroupComparison(Result):
    """Two groups of runs side by side, one row per metric, sorted by key."""

    left_run_ids: tuple[str, ...]
    right_run_ids: tuple[str, ...]
    metrics: tuple[GroupMetric, ...]
    method: str
    alpha: float
    correction: str | None
    aggregation: str
    stage_name: str | None
    paired_by: str | None
    power: float
    seed: int
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = (
        "left_run_ids",
        "right_run_ids",
        "metrics",
        "completeness_notes",
        "evidence_links",
    )

    def metric(self, metric_key: str) -> GroupMetric | None:
        """Return the row of one metric, or ``None``."""
        return next((row for row in self.metrics if row.metric_key == metric_key), None)
