"""Judging methods of the facade: groups of runs, gates, changes over a history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contexta._client_services import ServiceProperties

if TYPE_CHECKING:
    from contexta.interpretation.changes import Bisection, ChangeHistory
    from contexta.interpretation.gate import GateResult
    from contexta.interpretation.groups import GroupComparison, ReplicateGroups, Selection
    from contexta.interpretation.groups.service import Direction
    from contexta.interpretation.query import RunListQuery


class JudgementDelegates(ServiceProperties):
    """Answers that rest on statistics; each says on how many runs, and what is missing."""

    __slots__ = ()

    def replicate_groups(
        self,
        by: Sequence[str],
        *,
        query: RunListQuery | None = None,
        project_name: str | None = None,
    ) -> ReplicateGroups:
        """Group runs that are equal in the params named by `by`."""
        return self.group_service.replicate_groups(by, query=query, project_name=project_name)

    def compare_groups(
        self,
        left: Selection,
        right: Selection,
        metric_keys: Sequence[str] | None = None,
        *,
        method: str = "welch",
        paired_by: str | None = None,
        alpha: float = 0.05,
        correction: str | None = "holm",
        aggregation: str = "latest",
        stage_name: str | None = None,
        higher_is_better: Direction = None,
        seed: int = 0,
    ) -> GroupComparison:
        """Say of each metric whether two groups of runs differ, by how much, how surely.

        See `contexta.interpretation.groups.GroupService.compare_groups`.
        """
        return self.group_service.compare_groups(
            left,
            right,
            metric_keys,
            method=method,
            paired_by=paired_by,
            alpha=alpha,
            correction=correction,
            aggregation=aggregation,
            stage_name=stage_name,
            higher_is_better=higher_is_better,
            seed=seed,
        )

    def evaluate_gate(
        self,
        candidate: Selection,
        rules: object,
        baseline: Selection | None = None,
        *,
        correction: str | None = "holm",
        seed: int = 0,
    ) -> GateResult:
        """Hold runs against rules: pass, fail or cannot tell, with `exit_code` 0, 1 or 2.

        See `contexta.interpretation.gate.GateService.evaluate`.
        """
        return self.gate_service.evaluate(
            candidate, rules, baseline, correction=correction, seed=seed
        )

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
        """Return where a metric changed over the completed runs.

        See `contexta.interpretation.changes.ChangeService.find_changes`.
        """
        return self.change_service.find_changes(
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
        """Return the first run after a change, and what differs from the run before it.

        See `contexta.interpretation.changes.ChangeService.bisect`.
        """
        return self.change_service.bisect(
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
            which=which,
            good=good,
            bad=bad,
        )
