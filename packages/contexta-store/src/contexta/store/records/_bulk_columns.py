"""Columns of a foreign table as the published schema has them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import ValidationError
from contexta.store.records._batch_frame import STORE_COLUMNS
from contexta.store.records._bulk_problems import Problem
from contexta.store.records.schema import Column, columns_of, stored_schema_for

REQUIRED = {
    "metric": ("run_ref", "metric_key"),
    "event": ("run_ref", "event_key", "level", "message"),
    "span": (
        *("run_ref", "span_id", "trace_id", "span_name"),
        *("started_at", "ended_at", "status", "span_kind"),
    ),
    "degraded": (
        *("run_ref", "degradation_marker", "issue_key"),
        *("category", "severity", "summary"),
    ),
}
"""Columns that a table must have; `metric` needs `value` or `value_int` besides."""

_WRONG_TYPE = "record_bulk_wrong_type"
_TEXTS = ("word", "text", "json")


class ColumnRefusedError(Exception):
    """A column whose type does not fit; `rule` says what does."""

    def __init__(self, rule: str, code: str = _WRONG_TYPE) -> None:
        super().__init__(rule)
        self.rule = rule
        self.code = code


def table_from(source: Any) -> pa.Table:
    """Return anything with Arrow columns as a table, without copying where possible.

    Raises:
        ValidationError: `record_bulk_not_a_table`.
    """
    if isinstance(source, pa.Table):
        return source
    try:
        if isinstance(source, pa.RecordBatch):
            return pa.Table.from_batches([source])
        if isinstance(source, pa.RecordBatchReader):
            return source.read_all()
        table = pa.table(source)
        if is_pandas(source) and table.num_columns and "value" in table.column_names:
            position = table.column_names.index("value")
            values = pa.array(source["value"], from_pandas=False)  # NaN is a value, not none
            table = table.set_column(position, "value", values)
    except (pa.ArrowException, TypeError, ValueError, AttributeError) as error:
        raise ValidationError(
            f"A {type(source).__name__} is no table: {error}. Give an Arrow table, a record batch, "
            "a mapping of columns, or anything that exports an Arrow stream (Polars, pandas, "
            "DuckDB).",
            code="record_bulk_not_a_table",
            details={"type": type(source).__name__},
            cause=error,
        ) from error
    return table


def is_pandas(source: Any) -> bool:
    """Whether something comes from pandas, whose Arrow export turns NaN into null."""
    return type(source).__module__.partition(".")[0] == "pandas"


def conform(
    record_type: str, table: pa.Table
) -> tuple[dict[str, pa.Array], list[Problem], tuple[str, ...]]:
    """Return the columns in the types of the schema, what is wrong, and what is ignored.

    Words stay dictionaries when they came as such. Absent and wholly null columns are left out.
    """
    columns = {column.name: column for column in columns_of(record_type)}
    names = table.column_names
    problems = [
        Problem(name, "record_bulk_unknown_column", f"no column of {record_type} records")
        for name in dict.fromkeys(names)
        if name not in columns
    ]
    problems += [
        Problem(name, "record_bulk_duplicate_column", "the table has it more than once")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    problems += [
        Problem(name, "record_bulk_missing_column", "is missing and has no default")
        for name in REQUIRED[record_type]
        if name not in names
    ]
    if record_type == "metric" and not {"value", "value_int"} & set(names):
        problems.append(Problem("value", "record_bulk_missing_column", "is missing"))
    found: dict[str, pa.Array] = {}
    for name in names:
        if name not in columns or name in STORE_COLUMNS or names.count(name) > 1:
            continue
        try:
            array = conform_array(columns[name], table.column(name))
        except ColumnRefusedError as error:
            problems.append(Problem(name, error.code, error.rule))
            continue
        if array.null_count < len(array) or not columns[name].nullable:
            found[name] = array
        if name == "value" and "value_int" not in names and is_whole(table.column(name).type):
            try:
                found["value_int"] = conform_array(columns["value_int"], table.column(name))
            except ColumnRefusedError as error:
                problems.append(Problem(name, error.code, error.rule))
    return found, problems, tuple(name for name in names if name in STORE_COLUMNS)


def is_whole(kind: pa.DataType) -> bool:
    """Whether numbers of a type are integers, so that metric values keep their exact form."""
    if pa.types.is_run_end_encoded(kind) or pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_integer(kind))


def conform_array(column: Column, source: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as one array of its type; `time` as microseconds in UTC.

    Raises:
        ColumnRefusedError: When its type does not fit.
    """
    try:
        array = source.combine_chunks() if isinstance(source, pa.ChunkedArray) else source
        if isinstance(array, pa.ChunkedArray):
            kind = array.type
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], kind)
        array = _plain(array)
        if pa.types.is_null(array.type):
            return pa.nulls(len(array), _target(column))
        if column.kind in _TEXTS:
            return _text(column, array)
        if column.kind == "time":
            return _time(array)
        if column.kind == "float":
            return _float(array)
        if column.kind == "int":
            return _int(array)
        return _nested(column, array)
    except pa.ArrowException as error:
        raise ColumnRefusedError(f"cannot be converted: {error}") from error


def _target(column: Column) -> pa.DataType:
    names = {"word": pa.string(), "text": pa.string(), "json": pa.string(), "float": pa.float64()}
    others = {
        "int": pa.int64(),
        "time": pa.timestamp("us", tz="UTC"),
        "map": pa.map_(pa.string(), pa.string()),
        "list": pa.list_(pa.string()),
    }
    return {**names, **others}[column.kind]


def _plain(array: pa.Array) -> pa.Array:
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        raise ColumnRefusedError(
            f"has the extension type {kind}; give its plain storage type",
            "record_bulk_extension_type",
        )
    array.validate(full=True)  # a foreign exporter may hand out anything
    if pa.types.is_run_end_encoded(kind):
        return pc.run_end_decode(array)
    if pa.types.is_dictionary(kind) and not _is_text(kind.value_type):
        return array.dictionary_decode()
    return array


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _text(column: Column, array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type):
        if column.kind == "word" and array.dictionary.null_count == 0:
            return array.cast(pa.dictionary(pa.int32(), pa.string()))
        return array.dictionary_decode().cast(pa.string())
    if not _is_text(kind):
        raise ColumnRefusedError(f"has type {kind}; expected text")
    return array.cast(pa.string())


def _time(array: pa.Array) -> pa.Array:
    kind = array.type
    if not pa.types.is_timestamp(kind):
        raise ColumnRefusedError(f"has type {kind}; expected a timestamp with a time zone")
    if kind.tz is None:
        raise ColumnRefusedError(
            "has no time zone, so it names no instant; attach the zone it was taken in",
            "record_bulk_naive_time",
        )
    # Nanoseconds are cut. A zone is only a way to show the same count since 1970 UTC.
    if kind.unit == "ns":
        counts = array.cast(pa.int64())
        whole = pc.divide(counts, 1000)
        behind = pc.and_(pc.less(counts, 0), pc.not_equal(pc.multiply(whole, 1000), counts))
        whole = pc.subtract(whole, behind.cast(pa.int64()))
        return whole.cast(pa.timestamp("us", tz="UTC"))
    return array.cast(pa.timestamp("us", tz="UTC"))


def _float(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_floating(kind):
        return array.cast(pa.float64())
    if pa.types.is_integer(kind):
        return pc.cast(array, pa.float64(), safe=False)
    raise ColumnRefusedError(f"has type {kind}; expected numbers")


def _int(array: pa.Array) -> pa.Array:
    if not pa.types.is_integer(array.type):
        raise ColumnRefusedError(f"has type {array.type}; expected integers")
    try:
        return array.cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise ColumnRefusedError("has integers that do not fit 64 bits with sign") from error


def _nested(column: Column, array: pa.Array) -> pa.Array:
    target = stored_schema_for("metric" if column.kind == "map" else "span").field(column.name).type
    kind = array.type
    fits = pa.types.is_map(kind) if column.kind == "map" else _is_list(kind)
    if not fits:
        wanted = "a map of text to text" if column.kind == "map" else "a list of texts"
        raise ColumnRefusedError(f"has type {kind}; expected {wanted}")
    return array.cast(target)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))
