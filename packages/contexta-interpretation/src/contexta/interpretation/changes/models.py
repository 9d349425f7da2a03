"""Results of the search for changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contexta.interpretation._base import Result
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness import Completeness
from contexta.interpretation.query.models import EvidenceLink


@dataclass(frozen=True, slots=True)
class HistoryPoint(Result):
    """One run of a history: its place from 0, oldest first, and its one finite value."""

    index: int
    run_id: str
    run_name: str
    started_at: str | None
    value: float
    stage_name: str | None = None
    record_id: str | None = None


@dataclass(frozen=True, slots=True)
class Segment(Result):
    """Runs between two changes, both ends included; ``std`` is the sample standard deviation.

    ``mad`` is the median absolute deviation from the median, not scaled. ``std`` is ``None`` for
    one run.
    """

    first_index: int
    last_index: int
    first_run: str
    last_run: str
    count: int
    mean: float
    median: float
    std: float | None
    mad: float


@dataclass(frozen=True, slots=True)
class ChangePoint(Result):
    """A place between two runs where the values before and after are of different populations.

    Attributes:
        index: place of the first run after the change in the history.
        first_run_after: that run's id; ``last_run_before`` is its predecessor.
        earliest_index: with ``latest_index`` the 95 % interval of ``index``; it is too narrow
            where a change is only found by luck (steps of one standard deviation in short
            histories: 60 to 85 %).
        delta: mean after less mean before, in the unit of the metric; ``interval`` is its 95 %
            interval by Welch's t, ``None`` when it cannot be had. The place was chosen so that
            both sides differ, so the interval tends to be somewhat too far from zero.
        relative_change: ``delta`` by the absolute mean before; ``None`` when that is zero.
        p_value: share of rearranged histories with a change at least as clear, see
            ``ChangeService``; the smallest that can come out is 1 / (permutations + 1).
        direction: better, worse or unclear (the level did not move, only the spread).
    """

    index: int
    first_run_after: str
    first_run_after_name: str
    last_run_before: str
    last_run_before_name: str
    earliest_index: int
    latest_index: int
    count_before: int
    count_after: int
    mean_before: float
    mean_after: float
    median_before: float
    median_after: float
    delta: float
    interval: tuple[float, float] | None
    relative_change: float | None
    p_value: float
    direction: str
    evidence_links: tuple[EvidenceLink, ...] = ()

    _sequences = ("evidence_links",)


@dataclass(frozen=True, slots=True)
class ChangeHistory(Result):
    """The completed runs that have a metric, oldest first, and where it changed.

    Attributes:
        project_name: the one project of the runs; ``None`` when they are of several.
        reason: why there is no change point, ``None`` when there is one.
        smallest_detectable: the shift in the middle of this history that would be found with a
            probability of about 80 %, in the unit of the metric; ``None`` when no shift could be
            found, 0.0 for a constant history.
        autocorrelation: correlation of neighboring runs that the p values allow for; 0.0 when
            none was found.
        drift: whether a straight line fits better than steps; then each change point marks a part
            of a slope, and ``bisect`` has nothing to find.
        permutations: how many rearrangements a p value rests on at most; they depend on ``seed``.
    """

    metric_key: str
    project_name: str | None
    stage_name: str | None
    aggregation: str
    points: tuple[HistoryPoint, ...]
    change_points: tuple[ChangePoint, ...]
    segments: tuple[Segment, ...]
    higher_is_better: bool
    reason: str | None
    smallest_detectable: float | None
    autocorrelation: float
    drift: bool
    significance: float
    min_segment: int
    permutations: int
    seed: int
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = (
        "points",
        "change_points",
        "segments",
        "completeness_notes",
        "evidence_links",
    )

    @property
    def values(self) -> tuple[float, ...]:
        """The values, oldest run first."""
        return tuple(point.value for point in self.points)


@dataclass(frozen=True, slots=True)
class Difference(Result):
    """Something known of runs that is not the same before and after a change.

    Attributes:
        kind: code, param, config, command, data, package, environment, variable, stage or tag.
        change: added (after only), removed (before only) or changed.
        separates: one value in every run looked at before, another in every one after.
        index: place in the history where it differs: that of the change, or for a difference
            that separates too, one in the interval of the change or up to three runs beside it.
        runs_agreeing: how many of the ``runs_known`` runs have the value that their side of the
            change lets expect.
        label: the same in words.
    """

    kind: str
    key: str
    before_value: Any
    after_value: Any
    change: str
    separates: bool
    index: int
    runs_agreeing: int
    runs_known: int
    label: str
    evidence_links: tuple[EvidenceLink, ...] = ()

    _sequences = ("evidence_links",)


@dataclass(frozen=True, slots=True)
class Bisection(Result):
    """Which run came with a change first, and what sets it apart from its predecessor.

    Attributes:
        found: whether there is a change; without one ``reason`` says why and
            ``smallest_detectable`` (see ``ChangeHistory``) what would have been seen.
        method: ``change_point``, or ``nearest_level`` between a good and a bad run that were
            given and are too close for statistics: the first run from which on every value is
            nearer to the bad run's than to the good run's.
        first_run_after: the first run after the change, ``last_run_before`` its predecessor.
        differences: sorted, the best explanation first: what separates both sides exactly; what
            does so at a run in the interval of the change or up to three beside it; what was
            never the same on both sides; what varies anyway. A difference is a trace, no proof.
        summary: one sentence, also when nothing differs.
    """

    metric_key: str
    project_name: str | None
    found: bool
    reason: str | None
    method: str | None
    change: ChangePoint | None
    first_run_after: str | None
    last_run_before: str | None
    differences: tuple[Difference, ...]
    summary: str
    smallest_detectable: float | None
    history: ChangeHistory
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("differences", "completeness_notes", "evidence_links")
