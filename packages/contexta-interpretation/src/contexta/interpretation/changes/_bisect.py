"""Chooses the change that is meant and says what came with it."""

from __future__ import annotations

from collections.abc import Sequence

from contexta.interpretation.changes._differences import known_kinds, rank_differences
from contexta.interpretation.changes._facts import KINDS, Facts, facts_of_run, load_facts
from contexta.interpretation.changes.errors import ChangeError
from contexta.interpretation.changes.models import (
    Bisection,
    ChangeHistory,
    ChangePoint,
    Difference,
)
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import RunRecord

_DRIFT = " A straight line fits this history better than steps: there may be no first bad run."


class Bisector:
    """Answers for one history; reads facts of runs only around the change chosen."""

    def __init__(
        self,
        queries: QueryService,
        history: ChangeHistory,
        runs: Sequence[RunRecord],
        facts_per_side: int,
    ) -> None:
        self._queries = queries
        self._history = history
        self._runs = runs
        self._per_side = facts_per_side

    def answer(self, which: str, good: str | None, bad: str | None) -> Bisection:
        """Return the bisection; see ``ChangeService.bisect``."""
        first, last = self._range(good, bad)
        changes = [c for c in self._history.change_points if first < c.index <= last]
        if changes:
            change = changes[-1] if which == "latest" else max(changes, key=self._size)
            return self._explain(change, "change_point", change.index)
        if good is not None and bad is not None:
            index = self._nearest_level(first, last)
            if index is not None:
                return self._explain(None, "nearest_level", index)
        return self._nothing(good, bad)

    def _range(self, good: str | None, bad: str | None) -> tuple[int, int]:
        first = 0 if good is None else self._place(good, "good")
        last = len(self._runs) - 1 if bad is None else self._place(bad, "bad")
        if (good is not None or bad is not None) and first >= last:
            if bad is None:
                text = f"no run comes after the good run {good!r} in the history"
            elif good is None:
                text = f"no run comes before the bad run {bad!r} in the history"
            else:
                text = f"the bad run {bad!r} does not come after the good run {good!r}"
            raise ChangeError(
                f"{text}; give a good run that is older than the bad one",
                code="changes_invalid_bisection",
                details={"good": good, "bad": bad},
            )
        return first, last

    def _place(self, name: str, role: str) -> int:
        run = self._queries.require_run(name)
        for place, known in enumerate(self._runs):
            if known.run_id == run.run_id:
                return place
        raise ResolutionError(
            f"the {role} run {run.run_id} is not in the history: it is not completed, has no "
            f"finite {self._history.metric_key!r}, or the query leaves it out",
            code="changes_run_not_in_history",
            details={"run_id": run.run_id, "role": role},
        )

    def _size(self, change: ChangePoint) -> float:
        """Distance of the medians in units of the scaled median deviation of both segments."""
        around = [
            segment
            for segment in self._history.segments
            if change.index in (segment.first_index, segment.last_index + 1)
        ]
        spread = 1.4826 * sum(segment.mad for segment in around) / max(1, len(around))
        distance = abs(change.median_after - change.median_before)
        return distance / spread if spread else float("inf") if distance else 0.0

    def _nearest_level(self, first: int, last: int) -> int | None:
        values = self._history.values
        good, bad = values[first], values[last]
        if good == bad:
            return None
        index = last
        while index - 1 > first and abs(values[index - 1] - bad) < abs(values[index - 1] - good):
            index -= 1
        return index

    def _explain(self, change: ChangePoint | None, method: str, index: int) -> Bisection:
        bounds = [
            0,
            *(c.index for c in self._history.change_points),
            len(self._runs),
        ]
        low = max(bound for bound in bounds if bound < index)
        high = min(bound for bound in bounds if bound > index)
        before = [self._facts(place, index) for place in range(low, index)]
        after = [self._facts(place, index) for place in range(index, high)]
        differences = rank_differences(
            before,
            after,
            index=index,
            earliest=index if change is None else change.earliest_index,
            latest=index if change is None else change.latest_index,
        )
        notes = [*self._history.completeness_notes, *_unknown(before[-1], after[0])]
        sides = (self._runs[index - 1], self._runs[index])
        return Bisection(
            metric_key=self._history.metric_key,
            project_name=self._history.project_name,
            found=True,
            reason=None,
            method=method,
            change=change,
            first_run_after=sides[1].run_id,
            last_run_before=sides[0].run_id,
            differences=differences,
            summary=_summary(self._history.metric_key, sides, change, differences, notes)
            + (_DRIFT if self._history.drift else ""),
            smallest_detectable=self._history.smallest_detectable,
            history=self._history,
            completeness_notes=tuple(notes),
            evidence_links=tuple(EvidenceLink("run", run.run_id, run.name) for run in sides),
            completeness=self._history.completeness,
        )

    def _facts(self, place: int, index: int) -> Facts:
        """Read everything of the runs near the change; of others, take what is at hand."""
        if index - self._per_side <= place < index + self._per_side:
            return load_facts(self._queries.repository, self._runs[place])
        return facts_of_run(self._runs[place])

    def _nothing(self, good: str | None, bad: str | None) -> Bisection:
        history = self._history
        reason = history.reason or f"no change lies between {good or 'the start'} and " + (
            bad or "the end"
        )
        smallest = history.smallest_detectable
        seen = (
            "; no shift of any size could be found in so few runs"
            if smallest is None
            else f"; a lasting shift of {smallest:.4g} in the middle would have been found with "
            "a probability of about 80 %"
        )
        return Bisection(
            metric_key=history.metric_key,
            project_name=history.project_name,
            found=False,
            reason=reason,
            method=None,
            change=None,
            first_run_after=None,
            last_run_before=None,
            differences=(),
            summary=f"No change of {history.metric_key}: {reason}{seen}.",
            smallest_detectable=smallest,
            history=history,
            completeness_notes=history.completeness_notes,
            evidence_links=history.evidence_links,
            completeness=history.completeness,
        )


def _unknown(before: Facts, after: Facts) -> list[CompletenessNote]:
    """Say which kinds of facts one of the two runs does not tell."""
    kinds = known_kinds((before, after))
    missing = [kind for kind in KINDS if kind not in kinds]
    if not missing:
        return []
    runs = [one.run.run_id for one in (before, after) if not set(missing) <= one.known]
    details = {"kinds": missing, "run_ids": runs}
    return [CompletenessNote("warning", "environment_snapshot_missing", details)]


def _summary(
    metric_key: str,
    sides: tuple[RunRecord, RunRecord],
    change: ChangePoint | None,
    differences: Sequence[Difference],
    notes: Sequence[CompletenessNote],
) -> str:
    moved = ""
    if change is not None:
        moved = f" ({change.mean_before:.6g} -> {change.mean_after:.6g}, {change.direction})"
    start = f"{metric_key} changed with {sides[1].run_id}{moved}"
    if not differences:
        blind = any(note.summary == "environment_snapshot_missing" for note in notes)
        limit = "; packages and environment are not known" if blind else ""
        return f"{start}; nothing that is recorded differs from {sides[0].run_id}{limit}."
    best = differences[0]
    shown = f"{best.kind} {best.key}: {best.before_value!r} -> {best.after_value!r}"
    more = f", and {len(differences) - 1} more" if len(differences) > 1 else ""
    return f"{start}; {shown} ({best.label}){more}."
