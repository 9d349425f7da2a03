"""Expressions made into conditions of the ledger, with what the record plane knows of metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from contexta.contract.time import to_epoch_us, utc_now
from contexta.interpretation.query._expression_nodes import AT, Comparison, Field
from contexta.interpretation.query._expression_where import Known, condition_of
from contexta.interpretation.repositories._liveness import left_open
from contexta.interpretation.repositories._metrics import RecordPlane
from contexta.interpretation.repositories._values import FigurePlane, standing_figures

if TYPE_CHECKING:
    from contexta.interpretation.query.expression import RunExpression
    from contexta.interpretation.repositories._ports import MetadataPlane

_COLUMNS = {"count": "count", "nonfinite": "nonfinite_count"}
_TESTS = {
    "eq": "equal",
    "in": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
}
_POINTS = ("run_ref", "stage_execution_ref", "observed_at", "value")


class _Records(FigurePlane, RecordPlane, Protocol):
    """The part of the record store that is asked here."""

    def writer_alive(self, writer_id: str, /) -> bool:
        """Whether the process of a writer lives."""
        ...


class Conditions:
    """Makes the condition of an expression; nothing is kept between two questions."""

    def __init__(self, metadata: MetadataPlane, records: _Records) -> None:
        self._metadata = metadata
        self._records = records

    def __call__(self, expression: RunExpression) -> Mapping[str, Any]:
        """Return the expression as the ``where`` of the metadata store."""
        figures: dict[Field, Any] = {}

        def runs_of(comparison: Comparison, wanted: bool) -> frozenset[str]:
            field = comparison.field
            if field not in figures:
                figures[field] = field_values(self._records, field)
            return _meeting(figures[field], comparison, wanted=wanted)

        known = Known(runs_of, self._left_open, to_epoch_us(utc_now()))
        return condition_of(expression, known)

    def _left_open(self) -> frozenset[str]:
        alive: Callable[[str], bool] = self._records.writer_alive
        return left_open(self._metadata.runs, alive)


def field_values(store: _Records, field: Field) -> Any:
    """Return a table of ``run`` and ``value``, of all runs that have one; NaN is one."""
    import pyarrow as pa

    figures = standing_figures(store, field.key or "", None, field.stage)
    if field.statistic == AT:
        return _at_step(store, field, figures)
    statistic = field.statistic or "last"
    values = figures.column(_COLUMNS.get(statistic, statistic)).cast(pa.float64())
    return pa.table({"run": figures.column("run_ref"), "value": values}).drop_null()


def _meeting(table: Any, comparison: Comparison, *, wanted: bool) -> frozenset[str]:
    """The runs of a table whose value meets the comparison, or does not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = table.column("value")
    mask = pa.repeat(pa.scalar(False), table.num_rows)  # of `missing`: nothing here is
    for literal in comparison.values:
        number = float(literal)  # type: ignore[arg-type]  # metrics meet no spans
        mask = pc.or_(mask, _test(values, comparison.operator, number))
    return frozenset(table.column("run").filter(mask if wanted else pc.invert(mask)).to_pylist())


def _test(values: Any, operator: str, literal: float) -> Any:
    import pyarrow.compute as pc

    if math.isnan(literal):  # only = and != and in take it
        found = pc.is_nan(values)
        return pc.invert(found) if operator == "ne" else found
    return getattr(pc, _TESTS[operator])(values, literal)


def _at_step(store: _Records, field: Field, figures: Any) -> Any:
    """Of each run's points at the step, the value of the one observed last.

    All series of the key are read, for points are not indexed by their step.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    stages = figures.column("stage_execution_ref").to_pylist()
    standing = dict(zip(figures.column("run_ref").to_pylist(), stages, strict=True))
    latest: dict[str, tuple[int, float]] = {}
    if standing:
        table = store.arrow("metric", keys=[field.key or ""], columns=(*_POINTS, "step"))
        table = table.filter(pc.fill_null(pc.equal(table.column("step"), field.step), False))
        columns = [table.column(name) for name in _POINTS]
        columns[2] = columns[2].cast(pa.int64())
        for row in zip(*(column.to_pylist() for column in columns), strict=True):
            run, stage, moment, value = row
            # By sequence, so that of points observed at once the later record stays.
            if run in standing and standing[run] == stage and moment >= latest.get(run, row[2:])[0]:
                latest[run] = (moment, value)
    values = pa.array([value for _, value in latest.values()], pa.float64())
    return pa.table({"run": pa.array(list(latest), pa.string()), "value": values})
