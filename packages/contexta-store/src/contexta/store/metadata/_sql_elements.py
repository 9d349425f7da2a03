"""Conditions that SQLite and PostgreSQL spell differently; every value in them is bound."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, String, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

_GLOB_SPECIAL = str.maketrans({"[": "[[]"})
_LIKE_SPECIAL = str.maketrans(
    {"\\": "\\\\", "%": "\\%", "_": "\\_", "*": "%", "?": "_"},
)


class _Condition(FunctionElement[bool]):
    """A condition made of expressions.

    Each class sets `inherit_cache`, so that its statements are compiled once and kept.
    """

    type = Boolean()

    @property
    def parts(self) -> tuple[Any, ...]:
        """The expressions it is made of, to be compiled where the spelling puts them."""
        return tuple(self.clauses)


class JsonTexts(FunctionElement[str]):
    """The texts of a JSON array, as rows; the array is one parameter however many they are.

    Thousands of parameters would have to be compiled, and databases limit their number.
    """

    name = "json_texts"
    inherit_cache = True
    type = String()

    def __init__(self, texts: Sequence[str]) -> None:
        array = json.dumps(texts, ensure_ascii=True)
        super().__init__(bindparam("texts", array, String(), unique=True))


def is_among(ref: ColumnElement[Any], refs: Sequence[str]) -> ColumnElement[bool]:
    """Whether a ref is among refs; an index of the ref helps."""
    # PostgreSQL names the only column of a function after its alias, SQLite calls it "value".
    rows = JsonTexts(refs).table_valued("value", name="value")
    return ref.in_(select(rows.c.value))


class Contains(_Condition):
    """Whether a text has another in it."""

    name = "text_contains"
    inherit_cache = True

    def __init__(self, column: Any, part: str) -> None:
        super().__init__(column, bindparam("part", part, String(), unique=True))


class HasNoUnfit(_Condition):
    """Whether a text is free of NUL and U+0001, at which patterns end or which they misread."""

    name = "has_no_unfit"
    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)


class Fits(_Condition):
    """Whether a whole text fits a pattern of `*` and `?`."""

    name = "text_fits"
    inherit_cache = True

    def __init__(self, column: Any, pattern: str) -> None:
        super().__init__(
            column,
            bindparam("glob", pattern.translate(_GLOB_SPECIAL), String(), unique=True),
            bindparam("like", pattern.translate(_LIKE_SPECIAL), String(), unique=True),
        )


def _spelled(element: _Condition, compiler: Any, template: str, options: Any) -> str:
    texts = [compiler.process(part, **options) for part in element.parts]
    return "(" + template.format(*texts) + ")"


@compiles(JsonTexts, "sqlite")
def _json_texts_sqlite(element: JsonTexts, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(JsonTexts, "postgresql")
def _json_texts_postgresql(element: JsonTexts, compiler: Any, **options: Any) -> str:
    array = compiler.process(element.clauses, **options)
    return f"jsonb_array_elements_text(CAST({array} AS JSONB))"


@compiles(Contains, "sqlite")
def _contains_sqlite(element: Contains, compiler: Any, **options: Any) -> str:
    return _spelled(element, compiler, "instr({0}, {1}) > 0", options)


@compiles(Contains, "postgresql")
def _contains_postgresql(element: Contains, compiler: Any, **options: Any) -> str:
    return _spelled(element, compiler, "strpos({0}, {1}) > 0", options)


@compiles(HasNoUnfit, "sqlite")
def _unfit_sqlite(element: HasNoUnfit, compiler: Any, **options: Any) -> str:
    template = "instr({0}, char(0)) = 0 AND instr({0}, char(1)) = 0"
    return _spelled(element, compiler, template, options)


@compiles(HasNoUnfit, "postgresql")
def _unfit_postgresql(element: HasNoUnfit, compiler: Any, **options: Any) -> str:
    # The stored form of both begins with U+0001; see `_types`.
    return _spelled(element, compiler, "strpos({0}, chr(1)) = 0", options)


@compiles(Fits, "sqlite")
def _fits_sqlite(element: Fits, compiler: Any, **options: Any) -> str:
    column, glob, _ = element.parts
    return f"({compiler.process(column, **options)} GLOB {compiler.process(glob, **options)})"


@compiles(Fits, "postgresql")
def _fits_postgresql(element: Fits, compiler: Any, **options: Any) -> str:
    column, _, like = element.parts
    texts = (compiler.process(column, **options), compiler.process(like, **options))
    return f"({texts[0]} LIKE {texts[1]})"
