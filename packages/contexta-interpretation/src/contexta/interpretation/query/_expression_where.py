"""Expressions as conditions that a metadata database can answer in one statement.

A database's logic and ours part where values are missing, so nothing is left to its logic:
``not`` is moved down to the comparisons, and each is asked for the runs of which it is known to
be true, or known to be false. What is about metrics is answered before, as sets of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from contexta.contract.entities import RUN_STAGE_STATUSES
from contexta.interpretation.query._expression_metrics import missing_value
from contexta.interpretation.query._expression_nodes import (
    Ago,
    And,
    Comparison,
    Node,
    Not,
    Span,
    Value,
)
from contexta.interpretation.query._expression_values import truth
from contexta.interpretation.query.expression import RunExpression

Condition: TypeAlias = dict[str, Any]
_OPEN, _INTERRUPTED = "open", "interrupted"
_STORED = {"id": "ref"}


@dataclass(frozen=True, slots=True)
class Known:
    """What conditions need besides the expression.

    ``metric_runs`` gives, of the runs that have a value of a metric, those for which a comparison
    is true, or false when that is asked; ``left_open`` the runs that are stored as open and whose
    process died; ``now_us`` is what ``now`` means.
    """

    metric_runs: Callable[[Comparison, bool], frozenset[str]]
    left_open: Callable[[], frozenset[str]]
    now_us: int


@dataclass(frozen=True, slots=True)
class _Runs:
    """These runs, or all others."""

    refs: frozenset[str]
    others: bool = False

    def __and__(self, other: _Runs) -> _Runs:
        if self.others and other.others:
            return _Runs(self.refs | other.refs, others=True)
        if self.others:
            return _Runs(other.refs - self.refs)
        return _Runs(self.refs - other.refs if other.others else self.refs & other.refs)

    def __invert__(self) -> _Runs:
        return _Runs(self.refs, not self.others)


class _NamedCondition(dict[str, Any]):
    """A condition that is known by its expression: cursors stay good while metrics move."""

    def __init__(self, condition: Condition, text: str) -> None:
        super().__init__(condition)
        self._text = text

    def __repr__(self) -> str:
        return self._text


def condition_of(expression: RunExpression, known: Known) -> Condition:
    """Return the condition of an expression, as the metadata store's ``where`` takes it."""
    found = _built(expression.node, known, wanted=True)
    return _NamedCondition(_plain(found), repr(expression))


def _built(node: Node, known: Known, *, wanted: bool) -> Condition | _Runs:
    """The condition that a node is known to be true, or false when that is ``wanted``."""
    if isinstance(node, Not):
        return _built(node.part, known, wanted=not wanted)
    if isinstance(node, Comparison):
        return _compared(node, known, wanted=wanted)
    parts = [_built(part, known, wanted=wanted) for part in node.parts]
    return _joined(parts, every=isinstance(node, And) is wanted)


def _joined(parts: Iterable[Condition | _Runs], *, every: bool) -> Condition | _Runs:
    """Join by and or by or; sets of runs become one set, and like is joined to like."""
    name = "all" if every else "any"
    conditions: list[Condition] = []
    runs: _Runs | None = None
    for part in parts:
        if isinstance(part, _Runs):
            # One of two holds where not both fail.
            own = part if every else ~part
            runs = own if runs is None else runs & own
        elif name in part:
            conditions += part[name]
        else:
            conditions.append(part)
    if runs is None:
        return {name: conditions}
    runs = runs if every else ~runs
    return {name: [*conditions, _plain(runs)]} if conditions else runs


def _plain(found: Condition | _Runs) -> Condition:
    if isinstance(found, _Runs):
        # In order they go into the tree that SQLite builds of them ten times as fast.
        return {"refs": sorted(found.refs), "negated": found.others}
    return found


def _compared(node: Comparison, known: Known, *, wanted: bool) -> Condition | _Runs:
    name = node.field.name
    if name == "metrics":
        return _of_metric(node, known, wanted=wanted)
    if name == "status":
        return _of_status(node, known, wanted=wanted)
    return {
        "field": _STORED.get(name, name),
        "key": node.field.key or "",
        "operator": node.operator,
        "values": [_stored(value, known.now_us) for value in node.values],
        "negated": not wanted,
    }


def _stored(value: Value, now_us: int) -> Any:
    if isinstance(value, Ago):
        return (now_us - value.microseconds,) * 2
    return (value.first_us, value.last_us) if isinstance(value, Span) else value


def _of_metric(node: Comparison, known: Known, *, wanted: bool) -> _Runs:
    """The runs whose value is such; those without one are all alike."""
    others = truth(node, missing_value(node.field), known.now_us) is wanted
    return _Runs(known.metric_runs(node, wanted is not others), others)


def _of_status(node: Comparison, known: Known, *, wanted: bool) -> Condition:
    """Which statuses are meant is known here; what is stored as open may be interrupted."""
    meant = [s for s in RUN_STAGE_STATUSES if truth(node, s, known.now_us) is wanted]
    stored: Condition = {"any": []}
    if meant:
        stored = {"field": "status", "operator": "in", "values": meant}
    if (_OPEN in meant) is (_INTERRUPTED in meant):
        return stored
    left = sorted(known.left_open())
    if not left:
        return stored
    if _OPEN in meant:
        return {"all": [stored, {"refs": left, "negated": True}]}
    return {"any": [stored, {"refs": left}]}
