"""Rows of a bulk append, checked by the rules of the contract: accepted means readable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import ContextaError
from contexta.contract.refs import StableRef, validate_stable_ref_field
from contexta.contract.time import to_epoch_us
from contexta.store.records._batch_frame import Constants
from contexta.store.records._bulk_contexts import Contexts, contexts_of, normal_row, spread
from contexta.store.records._bulk_problems import Problem, problems_of, rows_where
from contexta.store.records._documents import Row
from contexta.store.records._tables import table_of_rows
from contexta.store.records.schema import columns_of

_CHECKED_AT_ONCE = 8192
_MIN_US = to_epoch_us("0001-01-01T00:00:00Z")
_MAX_US = to_epoch_us("9999-12-31T23:59:59.999999Z")
_VALUE_CODE = "record_invalid_metric_value"
_TIME_CODE = "context_invalid_timestamp"


class Piece(NamedTuple):
    """Rows that are ready to be framed: columns, and the cells that all of them share."""

    table: pa.Table
    constants: Constants


class Checked(NamedTuple):
    """What can be stored, and the problems of the other rows."""

    pieces: list[Piece]
    problems: list[Problem]


def check_rows(
    record_type: str, columns: dict[str, pa.Array], count: int, now_us: int, max_bytes: int
) -> Checked:
    """Check rows whose columns have the types of the schema.

    Args:
        record_type: Type of the records.
        columns: By name; absent ones take their default.
        count: Number of rows.
        now_us: `observed_at` of rows without one, microseconds since 1970 UTC.
        max_bytes: A record with longer texts is refused.
    """
    if count == 0:
        return Checked([], [])
    if record_type == "metric":
        return _check_metrics(columns, count, now_us)
    return _check_each(record_type, columns, count, now_us, max_bytes)


def _check_metrics(columns: dict[str, pa.Array], count: int, now_us: int) -> Checked:
    numbers, problems = metric_numbers(columns, count, now_us)
    integers = numbers["value_int"].null_count == 0
    contexts = contexts_of(columns, count, "int" if integers else "float")
    problems += contexts.problems
    if "record_ref" in columns:
        problems += _check_refs(columns["record_ref"], contexts)
        numbers["record_ref"] = columns["record_ref"]
    numbers, index = good_rows(numbers, contexts.index, problems)
    if len(index) == 0:
        return Checked([], problems)
    texts, constants = spread(contexts, index)
    return Checked([Piece(pa.table({**numbers, **texts}), constants)], problems)


def good_rows(
    columns: dict[str, pa.Array], index: pa.Array, problems: list[Problem]
) -> tuple[dict[str, pa.Array], pa.Array]:
    """Return the rows that no problem names."""
    bad = sorted({row for problem in problems for row in problem.rows})
    if not bad:
        return columns, index
    positions = pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), len(index)))
    good = pc.invert(pc.is_in(positions, pa.array([row + 1 for row in bad], pa.int64())))
    return {name: array.filter(good) for name, array in columns.items()}, index.filter(good)


def metric_numbers(
    columns: dict[str, pa.Array], count: int, now_us: int
) -> tuple[dict[str, pa.Array], list[Problem]]:
    """Return the times and numbers of metric rows by name, and the problems in them."""
    problems: list[Problem] = []
    moment = pa.timestamp("us", tz="UTC")
    observed = columns.get("observed_at")
    if observed is None:
        observed = pa.repeat(pa.scalar(now_us, pa.int64()).cast(moment), count)
    recorded = columns.get("recorded_at")
    for name, array in (("observed_at", observed), ("recorded_at", recorded)):
        if array is not None:
            problems += _check_times(name, array, nullable=name == "recorded_at")
    value, exact, found = _values(columns, count)
    problems += found
    epoch = columns.get("epoch")
    if epoch is not None:
        infinite = rows_where(pc.invert(pc.is_finite(epoch)))
        problems += _some("epoch", "record_invalid_epoch", "is not finite", infinite)
    numbers = {"observed_at": observed, "value": value, "value_int": exact}
    if recorded is not None:
        later = pc.greater(recorded, observed)  # a clock that stepped back is raised
        numbers["recorded_at"] = pc.if_else(later, recorded, pa.scalar(None, moment))
    numbers |= {name: columns[name] for name in ("step", "epoch") if name in columns}
    return numbers, problems


def _values(columns: dict[str, pa.Array], count: int) -> tuple[pa.Array, pa.Array, list[Problem]]:
    value, exact = columns.get("value"), columns.get("value_int")
    if exact is None:
        exact = pa.nulls(count, pa.int64())
    as_float = pc.cast(exact, pa.float64(), safe=False)
    if value is None:
        value = pa.nulls(count, pa.float64())
    differs = rows_where(pc.not_equal(as_float, value))
    value = pc.coalesce(as_float, value)
    missing = rows_where(pc.is_null(value))
    problems = [
        *_some("value", _VALUE_CODE, "is missing", missing),
        *_some("value_int", _VALUE_CODE, "differs from value", differs),
    ]
    return value, exact, problems


def _check_times(name: str, array: pa.Array, *, nullable: bool) -> list[Problem]:
    counts = array.cast(pa.int64())
    outside = pc.or_(pc.less(counts, _MIN_US), pc.greater(counts, _MAX_US))
    problems = _some(name, _TIME_CODE, "is outside the years 1 to 9999", rows_where(outside))
    if not nullable:
        problems += _some(name, _TIME_CODE, "is null", rows_where(pc.is_null(counts)))
    return problems


def _some(column: str, code: str, rule: str, rows: list[int]) -> list[Problem]:
    return [Problem(column, code, rule, rows)] if rows else []


def _check_refs(references: pa.Array, contexts: Contexts) -> list[Problem]:
    prefixes = [f"record:{str(row.get('run_ref'))[4:]}." for row in contexts.rows]
    problems: list[Problem] = []
    numbers = contexts.index.to_pylist()
    for row, text in enumerate(references.to_pylist()):
        if text is None:
            continue
        try:
            validate_stable_ref_field(StableRef.parse(text), "record_ref")
        except ContextaError as error:
            problems += problems_of(error, (row,), "record_ref")
            continue
        if not text.startswith(prefixes[numbers[row]]):
            rule = f"does not lie inside the run; it must start with {prefixes[numbers[row]]!r}"
            problems.append(Problem("record_ref", "record_ref_prefix_mismatch", rule, (row,)))
    return problems


def _check_each(
    record_type: str, columns: dict[str, pa.Array], count: int, now_us: int, max_bytes: int
) -> Checked:
    pieces: list[Piece] = []
    problems: list[Problem] = []
    for start in range(0, count, _CHECKED_AT_ONCE):
        good: list[Row] = []
        for row, cells in enumerate(_rows(record_type, columns, start), start):
            try:
                if record_type != "span":
                    cells.setdefault("observed_at", now_us)
                checked = normal_row(record_type, cells)
            except ContextaError as error:
                problems += problems_of(_source(error), (row,), "run_ref")
                continue
            size = sum(len(c.encode()) for c in checked.values() if isinstance(c, str))
            if size > max_bytes:
                rule = f"its texts have more than max_record_bytes = {max_bytes} bytes"
                problems.append(Problem("(record)", "record_too_large", rule, (row,)))
                continue
            good.append(checked)
        if good:
            for number, checked in enumerate(good):
                checked["sequence"] = number  # replaced when the frame is read
            pieces.append(Piece(table_of_rows(record_type, good), {}))
    return Checked(pieces, problems)


def _source(error: ContextaError) -> ContextaError:
    return error.cause if isinstance(error.cause, ContextaError) else error


def _rows(record_type: str, columns: dict[str, pa.Array], start: int) -> Iterator[Row]:
    times = {column.name for column in columns_of(record_type) if column.kind == "time"}
    cells: dict[str, list[Any]] = {}
    for name, array in columns.items():
        part = array.slice(start, _CHECKED_AT_ONCE)
        cells[name] = (part.cast(pa.int64()) if name in times else part).to_pylist()
    for values in zip(*cells.values(), strict=True):
        yield {n: v for n, v in zip(cells, values, strict=True) if v is not None}
