"""Expressions made into conditions of the ledger, with what the record plane knows of metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from contexta.contract.time import to_epoch_us, utc_now
from contexta.interpretation.query._expression_nodes import AT, Field
from contexta.interpretation.query._expression_where import Known, condition_of
from contexta.interpretation.repositories._liveness import left_open
from contexta.interpretation.repositories._metrics import RecordPlane
from contexta.interpretation.repositories._values import FigurePlane, standing_figures

if TYPE_CHECKING:
    from contexta.interpretation.query.expression import RunExpression
    from contexta.interpretation.repositories._ports import MetadataPlane

_COLUMNS = {"count": "count", "nonfinite": "nonfinite_count"}
_POINTS = ("run_ref", "stage_execution_ref", "sequence", "observed_at", "step", "value")


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
        values: dict[Field, dict[str, float]] = {}

        def values_of(field: Field) -> dict[str, float]:
            if field not in values:
                values[field] = field_values(self._records, field)
            return values[field]

        known = Known(values_of, self._left_open, to_epoch_us(utc_now()))
        return condition_of(expression, known)

    def _left_open(self) -> frozenset[str]:
        alive: Callable[[str], bool] = self._records.writer_alive
        return left_open(self._metadata.runs, alive)


def field_values(store: _Records, field: Field) -> dict[str, float]:
    """Return the values of a metric field by run, of all runs that have one."""
    figures = standing_figures(store, field.key or "", None, field.stage)
    if field.statistic == AT:
        return _at_step(store, field, figures)
    statistic = field.statistic or "last"
    values = figures.column(_COLUMNS.get(statistic, statistic)).to_pylist()
    pairs = zip(figures.column("run_ref").to_pylist(), values, strict=True)
    return {run: float(value) for run, value in pairs if value is not None}


def _at_step(store: _Records, field: Field, figures: Any) -> dict[str, float]:
    """Of each run's points at the step, the value of the one observed last.

    All series of the key are read, for points are not indexed by their step.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    stages = figures.column("stage_execution_ref").to_pylist()
    standing = dict(zip(figures.column("run_ref").to_pylist(), stages, strict=True))
    if not standing:
        return {}
    table = store.arrow("metric", keys=[field.key or ""], columns=_POINTS)
    table = table.filter(pc.fill_null(pc.equal(table.column("step"), field.step), False))
    moments = table.column("observed_at").cast(pa.int64()).to_pylist()
    rows = zip(
        table.column("run_ref").to_pylist(),
        table.column("stage_execution_ref").to_pylist(),
        moments,
        table.column("value").to_pylist(),
        strict=True,
    )
    latest: dict[str, tuple[int, float]] = {}
    for run, stage, moment, value in rows:  # by sequence, so that of equals the later one stays
        if run in standing and standing[run] == stage:
            best = latest.get(run)
            if best is None or moment >= best[0]:
                latest[run] = (moment, value)
    return {run: value for run, (_, value) in latest.items()}
