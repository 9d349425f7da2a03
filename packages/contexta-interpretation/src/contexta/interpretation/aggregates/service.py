"""The aggregate questions as methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from contexta.contract.errors import ValidationError
from contexta.contract.refs import slugify
from contexta.interpretation.aggregates import _questions as questions
from contexta.interpretation.aggregates import _rows as rows
from contexta.interpretation.aggregates._engine import AggregateEngine, Answered, Asked
from contexta.interpretation.aggregates._questions import Question
from contexta.interpretation.aggregates._selection import Chosen, Groups, Selector
from contexta.interpretation.aggregates.models import (
    AggregateAnswer,
    CurvePoint,
    GroupStatistics,
    RecordCounts,
    Row,
    RunValue,
    SeriesSummary,
)
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.trend.policy import check_aggregation


class _Picked(NamedTuple):
    """Which value stands for a run, as the caller says it."""

    metric_key: str
    stage_name: str | None
    aggregation: str = "latest"

    def parameters(self) -> dict[str, str | None]:
        """Return what the texts bind.

        Raises:
            ValidationError: One of the three cannot be meant.
        """
        stage_name = self.stage_name
        if stage_name is not None and not isinstance(stage_name, str):
            raise ValidationError(
                f"stage_name is {stage_name!r}; it must be a text or None",
                code="aggregates_invalid_stage",
                details={"stage_name": repr(stage_name)},
            )
        # A stage called "Train Phase" is stored as train-phase.
        slug = slugify(stage_name) if stage_name and stage_name.strip() else stage_name
        return {
            "metric_key": _metric(self.metric_key),
            "stage": stage_name,
            "stage_slug": slug,
            "aggregation": check_aggregation(self.aggregation),
        }


class AggregateService:
    """Asks one engine about many runs at once.

    Runs are chosen by ``runs`` (refs; their order is kept), or by ``query`` and ``project_name``;
    without any of these: all. ``query``, names instead of refs, and groups by parameters need
    ``query_service``; without it all that is known of runs is in the records.

    Which value stands for a run is the rule of the other services: that of the stage asked for;
    else of the run itself; else of the stage observed last.
    """

    def __init__(
        self, engine: AggregateEngine, *, query_service: QueryService | None = None
    ) -> None:
        """Ask ``engine``, which stays the caller's to close."""
        self.engine = engine
        self.query_service = query_service
        self._select = Selector(engine, query_service)

    def metric_summaries(
        self,
        metric_key: str | None = None,
        *,
        runs: Sequence[str] | None = None,
        query: RunListQuery | None = None,
        project_name: str | None = None,
    ) -> AggregateAnswer[SeriesSummary]:
        """Return one row per run, stage and metric, of one metric or of all.

        In the order of the runs, then by stage and metric.
        """
        chosen = Chosen(runs, query, project_name)
        refs = self._select.refs(chosen)
        key = None if metric_key is None else _metric(metric_key)
        asked = Asked({"metric_key": key}, refs)
        return self._answer(questions.SUMMARIES, asked, SeriesSummary, rows.summary)

    def last_values(
        self,
        metric_key: str,
        *,
        runs: Sequence[str] | None = None,
        query: RunListQuery | None = None,
        project_name: str | None = None,
        stage_name: str | None = None,
        aggregation: str = "latest",
    ) -> AggregateAnswer[RunValue]:
        """Return the value that stands for each run, in the order of the runs.

        Runs without one are left out and counted as missing. ``aggregation`` is ``latest``,
        ``max``, ``min`` or ``mean`` of the run's points.
        """
        chosen = Chosen(runs, query, project_name)
        picked = _Picked(metric_key, stage_name, aggregation)
        return self._run_values(questions.RUN_VALUES, chosen, picked)

    def trend(
        self,
        metric_key: str,
        *,
        runs: Sequence[str] | None = None,
        query: RunListQuery | None = None,
        project_name: str | None = None,
        stage_name: str | None = None,
        aggregation: str = "latest",
    ) -> AggregateAnswer[RunValue]:
        """Return the values of :meth:`last_values` with their change from run to run.

        All runs are looked at, not a window of the newest; oldest first unless the query or
        ``runs`` say otherwise.
        """
        chosen = Chosen(runs, query, project_name)
        picked = _Picked(metric_key, stage_name, aggregation)
        return self._run_values(questions.TREND, chosen, picked)

    def baseline(
        self,
        metric_key: str,
        *,
        runs: Sequence[str] | None = None,
        query: RunListQuery | None = None,
        project_name: str | None = None,
        stage_name: str | None = None,
        aggregation: str = "latest",
    ) -> AggregateAnswer[GroupStatistics]:
        """Return one row: count, mean, spread and percentiles over one value per run."""
        refs = self._select.refs(Chosen(runs, query, project_name))
        picked = _Picked(metric_key, stage_name, aggregation)
        return self._statistics({"": refs}, picked.parameters())

    def group_statistics(
        self,
        metric_key: str,
        groups: Groups | None = None,
        *,
        params: Sequence[str] | None = None,
        query: RunListQuery | None = None,
        project_name: str | None = None,
        stage_name: str | None = None,
        aggregation: str = "latest",
    ) -> AggregateAnswer[GroupStatistics]:
        """Return one row per group: what comparing groups of runs needs.

        Groups are given (runs by name, disjoint), or made of the runs that have equal values of
        ``params``; runs that lack one of these are left out and said in a note.

        Raises:
            ValidationError: Neither or both of ``groups`` and ``params``, or overlapping groups.
        """
        values = _Picked(metric_key, stage_name, aggregation).parameters()
        chosen = Chosen(query=query, project_name=project_name)
        found, lacking = self._groups(groups, params, chosen)
        return self._statistics(found, values, lacking)

    def step_curve(
        self,
        metric_key: str,
        *,
        runs: Sequence[str] | None = None,
        query: RunListQuery | None = None,
        project_name: str | None = None,
        groups: Groups | None = None,
        stage_name: str | None = None,
    ) -> AggregateAnswer[CurvePoint]:
        """Return the spread over the runs at each step, by group and step.

        Without ``groups`` all runs are one, called ``""``. A run counts once per step, with the
        point observed last; points without a step are left out and said in a note.
        """
        chosen = Chosen(runs, query, project_name)
        if groups is None:
            found = {"": self._select.refs(chosen)}
        else:
            found, _ = self._groups(groups, None, chosen)
        asked = _asked(found, _Picked(metric_key, stage_name).parameters())
        return self._answer(questions.CURVE, asked, CurvePoint, rows.curve_point)

    def record_counts(
        self,
        *,
        runs: Sequence[str] | None = None,
        query: RunListQuery | None = None,
        project_name: str | None = None,
    ) -> AggregateAnswer[RecordCounts]:
        """Return the records of each run by type, zeros included, in the order of the runs."""
        refs = self._select.refs(Chosen(runs, query, project_name))
        found = self.engine.answer(questions.COUNTS, Asked({}, refs))
        counts = rows.record_counts(refs, found.table.to_pylist())
        told = rows.counted(counts)
        return self._wrapped(questions.COUNTS, RecordCounts, counts, found, told)

    def _run_values(
        self, question: Question, chosen: Chosen, picked: _Picked
    ) -> AggregateAnswer[RunValue]:
        refs = self._select.refs(chosen)
        asked = Asked(picked.parameters(), refs)
        return self._answer(question, asked, RunValue, rows.run_value)

    def _statistics(
        self, groups: Mapping[str, tuple[str, ...]], values: dict[str, str | None], lacking: int = 0
    ) -> AggregateAnswer[GroupStatistics]:
        found = self.engine.answer(questions.STATISTICS, _asked(groups, values))
        known = {row["group_name"]: row for row in found.table.to_pylist()}
        items = tuple(rows.group_statistics(name, known.get(name)) for name in groups)
        told = rows.statistics_completeness(known.values(), lacking)
        return self._wrapped(questions.STATISTICS, GroupStatistics, items, found, told)

    def _groups(
        self, groups: Groups | None, params: Sequence[str] | None, chosen: Chosen
    ) -> tuple[dict[str, tuple[str, ...]], int]:
        says_runs = any(part is not None for part in chosen)
        if (groups is None) == (params is None) or (groups is not None and says_runs):
            raise ValidationError(
                "give either groups, which name their runs, or params with a query or "
                "project_name, not both",
                code="aggregates_ambiguous_selection",
            )
        if groups is not None:
            return self._select.grouped(groups), 0
        return self._select.by_params(params or (), chosen)

    def _answer(
        self,
        question: Question,
        asked: Asked,
        row_type: type[Row],
        build: Callable[[dict[str, Any]], Row | None],
    ) -> AggregateAnswer[Row]:
        found = self.engine.answer(question, asked)
        raw = rows.with_microseconds(found.table, question).to_pylist()
        items = tuple(item for item in map(build, raw) if item is not None)
        told = rows.completeness(question, asked, raw)
        return self._wrapped(question, row_type, items, found, told)

    def _wrapped(
        self,
        question: Question,
        row_type: type[Row],
        items: tuple[Row, ...],
        found: Answered,
        told: Completeness,
    ) -> AggregateAnswer[Row]:
        told += rows.engine_completeness(found)
        return AggregateAnswer(question.name, self.engine.name, items, row_type, told)


def _asked(groups: Mapping[str, tuple[str, ...]], values: dict[str, str | None]) -> Asked:
    refs = tuple(ref for group in groups.values() for ref in group)
    names = tuple(name for name, group in groups.items() for _ in group)
    return Asked(values, refs, names)


def _metric(metric_key: str) -> str:
    if not isinstance(metric_key, str) or not metric_key:
        raise ValidationError(
            f"metric_key is {metric_key!r}; it must be the name of a metric",
            code="aggregates_invalid_metric_key",
            details={"metric_key": repr(metric_key)},
        )
    return metric_key
