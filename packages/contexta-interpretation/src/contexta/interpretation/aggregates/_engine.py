"""What the service asks of an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from contexta.interpretation.aggregates._questions import Question

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about, apart from its text.

    Engines may use runs, project and metric to read less; the texts filter again.
    ``run_refs`` ``None`` means any, ``groups`` has one name per run.
    """

    parameters: Mapping[str, str | None]
    run_refs: tuple[str, ...] | None = None
    groups: tuple[str, ...] = ()

    @property
    def metric_key(self) -> str | None:
        """The metric, ``None`` for all."""
        return self.parameters.get("metric_key")

    @property
    def projects(self) -> tuple[str, ...] | None:
        """The projects of the runs, sorted; ``None`` for all."""
        if self.run_refs is None:
            project = self.parameters.get("project")
            return None if project is None else (project,)
        return tuple(sorted({ref[4:].split(".", 1)[0] for ref in self.run_refs}))

    def selected(self) -> pa.Table:
        """Return the relation ``contexta_selected``."""
        import pyarrow as pa

        refs = self.run_refs or ()
        return pa.table(
            {
                "position": pa.array(range(len(refs)), pa.int64()),
                "run_ref": pa.array(refs, pa.string()),
                "group_name": pa.array(self.groups or [""] * len(refs), pa.string()),
            }
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer's table, and what the engine knows to be absent from it.

    ``unsealed`` counts records that are stored and not among those read, ``None`` when the
    engine cannot know. ``damage`` describes what could not be read.
    """

    table: pa.Table
    unsealed: int | None = 0
    damage: tuple[str, ...] = ()


class AggregateEngine(Protocol):
    """Runs the texts of this package over the records of a workspace."""

    @property
    def name(self) -> str:
        """What results call it."""
        ...

    def answer(self, question: Question, asked: Asked) -> Answered:
        """Answer one question; the table has the question's columns, in its order.

        Raises:
            AggregateError: The engine cannot.
        """
        ...


def conformed(table: Any, question: Question) -> pa.Table:
    """Return the table with exactly the question's columns and types.

    Instants lose the engine's time zone, not their value.
    """
    import pyarrow as pa

    columns = {}
    for name, kind in question.answer.items():
        column = table.column(name)
        if kind == "time":
            column = column.cast(pa.int64())
        columns[name] = column.cast(arrow_type(kind))
    return pa.table(columns)


def arrow_type(kind: str) -> pa.DataType:
    """Return the Arrow type of a column kind."""
    import pyarrow as pa

    return {
        "text": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "time": pa.timestamp("us", tz="UTC"),
    }[kind]
