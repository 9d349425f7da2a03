"""Answers to aggregate questions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from contexta.contract.time import to_epoch_us
from contexta.interpretation._base import Result
from contexta.interpretation.aggregates._engine import arrow_type
from contexta.interpretation.completeness.models import Completeness

if TYPE_CHECKING:
    import pyarrow as pa


class AggregateRow(Result):
    """Base of the rows; ``_kinds`` are the kinds of the columns in order."""

    __slots__ = ()
    _kinds: ClassVar[Mapping[str, str]]

    @classmethod
    def column_kinds(cls) -> dict[str, str]:
        """Return the kind of each column (text, int, float, time), in the order of the fields."""
        names = [item.name for item in dataclasses.fields(cls)]
        return {name: cls._kinds[name] for name in names}


Row = TypeVar("Row", bound=AggregateRow)


def _kinds(**columns: str) -> dict[str, str]:
    return {name: kind for kind, names in columns.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class SeriesSummary(AggregateRow):
    """One metric of one run and stage; ``stage_id`` ``None`` is the run itself.

    ``first`` and ``last`` are by time observed, then by sequence, and may be NaN or infinite.
    ``minimum``, ``maximum`` and ``mean`` are over finite values, ``None`` when there are none.
    """

    run_id: str
    stage_id: str | None
    metric_key: str
    count: int
    nonfinite_count: int
    first: float
    last: float
    minimum: float | None
    maximum: float | None
    mean: float | None
    last_step: int | None
    last_sequence: int
    first_observed_at: str
    last_observed_at: str

    _kinds = _kinds(
        text="run_id stage_id metric_key",
        int="count nonfinite_count last_step last_sequence",
        float="first last minimum maximum mean",
        time="first_observed_at last_observed_at",
    )


@dataclass(frozen=True, slots=True)
class RunValue(AggregateRow):
    """The value that stands for a run, and the stage that it comes from (``None``: the run).

    ``stage_count`` is the number of places, the run itself included, that have the metric.
    ``last_sequence`` and ``last_step`` are those of the last point. ``change`` is the difference
    to the run before it, in a trend only.
    """

    run_id: str
    stage_id: str | None
    value: float
    count: int
    nonfinite_count: int
    stage_count: int
    last_step: int | None
    last_sequence: int
    observed_at: str
    change: float | None = None

    _kinds = _kinds(text="run_id stage_id", float="value change") | _kinds(
        int="count nonfinite_count stage_count last_step last_sequence", time="observed_at"
    )


@dataclass(frozen=True, slots=True)
class GroupStatistics(AggregateRow):
    """One value per run of a group of runs: what a comparison of groups and a baseline need.

    ``n`` counts runs with a finite value, ``missing`` those without any, ``nonfinite`` those
    whose value is NaN or infinite; they add up to ``runs``. ``variance`` has the divisor n - 1
    and is ``None`` below two values, ``std`` is the population's (divisor n). Percentiles
    interpolate linearly at (n - 1) * q.
    """

    group: str
    runs: int
    n: int
    missing: int
    nonfinite: int
    mean: float | None
    variance: float | None
    std: float | None
    minimum: float | None
    p5: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    maximum: float | None

    _kinds = _kinds(
        text="group",
        int="runs n missing nonfinite",
        float="mean variance std minimum p5 p25 p50 p75 p90 p95 p99 maximum",
    )


@dataclass(frozen=True, slots=True)
class CurvePoint(AggregateRow):
    """One step of the curves of a group of runs; one value per run, the one observed last.

    ``runs`` have a point at this step, ``n`` of them a finite one. ``variance`` and ``std`` are
    those of :class:`GroupStatistics`.
    """

    group: str
    step: int
    runs: int
    n: int
    mean: float | None
    variance: float | None
    std: float | None
    minimum: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    maximum: float | None

    _kinds = _kinds(
        text="group",
        int="step runs n",
        float="mean variance std minimum p25 p50 p75 maximum",
    )


@dataclass(frozen=True, slots=True)
class RecordCounts(AggregateRow):
    """The records of one run by type.

    ``nonfinite`` counts metric values that are NaN or infinite, ``marked`` records of any type
    with a degradation marker, ``incomplete`` those that are not marked complete.
    """

    run_id: str
    metrics: int = 0
    events: int = 0
    spans: int = 0
    degraded: int = 0
    nonfinite: int = 0
    marked: int = 0
    incomplete: int = 0

    _kinds = _kinds(text="run_id", int="metrics events spans degraded nonfinite marked incomplete")


@dataclass(frozen=True, slots=True)
class AggregateAnswer(Result, Generic[Row]):
    """The rows of an answer, the engine that gave it, and what limits it.

    ``completeness`` counts what the engine saw: runs asked about, points or records read,
    values missing, values not finite, damage. Its notes say what it could not see, first of all
    how many records are not sealed into Parquet yet (``unsealed_records:<n>``).
    """

    question: str
    engine: str
    rows: tuple[Row, ...]
    row_type: type[Row] = field(repr=False, compare=False)
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = ("rows",)

    def to_dict(self) -> dict[str, Any]:
        """See :meth:`Result.to_dict`."""
        return {
            "question": self.question,
            "engine": self.engine,
            "rows": [row.to_dict() for row in self.rows],
            "completeness": self.completeness.to_dict(),
        }

    def to_arrow(self) -> pa.Table:
        """Return the rows as an Arrow table; times are UTC microseconds."""
        import pyarrow as pa

        columns = {}
        for name, kind in self.row_type.column_kinds().items():
            values = [getattr(row, name) for row in self.rows]
            if kind == "time":
                values = [to_epoch_us(value) for value in values]
                columns[name] = pa.array(values, pa.int64()).cast(arrow_type(kind))
            else:
                columns[name] = pa.array(values, arrow_type(kind))
        return pa.table(columns)
