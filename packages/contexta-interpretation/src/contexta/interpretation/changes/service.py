"""Finds where a metric changed over runs, and what came with the change."""

from __future__ import annotations

from typing import Any

from contexta.contract.errors import ValidationError
from contexta.interpretation.changes._asked import Asked
from contexta.interpretation.changes._assemble import (
    change_point,
    is_drift,
    links_of,
    segments_of,
    smallest_detectable,
)
from contexta.interpretation.changes._bisect import Bisector
from contexta.interpretation.changes._history import History, load_history
from contexta.interpretation.changes._search import Found, find_splits, permutations_for
from contexta.interpretation.changes.models import Bisection, ChangeHistory
from contexta.interpretation.changes.policy import ChangePolicy
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness import completeness_of
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.wording import counted

_WHICH = ("latest", "largest")


class ChangeService:
    """Searches histories of completed runs, one value per run, in the order of their start.

    A change is a place where the values before and after are of different populations, by the
    divergence of E-divisive and a permutation test (Matteson and James 2014; the sources of each
    part are in the modules beside this one). Its p value is the share of rearranged histories
    with a split at least as clear anywhere, so that looking at every place is paid for. Runs
    that follow each other too closely to be independent are allowed for.
    """

    def __init__(self, query_service: QueryService, config: ChangePolicy | None = None) -> None:
        """Ask through ``query_service``; ``config`` holds the defaults of each call."""
        self.query_service = query_service
        self.config = config or ChangePolicy()

    def find_changes(
        self,
        metric_key: str,
        *,
        query: RunListQuery | None = None,
        project_name: str | None = None,
        stage_name: str | None = None,
        aggregation: str | None = None,
        min_segment: int | None = None,
        significance: float | None = None,
        seed: int | None = None,
        max_runs: int | None = None,
        higher_is_better: bool | None = None,
    ) -> ChangeHistory:
        """Return the history of a metric and its change points.

        Args:
            metric_key: the metric.
            query: which runs; only completed ones are looked at, oldest first whatever its order.
            project_name: the project, unless the query names one.
            stage_name: take values of this stage; else see ``query.metrics``.
            aggregation: latest, max, min or mean of a run; ``None`` here and below: as configured.
            min_segment: the least number of runs on each side of a change.
            significance: the largest p value of a change.
            seed: of the permutations.
            max_runs: how many of the newest runs are looked at.
            higher_is_better: overrides what the words of the key say.

        Raises:
            ResolutionError: none of the completed runs has the metric
                (``changes_unknown_metric``), or in that stage (``changes_unknown_stage``).
            ValidationError: a setting is out of its range (``changes_invalid_policy``), the key
                is no text (``changes_invalid_metric_key``), or the direction neither true nor
                false (``changes_invalid_direction``).
        """
        asked = Asked(
            metric_key,
            query=query,
            project_name=project_name,
            stage_name=stage_name,
            aggregation=aggregation,
            min_segment=min_segment,
            significance=significance,
            seed=seed,
            max_runs=max_runs,
            higher_is_better=higher_is_better,
        )
        policy = asked.policy(self.config)
        return self._answer(asked, policy, load_history(self.query_service, asked, policy))

    def bisect(
        self,
        metric_key: str,
        *,
        query: RunListQuery | None = None,
        project_name: str | None = None,
        stage_name: str | None = None,
        aggregation: str | None = None,
        min_segment: int | None = None,
        significance: float | None = None,
        seed: int | None = None,
        max_runs: int | None = None,
        higher_is_better: bool | None = None,
        which: str = "latest",
        good: str | None = None,
        bad: str | None = None,
    ) -> Bisection:
        """Return the first run after a change, and what differs from its predecessor.

        Args:
            metric_key: the metric; for everything up to ``higher_is_better`` see
                :meth:`find_changes`.
            query: see there.
            project_name: see there.
            stage_name: see there.
            aggregation: see there.
            min_segment: see there.
            significance: see there.
            seed: see there.
            max_runs: see there.
            higher_is_better: see there.
            which: ``latest`` change, or ``largest`` (by the distance of the medians in units of
                the deviation within both segments).
            good: a run before the change that is meant; only changes after it count.
            bad: a run after the change that is meant; only changes up to it count. With both, and
                no significant change between them, the answer is the first run from which on
                every value up to ``bad`` is nearer to its value than to that of ``good``.

        Raises:
            ResolutionError: as :meth:`find_changes`; ``good`` or ``bad`` is unknown, ambiguous, or
                not in the history (``changes_run_not_in_history``).
            ValidationError: as :meth:`find_changes`; ``which`` is unknown
                (``changes_invalid_bisection``).
            ChangeError: ``bad`` does not come after ``good`` (``changes_invalid_bisection``).
        """
        if which not in _WHICH:
            raise ValidationError(
                f"which is {which!r}; use one of {', '.join(_WHICH)}",
                code="changes_invalid_bisection",
                details={"which": str(which), "allowed": list(_WHICH)},
            )
        asked = Asked(
            metric_key,
            query=query,
            project_name=project_name,
            stage_name=stage_name,
            aggregation=aggregation,
            min_segment=min_segment,
            significance=significance,
            seed=seed,
            max_runs=max_runs,
            higher_is_better=higher_is_better,
        )
        policy = asked.policy(self.config)
        history = load_history(self.query_service, asked, policy)
        found = self._answer(asked, policy, history)
        bisector = Bisector(self.query_service, found, history.runs, policy.facts_per_side)
        return bisector.answer(which, good, bad)

    def _answer(self, asked: Asked, policy: ChangePolicy, history: History) -> ChangeHistory:
        points = history.points
        values = [point.value for point in points]
        metric_key, higher = asked.metric_key, asked.direction
        found = Found((), 0.0, permutations_for(policy.significance))
        if values:
            found = find_splits(
                values,
                least=policy.min_segment,
                significance=policy.significance,
                seed=policy.seed,
            )
        places = [split.index for split in found.splits]
        bounds = [0, *places, len(points)]
        changes = tuple(
            change_point(points, low, split, high, higher_is_better=higher)
            for low, split, high in zip(bounds[:-2], found.splits, bounds[2:], strict=True)
        )
        drift = is_drift(values, places)
        return ChangeHistory(
            metric_key=metric_key,
            project_name=history.project_name,
            stage_name=asked.stage_name,
            aggregation=policy.aggregation,
            points=points,
            change_points=changes,
            segments=segments_of(points, places),
            higher_is_better=higher,
            reason=None if changes else _reason(values, metric_key, policy),
            smallest_detectable=smallest_detectable(
                values,
                least=policy.min_segment,
                significance=policy.significance,
                correlation=found.correlation,
            ),
            autocorrelation=found.correlation,
            drift=drift,
            significance=policy.significance,
            min_segment=policy.min_segment,
            permutations=found.permutations,
            seed=policy.seed,
            completeness_notes=(*history.notes, *_notes(metric_key, found, drift)),
            evidence_links=tuple(
                dict.fromkeys(link for change in changes for link in change.evidence_links)
            )
            or tuple(link for point in points[-1:] for link in links_of(point)),
            completeness=completeness_of(self.query_service, history.run_ids, [metric_key]),
        )


def _reason(values: list[float], metric_key: str, policy: ChangePolicy) -> str:
    least = 2 * policy.min_segment
    if not values:
        return f"no completed run has a finite value of {metric_key!r}"
    if len(values) < least:
        few = counted(len(values), "completed run is", "completed runs are")
        return f"{few} too few: at least {least} are needed"
    if len(set(values)) == 1:
        return f"all {len(values)} values are the same"
    return f"no place is significant at {policy.significance:g} among {len(values)} runs"


def _notes(metric_key: str, found: Found, drift: bool) -> list[CompletenessNote]:
    notes = []
    if found.correlation:
        details: dict[str, Any] = {"autocorrelation": round(found.correlation, 3)}
        notes.append(CompletenessNote("info", f"runs_are_correlated:{metric_key}", details))
    if drift:
        details = {"change_points": len(found.splits)}
        notes.append(CompletenessNote("warning", f"drift_fits_better:{metric_key}", details))
    return notes
