"""The rows behind the views, as Arrow tables with the columns that are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from contexta.contract.time import to_epoch_us
from contexta.export._cells import json_text

if TYPE_CHECKING:
    import pyarrow as pa

RECORDS = frozenset({"metric", "event", "span", "degraded"})
_LEDGER = frozenset(
    {"stage_executions", "batch_executions", "sample_observations", "deployment_executions"}
)
Cells = dict[str, tuple[str, Callable[[Any], Any]]]


class Sources:
    """Reads each source once; the runs serve three views.

    Points that are not sealed yet are among the records.
    """

    def __init__(self, ctx: Any) -> None:
        self._ctx = ctx
        self._known_runs: Sequence[Any] | None = None

    def read(self, source: str, columns: Sequence[str]) -> pa.Table:
        """Return a source as a table with at least these columns.

        Raises:
            StoreError: a plane cannot be read.
        """
        if source in RECORDS:
            # One column at least, so that rows can be counted.
            names = list(columns) or ["sequence"]
            return _without_zones(self._ctx.record_store.arrow(source, columns=names))
        if source in _LEDGER:
            return self._ctx.metadata_store.duckdb.table(source)
        if source == "artifacts":
            return _table(self._ctx.repository.list_artifacts(), _ARTIFACTS)
        return getattr(self, f"_{source}")()

    def _all_runs(self) -> Sequence[Any]:
        if self._known_runs is None:
            self._known_runs = self._ctx.list_runs()
        return self._known_runs

    def _runs(self) -> pa.Table:
        return _table(self._all_runs(), _RUNS)

    def _params(self) -> pa.Table:
        rows = [
            (run.run_id, key, value)
            for run in self._all_runs()
            for key, value in run.params.items()
        ]
        return _named(
            run_id=([row[0] for row in rows], "text"),
            key=([row[1] for row in rows], "text"),
            value=([_text(row[2]) for row in rows], "text"),
            number=([_number(row[2]) for row in rows], "float"),
        )

    def _tags(self) -> pa.Table:
        rows = [(run.run_id, *item) for run in self._all_runs() for item in run.tags.items()]
        return _named(
            run_id=([row[0] for row in rows], "text"),
            key=([row[1] for row in rows], "text"),
            value=([_text(row[2]) for row in rows], "text"),
        )

    def _projects(self) -> pa.Table:
        starts: dict[str, list[int]] = {name: [] for name in self._ctx.list_projects()}
        for run in self._all_runs():
            starts.setdefault(run.project_name, []).append(_instant(run.started_at) or 0)
        return _named(
            project_name=(list(starts), "text"),
            runs=([len(of) for of in starts.values()], "int"),
            first_started_at=([min(of, default=None) for of in starts.values()], "time"),
            last_started_at=([max(of, default=None) for of in starts.values()], "time"),
        )


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json_text(value)
    return text.encode("utf-8", "backslashreplace").decode()


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _instant(text: str | None) -> int | None:
    return None if text is None else to_epoch_us(text)


def _same(value: Any) -> Any:
    return value


_RUNS: Cells = {
    "run_id": ("text", _text),
    "name": ("text", _text),
    "project_name": ("text", _text),
    "status": ("text", _text),
    "started_at": ("time", _instant),
    "ended_at": ("time", _instant),
    "code_revision": ("text", _text),
    "dataset_ref": ("text", _text),
    "description": ("text", _text),
    "metadata": ("text", _text),
}
_ARTIFACTS: Cells = {
    "artifact_ref": ("text", _text),
    "run_id": ("text", _text),
    "stage_id": ("text", _text),
    "kind": ("text", _text),
    "created_at": ("time", _instant),
    "location": ("text", _text),
    "content_type": ("text", _text),
    "size_bytes": ("int", _same),
    "hash_value": ("text", _text),
    "body_missing": ("bool", _same),
    "attributes": ("text", _text),
}


def _table(items: Iterable[Any], cells: Cells) -> pa.Table:
    listed = list(items)
    return _named(
        **{
            name: ([convert(getattr(item, name)) for item in listed], kind)
            for name, (kind, convert) in cells.items()
        }
    )


def _named(**columns: tuple[list[Any], str]) -> pa.Table:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "time": pa.timestamp("us"),
    }
    return pa.table({name: pa.array(of, types[kind]) for name, (of, kind) in columns.items()})


def _without_zones(table: pa.Table) -> pa.Table:
    """Make instants plain UTC timestamps: zones would need a zone database in the engine."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            plain = table.column(place).cast(pa.timestamp("us"))
            table = table.set_column(place, field.name, plain)
    return table
