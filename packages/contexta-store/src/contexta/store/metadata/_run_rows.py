"""Runs as light rows: what listings and tables show, without building models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import IntegrityError
from contexta.store.metadata._entities import RUN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa
    from sqlalchemy import Row

    from contexta.store.metadata._damage import DamageLog


_MAPPINGS = ("params", "tags", "metadata")
_TEXTS = ("code_revision", "dataset_ref", "description")


class RunRow(NamedTuple):
    """One run as a listing shows it; checked against its digest like a model.

    Attributes:
        ref: Ref text.
        project_ref: Ref text of its project.
        name: Free text.
        status: `open`, `completed`, `failed`, `cancelled` or `interrupted`.
        started_us: Microseconds since 1970 UTC.
        ended_us: The same; None while open.
        params: As in `Run.params`.
        tags: As in `Run.tags`.
        metadata: As in `Run.metadata`, in plain lists and dictionaries.
        code_revision: As in `Run`.
        dataset_ref: As in `Run`, as text.
        description: As in `Run`.
    """

    ref: str
    project_ref: str
    name: str
    status: str
    started_us: int
    ended_us: int | None
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    metadata: Mapping[str, Any]
    code_revision: str | None
    dataset_ref: str | None
    description: str | None


class RunOrderRow(NamedTuple):
    """What lists of runs are sorted by, read from columns alone; nothing is checked by digest.

    Attributes:
        ref: Ref text.
        status: As in `RunRow`.
        started_us: Microseconds since 1970 UTC.
        ended_us: The same; None while open.
        number: The value of a parameter that is a finite number, else None.
        text: The value of the parameter as text; None for a run without it.
    """

    ref: str
    status: str
    started_us: int
    ended_us: int | None
    number: float | None
    text: str | None


def light_rows(rows: Iterable[Row[Any]], damage: DamageLog) -> tuple[RunRow, ...]:
    """Return the light rows of run rows; damaged ones are left out and reported."""
    found = []
    for row in rows:
        try:
            content = RUN.content_of(row)
        except IntegrityError as error:
            damage.add(error)
            continue
        ref, project_ref, name, started_us, ended_us, status = tuple(row)[:6]
        own: dict[str, Any] = {field: content.get(field) or {} for field in _MAPPINGS}
        own.update({field: content.get(field) for field in _TEXTS})
        found.append(RunRow(ref, project_ref, name, status, started_us, ended_us, **own))
    return tuple(found)


def arrow_table(rows: Iterable[RunRow]) -> pa.Table:
    """Return light rows as an Arrow table; values of parameters are JSON text."""
    import pyarrow as pa

    instant = pa.timestamp("us", tz="UTC")
    texts = pa.map_(pa.string(), pa.string())
    schema = pa.schema(
        [
            pa.field("run_ref", pa.string(), nullable=False),
            pa.field("project_ref", pa.string(), nullable=False),
            pa.field("name", pa.string(), nullable=False),
            pa.field("status", pa.string(), nullable=False),
            pa.field("started_at", instant, nullable=False),
            pa.field("ended_at", instant),
            pa.field("params", texts, nullable=False),
            pa.field("tags", texts, nullable=False),
        ]
    )
    columns: list[list[Any]] = [[] for _ in schema]
    for row in rows:
        params = [(key, json.dumps(value)) for key, value in row.params.items()]
        values = (*row[:6], params, list(row.tags.items()))
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    arrays = [
        pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
