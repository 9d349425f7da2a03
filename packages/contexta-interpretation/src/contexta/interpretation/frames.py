"""Results as tables, for those who go on in Arrow, pandas or Polars.

``to_arrow`` takes any result, or several of one kind such as the runs of a list. A result that
holds items gives a row for each: a trend its points, a comparison its metric deltas, a gate its
outcomes, a snapshot its metrics. Every other result is one row.

Columns are the fields of the rows, preceded by what the whole result is about (``metric_key``,
``run_id``, ...). Results inside a row are spread (``left_mean``), params and tags have a column
each (``params.lr``), other mappings and sequences are JSON text, or lists where all items are
texts. Instants become ``timestamp[us, UTC]``. NaN and infinities stay. Evidence and notes are
left out; what is missing is kept beside the columns, as JSON in the schema's metadata under
``contexta.completeness`` and in ``attrs["completeness"]`` of pandas. A result without rows keeps
its columns.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_origin, get_type_hints

from contexta.contract.errors import DependencyError, ValidationError
from contexta.interpretation._base import Result, Results, jsonable
from contexta.interpretation.aggregates.models import AggregateAnswer
from contexta.interpretation.compare.models import (
    MetricDelta,
    MultiRunComparison,
    RunComparison,
)
from contexta.interpretation.instants import instant_us

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

METADATA_KEY = b"contexta.completeness"
_ITEMS = {
    "AlertReport": "results",
    "ArtifactSizeTrend": "points",
    "Bisection": "differences",
    "ChangeHistory": "points",
    "DiagnosticsResult": "issues",
    "DurationTrend": "points",
    "GateResult": "outcomes",
    "GroupComparison": "metrics",
    "LineageTraversal": "edges",
    "MetricTrend": "points",
    "ReplicateGroups": "groups",
    "ReportComparison": "section_diffs",
    "RunPage": "runs",
    "RunSnapshot": "metrics",
    "RunStatusDistribution": "by_status",
    "RunSummaryTable": "by_stage",
    "StepSeries": "points",
}
_ABOUT = (
    "project_name",
    "run_id",
    "left_run_id",
    "right_run_id",
    "metric_key",
    "stage_id",
    "stage_name",
    "artifact_kind",
    "root_ref",
    "unit",
)
_LONG = {
    "metric_key": "str",
    "stage_name": "str",
    "run_id": "str",
    "run_name": "str",
    "value": "float",
    "best": "bool",
}
_ALIASES = {"int": "int64", "float": "float64", "bool": "bool"}
_BESIDE = frozenset(("evidence_links", "completeness_notes", "completeness"))
_SPREAD = frozenset(("params", "tags"))


def to_arrow(result: Result | Iterable[Result]) -> pyarrow.Table:
    """Return a result, or several of one kind, as an Arrow table.

    Raises:
        ValidationError: something else (``frames_invalid_result``).
    """
    import pyarrow as pa

    if isinstance(result, AggregateAnswer):
        return result.to_arrow()
    checked = _checked(result)
    rows, kinds = _rows_of(checked), _kinds_of(checked)
    names = dict.fromkeys(name for row in rows for name in row)
    # Columns that a row could have are there without a row too, so that pipelines do not break.
    names = names if rows else dict.fromkeys(kinds)
    columns = {
        name: _column(name, [row.get(name) for row in rows], kinds.get(name)) for name in names
    }
    table = pa.table(columns)
    completeness = getattr(result, "completeness", None)
    if completeness is None:
        return table
    text = json.dumps(completeness.to_dict(), allow_nan=False, sort_keys=True)
    return table.replace_schema_metadata({METADATA_KEY: text.encode()})


def to_pandas(result: Result | Iterable[Result]) -> pandas.DataFrame:
    """Return a result, or several of one kind, as a pandas frame.

    Raises:
        DependencyError: pandas is not installed (``frames_library_missing``).
        ValidationError: ``frames_invalid_result``.
    """
    _require("pandas")
    table = to_arrow(result)
    frame: pandas.DataFrame = table.to_pandas()
    known = (table.schema.metadata or {}).get(METADATA_KEY)
    if known is not None:
        frame.attrs["completeness"] = json.loads(known)
    return frame


def to_polars(result: Result | Iterable[Result]) -> polars.DataFrame:
    """Return a result, or several of one kind, as a Polars frame.

    Raises:
        DependencyError: Polars is not installed (``frames_library_missing``).
        ValidationError: ``frames_invalid_result``.
    """
    library, table = _require("polars"), to_arrow(result)
    frame: polars.DataFrame = library.from_arrow(table)
    return frame


def _kinds_of(result: Result | Sequence[Result]) -> dict[str, str]:
    """The columns that rows of this kind have, and what their fields say that they hold."""
    if isinstance(result, MultiRunComparison):
        return dict(_LONG)
    if isinstance(result, Results):
        return _field_kinds(result.kind)
    if not isinstance(result, Result):
        return _field_kinds(type(result[0])) if result else {}
    item = _item_class(result)
    if item is None:
        return _field_kinds(type(result))
    about = {name: "str" for name in _ABOUT if hasattr(result, name)}
    return {**about, **_field_kinds(item)}


def _item_class(result: Result) -> type[Result] | None:
    if isinstance(result, RunComparison):
        return MetricDelta
    name = _ITEMS.get(type(result).__name__)
    if name is None:
        return None
    (item, _) = get_args(get_type_hints(type(result))[name])
    found: type[Result] = item
    return found


def _field_kinds(kind: type[Result], prefix: str = "") -> dict[str, str]:
    """Names of columns and their types in words; those inside results are spread."""
    found: dict[str, str] = {}
    for name, hint in get_type_hints(kind).items():
        if name.startswith("_") or name in _BESIDE or name in _SPREAD:
            continue
        inner = [part for part in get_args(hint) or (hint,) if part is not type(None)]
        if get_origin(hint) is ClassVar:
            continue
        if len(inner) == 1 and isinstance(inner[0], type) and issubclass(inner[0], Result):
            if not prefix:
                found.update(_field_kinds(inner[0], f"{name}_"))
        elif get_origin(hint) is tuple:
            found[prefix + name] = "list" if inner[0] is str else "str"
        else:
            found[prefix + name] = getattr(inner[0], "__name__", "str")
    return found


def _rows_of(result: Result | Sequence[Result]) -> list[dict[str, Any]]:
    if isinstance(result, Result):
        return _rows_of_one(result)
    return [_flat(item) for item in result]


def _checked(result: object) -> Result | Sequence[Result]:
    if isinstance(result, Result):
        return result
    if isinstance(result, str) or not isinstance(result, Iterable):
        raise _invalid(result)
    items = result if isinstance(result, Results) else tuple(result)
    for item in items:
        if not isinstance(item, Result):
            raise _invalid(item)
    return items


def _rows_of_one(result: Result) -> list[dict[str, Any]]:
    kind = type(result).__name__
    about = {name: getattr(result, name) for name in _ABOUT if hasattr(result, name)}
    if kind == "RunComparison":
        stages: Any = result
        deltas = [delta for stage in stages.stage_comparisons for delta in stage.metric_deltas]
        return [{**about, **_flat(delta)} for delta in deltas]
    if kind == "MultiRunComparison":
        return _long(result)
    if kind in _ITEMS:
        return [{**about, **_flat(item)} for item in getattr(result, _ITEMS[kind])]
    return [_flat(result)]


def _long(comparison: Any) -> list[dict[str, Any]]:
    """One row per metric and run."""
    return [
        {
            "metric_key": row.metric_key,
            "stage_name": row.stage_name,
            "run_id": run_id,
            "run_name": name,
            "value": value,
            "best": row.best_run_id == run_id,
        }
        for row in comparison.metric_table
        for run_id, name, value in zip(
            comparison.run_ids, comparison.run_names, row.values, strict=True
        )
    ]


def _flat(item: Any) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field in dataclasses.fields(item):
        name, value = field.name, getattr(item, field.name)
        if name in _BESIDE:
            continue
        if isinstance(value, Result):
            row.update({f"{name}_{key}": cell for key, cell in _flat(value).items()})
        elif name in _SPREAD and isinstance(value, Mapping):
            row.update({f"{name}.{key}": _cell(cell) for key, cell in value.items()})
        else:
            row[name] = _cell(value)
    return row


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (tuple, list)) and all(isinstance(part, str) for part in value):
        return list(value)
    return json.dumps(jsonable(value), ensure_ascii=False, allow_nan=False)


def _column(name: str, values: list[Any], kind: str | None) -> pyarrow.Array:
    import pyarrow as pa

    if name.endswith("_at"):
        instants = [instant_us(value) if isinstance(value, str) else None for value in values]
        return pa.array(instants, pa.timestamp("us", tz="UTC"))
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        empty = pa.list_(pa.string()) if kind == "list" else _ALIASES.get(kind or "", "string")
        return pa.array(values, empty)
    if kinds <= {int, float} and len(kinds) > 1:
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    if len(kinds) > 1:
        return pa.array([v if v is None or type(v) is str else json.dumps(v) for v in values])
    try:
        # A whole number in a column of floats, as every value of a small table may be.
        wanted = pa.float64() if kind == "float" and kinds == {int} else None
        return pa.array(values, wanted)
    except (pa.ArrowInvalid, OverflowError):  # an integer beyond 64 bits
        return pa.array([None if value is None else str(value) for value in values])


def _require(library: str) -> Any:
    try:
        return import_module(library)
    except ImportError as error:
        raise DependencyError(
            f"a frame of {library} needs {library}; pip install {library}",
            code="frames_library_missing",
            details={"library": library},
            cause=error,
        ) from error


def _invalid(value: object) -> ValidationError:
    return ValidationError(
        f"{type(value).__name__} is no result; give a result of contexta.interpretation, or a "
        "list of results of one kind",
        code="frames_invalid_result",
        details={"type": type(value).__name__},
    )


__all__ = ["METADATA_KEY", "to_arrow", "to_pandas", "to_polars"]
