"""Which runs an expression selects, over any repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contexta.contract.time import to_epoch_us, utc_now
from contexta.interpretation.instants import instant_us, seconds_between
from contexta.interpretation.protocols import CompositeRepository
from contexta.interpretation.query._expression_metrics import metric_values, missing_value
from contexta.interpretation.query._expression_nodes import (
    And,
    Comparison,
    Field,
    Node,
    Not,
    comparisons,
)
from contexta.interpretation.query._expression_values import Known, param_value, truth
from contexta.interpretation.query.expression import RunExpression
from contexta.interpretation.repositories.records import RunRecord

_Values = Mapping[Field, Mapping[str, float]]


def matching_runs(
    repository: CompositeRepository,
    runs: Iterable[RunRecord],
    expression: RunExpression,
    *,
    now_us: int | None = None,
) -> tuple[RunRecord, ...]:
    """Return those of some runs for which the expression is true, in their order.

    Args:
        repository: Where metric values come from.
        runs: Runs as the repository gives them.
        expression: What must be true.
        now_us: What ``now`` means, microseconds since 1970 UTC; the present by default.
    """
    listed = tuple(runs)
    moment = to_epoch_us(utc_now()) if now_us is None else now_us
    fields = [c.field for c in comparisons(expression.node) if c.field.name == "metrics"]
    values = metric_values(repository, [run.run_id for run in listed], fields)
    return tuple(run for run in listed if _logic(expression.node, run, values, moment) is True)


def _logic(node: Node, run: RunRecord, values: _Values, now_us: int) -> bool | None:
    """Kleene's logic: unknown stays unknown unless the other side decides."""
    if isinstance(node, Comparison):
        return truth(node, _value(node.field, run, values), now_us)
    if isinstance(node, Not):
        inner = _logic(node.part, run, values, now_us)
        return None if inner is None else not inner
    decisive = not isinstance(node, And)
    found: bool | None = not decisive
    for part in node.parts:
        own = _logic(part, run, values, now_us)
        if own is decisive:
            return decisive
        if own is None:
            found = None
    return found


def _value(field: Field, run: RunRecord, values: _Values) -> Known:
    key = field.key or ""
    if field.name == "params":
        return param_value(run.params[key]) if key in run.params else None
    if field.name == "tags":
        return run.tags.get(key)
    if field.name == "metrics":
        return values[field].get(run.run_id, missing_value(field))
    return _of_run(field.name, run)


def _of_run(name: str, run: RunRecord) -> Known:
    if name == "started_at":
        return instant_us(run.started_at)
    if name == "ended_at":
        return instant_us(run.ended_at)
    if name == "duration":
        return seconds_between(run.started_at, run.ended_at)
    if name == "id":
        return run.run_id
    if name == "project":
        return run.project_name
    text: str | None = getattr(run, name)
    return text
