"""What the index keeps of one part, derived from its rows."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.records import _doubts
from contexta.store.records._index_chunks import (
    BY_KEY,
    BY_RUN,
    COUNTS,
    DOUBT,
    INLINE_POINTS,
    PARTS,
    POINT,
    SCHEMAS,
)
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._summaries import (
    PARTIAL_SCHEMA,
    SUMMARY_COLUMNS,
    Groups,
    group_points,
    partials_of_groups,
)

Families = dict[int, pa.Table]
"""Rows by family, without the order and the chunks that they will have."""


def columns_needed(record_type: str) -> tuple[str, ...]:
    """Return the columns that `derive` looks at."""
    own = (*SUMMARY_COLUMNS, "epoch") if record_type == "metric" else ("run_ref",)
    return tuple(dict.fromkeys((*own, *_doubts.columns_needed(record_type))))


def derive(number: int, part: PartEntry, tables: Iterable[pa.Table]) -> Families:
    """Return what the index keeps of a part.

    Args:
        number: Number of the part in its segment of the index.
        part: The part.
        tables: All its rows, in pieces; a series may be cut between two of them.
    """
    counts, partials = [SCHEMAS[COUNTS].empty_table()], [SCHEMAS[BY_RUN].empty_table()]
    for table in tables:
        if table.num_rows == 0:
            continue
        counts.append(_counts(number, part.record_type, table))
        counts.append(_doubtful(number, part.record_type, table))
        if part.record_type == "metric":
            partials.append(_series(number, table))
    series = pa.concat_tables(partials)
    row = {"part": number, **{k: v for k, v in part._asdict().items() if k in _PART_FIELDS}}
    return {
        PARTS: pa.Table.from_pylist([row], schema=SCHEMAS[PARTS]),
        COUNTS: pa.concat_tables(counts),
        BY_KEY: series.select(SCHEMAS[BY_KEY].names),
        BY_RUN: series,
    }


_PART_FIELDS = frozenset(SCHEMAS[PARTS].names)


def _counts(number: int, record_type: str, table: pa.Table) -> pa.Table:
    found = table.select(["run_ref"]).group_by("run_ref").aggregate([([], "count_all")])
    size = found.num_rows
    columns = [
        pa.repeat(pa.scalar(number, pa.int64()), size),
        found["run_ref"].cast(pa.string()),
        pa.repeat(pa.scalar(record_type), size),
        found["count_all"].cast(pa.int64()),
    ]
    return pa.table(columns, schema=SCHEMAS[COUNTS])


def _doubtful(number: int, record_type: str, table: pa.Table) -> pa.Table:
    """Return counts under names that no record type has."""
    rows = [
        {"part": number, "run_ref": run, "record_type": DOUBT + name, "count": count}
        for name, run, count in _doubts.doubts(record_type, table)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS[COUNTS])


def _series(number: int, table: pa.Table) -> pa.Table:
    groups = group_points(table)
    partials = partials_of_groups(groups)
    columns = {name: partials[name] for name in PARTIAL_SCHEMA.names}
    columns["part"] = pa.repeat(pa.scalar(number, pa.int64()), partials.num_rows)
    columns["points"] = _inline(groups, partials["count"])
    return pa.table([columns[f.name] for f in SCHEMAS[BY_RUN]], schema=SCHEMAS[BY_RUN])


def _inline(groups: Groups, counts: pa.ChunkedArray) -> pa.ListArray:
    """Return the points of each small series as a list, null for the others."""
    sizes = counts.combine_chunks()
    sizes = sizes.chunk(0) if isinstance(sizes, pa.ChunkedArray) else sizes
    small = pc.less_equal(sizes, INLINE_POINTS)
    rows = groups.rows.select([field.name for field in POINT])
    if not pc.all(small).as_py():
        rows = rows.filter(small.take(groups.ids))
    fields = [_one(rows[field.name], field.type) for field in POINT]
    points = pa.StructArray.from_arrays(fields, fields=list(POINT))
    lengths = pc.if_else(small, sizes, 0)
    ends = pc.cumulative_sum(lengths).cast(pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    # Without a validity map, also an empty one: earlier pyarrow takes one for offsets with nulls.
    offsets = pa.Array.from_buffers(pa.int32(), len(offsets), [None, offsets.buffers()[1]])
    kind = pa.list_(POINT)
    return pa.ListArray.from_arrays(offsets, points, type=kind, mask=pc.invert(small))


def _one(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    whole = column.cast(kind).combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], kind)
    return whole
