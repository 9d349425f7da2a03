"""Values of an answer as plain data: texts, numbers, truth values, and JSON of the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ValidationError
from contexta.contract.time import from_epoch_us

if TYPE_CHECKING:
    import pyarrow as pa

    from contexta.export._model import Kind


def kind_of(type_: pa.DataType) -> Kind:
    """Return what cells of a column hold."""
    import pyarrow as pa

    if pa.types.is_boolean(type_):
        return "bool"
    if pa.types.is_integer(type_) or (pa.types.is_decimal(type_) and type_.scale == 0):
        return "int"
    if pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return "float"
    if pa.types.is_timestamp(type_):
        return "time"
    return "json" if pa.types.is_nested(type_) else "text"


def cells_of(name: str, column: Any) -> list[Any]:
    """Return the cells of a column as plain data.

    Raises:
        ValidationError: `sql_value_without_form`: a moment outside of the years 1 to 9999, or
            a value of a type that has no plain form.
    """
    import pyarrow as pa

    try:
        if pa.types.is_timestamp(column.type):
            moments = column.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
            return [None if one is None else from_epoch_us(one) for one in moments]
        convert = _converter(column.type)
        return [None if one is None else convert(one) for one in column.to_pylist()]
    except (OverflowError, ValueError, NotImplementedError, pa.ArrowException) as error:
        raise ValidationError(
            f"a value of the column {name!r} ({column.type}) has no plain form: {error}; "
            "CAST it to VARCHAR in the query",
            code="sql_value_without_form",
            details={"column": name, "type": str(column.type)},
            cause=error,
        ) from error


def _converter(type_: pa.DataType) -> Callable[[Any], Any]:
    import pyarrow as pa

    if pa.types.is_decimal(type_):
        return int if type_.scale == 0 else float
    if pa.types.is_map(type_):
        return lambda pairs: {str(key): _nested(one) for key, one in pairs}
    if pa.types.is_nested(type_):
        return _nested
    simple = (
        pa.types.is_boolean(type_)
        or pa.types.is_integer(type_)
        or pa.types.is_floating(type_)
        or pa.types.is_string(type_)
    )
    return _same if simple else _as_text


def _same(value: Any) -> Any:
    return value


def _as_text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _nested(value: Any) -> Any:
    """Lists, structs and maps; a map arrives as a list of pairs."""
    if isinstance(value, dict):
        return {str(key): _nested(one) for key, one in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, tuple) and len(one) == 2 for one in value):
            return {str(key): _nested(one) for key, one in value}
        return [_nested(one) for one in value]
    if isinstance(value, Decimal):
        return float(value)
    if value is None or isinstance(value, str | int | float):
        return value
    return _as_text(value)


def unique_names(names: Sequence[str]) -> list[str]:
    """Return the names, with a number behind those that are there already."""
    taken: set[str] = set()
    out = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate)
        out.append(candidate)
    return out
