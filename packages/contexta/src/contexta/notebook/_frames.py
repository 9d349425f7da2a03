"""Results as frames of pandas and Polars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import DependencyError, RenderingError, ValidationError
from contexta.notebook._rows import Table, table_of

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

_PANDAS = {"float": "float64", "bool": "bool", "time": "datetime64[us, UTC]"}


def to_pandas(value: Any) -> pandas.DataFrame:
    """Return a result, or several of one kind such as the runs of a list, as a pandas frame.

    Snapshots (one row), comparisons of two (a row per stage) and of several runs (a row per
    metric), trends (a row per run) and reports (a row per section) have the columns of 1.0
    first. All others, and the method `to_pandas()` of every result, are as
    `contexta.interpretation.frames` says. Times are UTC instants. No rows keep their columns.

    Raises:
        DependencyError: `notebook_pandas_not_ready` without pandas, whatever the value.
        RenderingError: `notebook_table_conversion_unsupported` for what is no table.
    """
    library = _library("pandas")
    table = table_of(value)
    if table is None:
        from contexta.interpretation import frames

        other: pandas.DataFrame = _converted(value, frames.to_pandas)
        return other
    frame = library.DataFrame.from_records(table.rows, columns=list(table.columns))
    # Without rows, or with no value in a column, pandas cannot know what a column holds.
    known = {name: _PANDAS[kind] for name, kind in table.columns.items() if kind in _PANDAS}
    typed: pandas.DataFrame = frame.astype(known) if hasattr(frame, "astype") else frame
    return typed


def to_polars(value: Any) -> polars.DataFrame:
    """Return a result, or several of one kind, as a Polars frame; see `to_pandas`.

    Raises:
        DependencyError: `notebook_polars_not_ready` without Polars, whatever the value.
        RenderingError: `notebook_table_conversion_unsupported` for what is no table.
    """
    library = _library("polars")
    table = table_of(value)
    if table is None:
        from contexta.interpretation import frames

        other: polars.DataFrame = _converted(value, frames.to_polars)
        return other
    frame: polars.DataFrame = library.DataFrame(
        table.rows, schema=_polars_schema(library, table), orient="row"
    )
    return frame


def to_arrow(value: Any) -> pyarrow.Table:
    """Return a result, or several of one kind, as an Arrow table.

    Raises:
        RenderingError: `notebook_table_conversion_unsupported` for what is no table.
    """
    from contexta.interpretation import frames

    return _converted(value, frames.to_arrow)


def _converted(value: Any, convert: Any) -> Any:
    try:
        return convert(value)
    except ValidationError as error:
        raise RenderingError(
            f"a {type(value).__name__} is no table; give a result such as a run snapshot, a "
            "comparison, a trend or a report, or several of one kind such as ctx.list_runs()",
            code="notebook_table_conversion_unsupported",
            details={"type": type(value).__name__},
            cause=error,
        ) from error


def _polars_schema(library: Any, table: Table) -> Mapping[str, Any] | Sequence[str]:
    """Types by name; names only where the library has no types, as stand-ins in tests have."""
    if not hasattr(library, "Datetime"):
        return list(table.columns)
    types = {
        "text": library.String,
        "int": library.Int64,
        "float": library.Float64,
        "bool": library.Boolean,
        "time": library.Datetime("us", "UTC"),
        "texts": library.List(library.String),
    }
    return {name: types[kind] for name, kind in table.columns.items()}


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise DependencyError(
            f"a frame of {name} needs {name}, which is not installed; pip install {name}",
            code=f"notebook_{name}_not_ready",
            details={"package": name},
            cause=error,
        ) from error
