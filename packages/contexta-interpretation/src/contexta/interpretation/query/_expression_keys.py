"""Keys that an expression names and no run has: no error, but worth saying beside an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contexta.interpretation._base import Result
from contexta.interpretation._nearest import hint, nearest
from contexta.interpretation.protocols import CompositeRepository, KeyReader
from contexta.interpretation.query._expression_nodes import MAPPINGS, Field, comparisons
from contexta.interpretation.query.expression import RunExpression
from contexta.interpretation.query.filters import RunListQuery


@dataclass(frozen=True, slots=True)
class UnknownKey(Result):
    """A field whose key no run has, and up to five fields that look like it.

    ``field`` and ``nearest`` are spelled as in an expression: ``params.lr``.
    """

    field: str
    nearest: tuple[str, ...] = ()

    _sequences = ("nearest",)

    @property
    def text(self) -> str:
        """One sentence for people."""
        return f"no run has {self.field}{hint(self.nearest)}"


def unknown_keys(
    repository: CompositeRepository,
    expression: RunExpression | None,
    also: Iterable[Field] = (),
) -> tuple[UnknownKey, ...]:
    """Return the keys that no run of the repository has, in the order of the expression."""
    compared = [] if expression is None else comparisons(expression.node)
    asked = dict.fromkeys(
        Field(item.field.name, item.field.key) for item in compared if item.field.name in MAPPINGS
    )
    asked.update(dict.fromkeys(also))
    known = {name: _keys(repository, name) for name in {field.name for field in asked}}
    return tuple(
        UnknownKey(field.text, _like(field, known[field.name]))
        for field in asked
        if field.key not in known[field.name]
    )


def sort_fields(query: RunListQuery) -> tuple[Field, ...]:
    """Return the field of the key that a query sorts by, if it sorts by one."""
    keys = {"params": query.sort_param, "metrics": query.sort_metric}
    return tuple(Field(name, key) for name, key in keys.items() if key is not None)


def _like(field: Field, keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(Field(field.name, key).text for key in nearest(field.key or "", sorted(keys)))


def _keys(repository: CompositeRepository, name: str) -> frozenset[str]:
    if isinstance(repository, KeyReader):
        return frozenset(repository.known_keys(name))
    runs = repository.list_runs()
    if name == "metrics":
        return frozenset(
            record.key
            for run in runs
            for record in repository.list_records(run_id=run.run_id, record_type="metric")
        )
    return frozenset(key for run in runs for key in getattr(run, name))
