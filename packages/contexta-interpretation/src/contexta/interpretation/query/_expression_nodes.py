"""What an expression says, free of its spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

RUN_TEXTS = ("id", "name", "status", "project", "code_revision", "dataset_ref")
RUN_TIMES = ("started_at", "ended_at")
RUN_NUMBERS = ("duration",)
RUN_FIELDS = (*RUN_TEXTS, *RUN_TIMES, *RUN_NUMBERS)
MAPPINGS = ("params", "tags", "metrics")
STATISTICS = ("last", "first", "min", "max", "mean", "count", "nonfinite")
AT = "at"

Operator = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "in", "like", "contains", "matches", "missing"
]
ORDERS = ("lt", "le", "gt", "ge")
TEXTUAL = ("like", "contains", "matches")

_BARE_KEY = re.compile(r"[\w/:\-]+(?:\.[\w/:\-]+)*").fullmatch


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a run, or one key of its params, tags or metrics.

    ``statistic`` and ``stage`` are of metrics only; ``step`` belongs to the statistic ``at``.
    """

    name: str
    key: str | None = None
    stage: str | None = None
    statistic: str | None = None
    step: int | None = None

    @property
    def text(self) -> str:
        """How it is written: one spelling for all that mean the same."""
        if self.key is None:
            return self.name
        bare = _BARE_KEY(self.key) is not None
        if self.name == "metrics" and self.key.rpartition(".")[2] in (*STATISTICS, AT):
            bare = bare and "." not in self.key
        text = f"{self.name}.{self.key if bare else quoted(self.key)}"
        if self.stage is not None:
            plain = re.fullmatch(r"[\w\-]+", self.stage)
            text += f"@{self.stage if plain else quoted(self.stage)}"
        if self.statistic == AT:
            return f"{text}.at({self.step})"
        return text if self.statistic in (None, "last") else f"{text}.{self.statistic}"

    @property
    def kind(self) -> str:
        """``text``, ``time``, ``number``, or ``any`` for params."""
        if self.name in RUN_TIMES:
            return "time"
        if self.name in RUN_NUMBERS or self.name == "metrics":
            return "number"
        return "any" if self.name == "params" else "text"


@dataclass(frozen=True, slots=True)
class Span:
    """From one microsecond to another, both included: an instant, or a whole day."""

    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True)
class Ago:
    """So many microseconds before the moment of the question."""

    microseconds: int


Value: TypeAlias = float | str | Span | Ago


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with one value, with several (``in``), or with none (``missing``)."""

    field: Field
    operator: Operator
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    part: Node


Node: TypeAlias = Comparison | And | Or | Not


def comparisons(node: Node) -> Iterator[Comparison]:
    """Yield the comparisons from left to right."""
    if isinstance(node, Comparison):
        yield node
    elif isinstance(node, Not):
        yield from comparisons(node.part)
    else:
        for part in node.parts:
            yield from comparisons(part)


def quoted(text: str) -> str:
    """Write a text as a literal."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(letter, letter) for letter in text) + '"'
