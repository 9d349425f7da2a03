"""The value of a metric that stands for each run of a group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from contexta.interpretation._nearest import hint, nearest
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.query.metrics import aggregated, metric_summaries, pick_summary
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import MetricSummaryRecord, RunRecord


@dataclass(frozen=True, slots=True)
class RunValue:
    """One run's value: ``None`` when it lacks the metric, NaN when none is finite."""

    run: RunRecord
    value: float | None
    record_id: str | None = None
    unit: str | None = None

    @property
    def finite(self) -> bool:
        """Whether there is a value to compute with."""
        return self.value is not None and math.isfinite(self.value)

    @property
    def link(self) -> EvidenceLink:
        """The record behind the value, else the run."""
        if self.record_id:
            return EvidenceLink("record", self.record_id, self.run.name)
        return EvidenceLink("run", self.run.run_id, self.run.name)


class ValueTable:
    """Values of several metrics of several runs, read in one question."""

    def __init__(
        self,
        query_service: QueryService,
        runs: Sequence[RunRecord],
        metric_keys: Sequence[str] | None,
    ) -> None:
        """Read the summaries of ``metric_keys``, or of all metrics."""
        self._query_service = query_service
        self._ids = [run.run_id for run in runs]
        self._asked = metric_keys
        keys = None if metric_keys is None else list(metric_keys)
        self._rows = metric_summaries(query_service.repository, self._ids, keys)
        self._cells: dict[tuple[str, str], list[MetricSummaryRecord]] = {}
        self._of_key: dict[str, list[MetricSummaryRecord]] = {}
        for row in self._rows:
            self._cells.setdefault((row.run_id, row.metric_key), []).append(row)
            self._of_key.setdefault(row.metric_key, []).append(row)

    def keys(self, stage_name: str | None = None) -> list[str]:
        """The keys that were asked for, else those that any run has (in that stage), sorted."""
        if self._asked is not None:
            return list(dict.fromkeys(self._asked))
        return sorted(
            key for key in self._of_key if stage_name is None or self._known(key, stage_name)
        )

    def values(
        self, runs: Sequence[RunRecord], key: str, aggregation: str, stage_name: str | None
    ) -> list[RunValue]:
        """Return one value per run, in their order."""
        return [self._value(run, key, aggregation, stage_name) for run in runs]

    def require(self, stage_name: str | None) -> None:
        """Refuse keys that were asked for and none of the runs has, and a stage without any.

        Raises:
            ResolutionError: ``groups_unknown_metric``, or ``groups_unknown_stage`` when the runs
                have the metric, but not in that stage.
        """
        keys = list(self._of_key) if self._asked is None else self._asked
        if not self._ids or not keys:
            return
        unknown = [key for key in keys if key not in self._of_key]
        if unknown:
            everything = metric_summaries(self._query_service.repository, self._ids)
            known = sorted({row.metric_key for row in everything})
            close = {key: list(nearest(key, known)) for key in unknown}
            texts = [f"{key!r}{hint(close[key])}" for key in unknown]
            raise ResolutionError(
                f"none of the runs has the metric {'; nor '.join(texts)}",
                code="groups_unknown_metric",
                details={"metric_keys": unknown, "nearest": close},
            )
        if stage_name is None or any(self._known(key, stage_name) for key in keys):
            return
        stages = sorted({row.stage_name for row in self._rows if row.stage_name})
        found = list(nearest(stage_name, stages))
        raise ResolutionError(
            f"none of the runs has these metrics in a stage {stage_name!r}{hint(found)}",
            code="groups_unknown_stage",
            details={"stage_name": stage_name, "nearest": found, "stages": stages},
        )

    def _known(self, key: str, stage_name: str) -> bool:
        return pick_summary(self._of_key.get(key, ()), stage_name) is not None

    def _value(
        self, run: RunRecord, key: str, aggregation: str, stage_name: str | None
    ) -> RunValue:
        row = pick_summary(self._cells.get((run.run_id, key), ()), stage_name)
        if row is None:
            return RunValue(run, None)
        return RunValue(run, _number(row, aggregation), row.last_record_id, row.unit)


def _number(row: MetricSummaryRecord, aggregation: str) -> float | None:
    value = aggregated(row, aggregation)
    # Without one finite value the extremes and the mean are unknown, but the metric is there.
    return math.nan if value is None and row.count else value
