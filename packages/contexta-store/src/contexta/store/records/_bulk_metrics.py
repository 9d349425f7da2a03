"""Many points of one series, from NumPy arrays, lists or Arrow arrays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from contexta.contract.errors import ContextaError
from contexta.contract.time import parse_timestamp, to_epoch_us
from contexta.store.records._bulk_columns import (
    ColumnRefusedError,
    conform_array,
    is_pandas,
    is_whole,
)
from contexta.store.records._bulk_contexts import normal_row
from contexta.store.records._bulk_problems import Problem, bulk_error, problems_of
from contexta.store.records._bulk_rows import Checked, Piece, good_rows, metric_numbers
from contexta.store.records.schema import columns_of

_COLUMNS = {column.name: column for column in columns_of("metric")}
_UNIT_US = pa.timestamp("us", tz="UTC")


def check_metrics(
    run_ref: str,
    key: str,
    values: Any,
    *,
    steps: Any,
    epochs: Any,
    observed_at: Any,
    context: Mapping[str, Any],
    now_us: int,
) -> Checked:
    """Return the points of one series ready to be framed, and the problems of the others.

    Raises:
        ValidationError: `record_bulk_invalid`, for a column as a whole or for the series.
    """
    problems: list[Problem] = []
    columns: dict[str, pa.Array] = {}
    given = {"value": values, "step": steps, "epoch": epochs}
    for name, source in given.items():
        if source is not None or name == "value":
            _take(name, source, columns, problems)
    count = len(columns["value"]) if "value" in columns else 0
    _take_times(observed_at, count, columns, problems)
    for name, array in columns.items():
        if "value" in columns and len(array) != count:
            rule = f"has {len(array)} cells for {count} values"
            problems.append(Problem(name, "record_bulk_length_mismatch", rule))
    whole = "value_int" in columns and columns["value_int"].null_count == 0
    constants: dict[str, Any] = {}
    try:
        tags = context.get("tags")
        cells = {name: cell for name, cell in context.items() if cell is not None}
        cells["tags"] = [] if tags is None else sorted(dict(tags).items())
        value_type = "int" if whole else "float"
        row = normal_row(
            "metric", {"value_type": value_type, **cells, "run_ref": run_ref, "metric_key": key}
        )
        constants = {n: row.get(n) for n in _COLUMNS if _COLUMNS[n].kind in ("word", "map")}
    except ContextaError as error:
        source = error.cause if isinstance(error.cause, ContextaError) else error
        problems += problems_of(source, (), "run_ref")
    except (TypeError, ValueError) as error:
        problems.append(Problem("tags", "context_invalid_mapping", f"are no mapping: {error}"))
    if problems:
        raise bulk_error("metric", problems)
    numbers, bad = metric_numbers(columns, count, now_us)
    numbers, _ = good_rows(numbers, pa.nulls(count, pa.int64()), bad)
    table = pa.table(numbers)
    return Checked([Piece(table, constants)] if table.num_rows else [], bad)


def _take(name: str, source: Any, columns: dict[str, pa.Array], problems: list[Problem]) -> None:
    try:
        array = array_from(source)
        columns[name] = conform_array(_COLUMNS[name], array)
        if name == "value" and is_whole(array.type):
            columns["value_int"] = conform_array(_COLUMNS["value_int"], array)
    except ColumnRefusedError as error:
        problems.append(Problem(name, error.code, error.rule))
        columns.pop("value_int", None)


def _take_times(
    source: Any, count: int, columns: dict[str, pa.Array], problems: list[Problem]
) -> None:
    if source is None:
        return
    try:
        if isinstance(source, (str, datetime)):
            source = to_epoch_us(parse_timestamp(source))
        if isinstance(source, int) and not isinstance(source, bool):
            columns["observed_at"] = pa.repeat(pa.scalar(source, pa.int64()), count).cast(_UNIT_US)
            return
        array = array_from(source)
        if is_whole(array.type):
            columns["observed_at"] = conform_array(_COLUMNS["step"], array).cast(_UNIT_US)
        else:
            columns["observed_at"] = conform_array(_COLUMNS["observed_at"], array)
    except ColumnRefusedError as error:
        problems.append(Problem("observed_at", error.code, error.rule))
    except ContextaError as error:
        problems.append(Problem("observed_at", error.code, error.message))
    except (pa.ArrowException, OverflowError) as error:
        problems.append(Problem("observed_at", "context_invalid_timestamp", str(error)))


def array_from(source: Any) -> pa.Array | pa.ChunkedArray:
    """Return anything that holds a column of numbers as an Arrow array.

    Raises:
        ColumnRefusedError: When it holds none.
    """
    if isinstance(source, (pa.Array, pa.ChunkedArray)):
        return source
    if isinstance(source, (str, bytes, bytearray, Mapping)):
        raise ColumnRefusedError(f"is {type(source).__name__}; give an array or a list")
    try:
        if is_pandas(source):  # its export takes NaN for a missing value
            return pa.array(source, from_pandas=False)
        if hasattr(source, "__arrow_c_stream__"):
            return pa.chunked_array(source)
        if not hasattr(source, "__arrow_c_array__") and hasattr(source, "__array__"):
            source = source.__array__()  # NumPy, torch and jax
        array: pa.Array | pa.ChunkedArray = pa.array(source)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ColumnRefusedError(f"cannot be read as a column of numbers: {error}") from error
    return array
