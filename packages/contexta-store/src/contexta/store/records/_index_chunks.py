"""What the index keeps, cut into chunks that prove themselves.

A segment of the index is immutable and has a random number of its own. Each of its families is a
table sorted by a key and cut into chunks that tile all possible keys: a chunk knows the range
`low <= key < high` that it answers for. So a search either finds the one chunk whose range holds
the key, with its checksum right, or knows that something is missing; it never takes a hole for
"there is nothing". The checksum covers segment, family and range beside the content, so that a
chunk cannot stand for another one, whatever a damaged page of the database says.

The content is one Arrow record batch without its schema, compressed as a whole with zstd.
Measured for 2,048 summaries: 0.25 ms to decode; the same as Python objects from `struct` and
`json` took 9 ms, and each column compressed by itself 0.45 ms.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.records._summaries import PARTIAL_SCHEMA

PARTS, COUNTS, BY_KEY, BY_RUN = 1, 2, 3, 4
FAMILIES = (PARTS, COUNTS, BY_KEY, BY_RUN)
DOUBT = ":"
"""Counts of doubts stand beside those of record types, with this before their names."""
END = b"\xff" * 4
"""Behind every key: no UTF-8 text holds this byte, and part numbers stay below."""
INLINE_POINTS = 64
"""A series of at most so many points in a part is kept in the index as it is."""

POINT = pa.struct(
    [
        pa.field("sequence", pa.int64(), False),
        pa.field("step", pa.int64()),
        pa.field("epoch", pa.float64()),
        pa.field("observed_at", pa.int64(), False),
        pa.field("value", pa.float64(), False),
    ]
)
_PART = pa.field("part", pa.int64(), False)
SCHEMAS = {
    PARTS: pa.schema(
        [
            _PART,
            pa.field("path", pa.string(), False),
            pa.field("record_type", pa.string(), False),
            pa.field("project", pa.string(), False),
            pa.field("rows", pa.int64(), False),
            pa.field("size", pa.int64(), False),
            pa.field("sha256", pa.string(), False),
            pa.field("tail_offset", pa.int64(), False),
            pa.field("tail_sha256", pa.string(), False),
            pa.field("first_sequence", pa.int64(), False),
            pa.field("last_sequence", pa.int64(), False),
        ]
    ),
    COUNTS: pa.schema(
        [
            _PART,
            pa.field("run_ref", pa.string(), False),
            pa.field("record_type", pa.string(), False),
            pa.field("count", pa.int64(), False),
        ]
    ),
    BY_KEY: pa.schema([_PART, *PARTIAL_SCHEMA]),
    BY_RUN: pa.schema([_PART, *PARTIAL_SCHEMA, pa.field("points", pa.list_(POINT))]),
}
_CHUNK_ROWS = {PARTS: 256, COUNTS: 1024, BY_KEY: 2048, BY_RUN: 512}
_CHUNK_POINTS = 2048
_MAX_CONTENT_BYTES = 256 << 20
_HEAD = struct.Struct(">4sIQH")
_MAGIC = b"CXI1"


class DamagedChunkError(Exception):
    """A chunk is not what was written, or is missing."""


class Chunk(NamedTuple):
    """One chunk, encoded. `low` is its place in the family; the rest is in `body`."""

    family: int
    low: bytes
    body: bytes


def keys_of(family: int, rows: pa.Table) -> pa.Array:
    """Return the binary sort key of each row."""
    if family == PARTS:
        numbers = rows["part"].to_pylist()
        return pa.array([part_key(number) for number in numbers], pa.binary())
    columns = {COUNTS: ("run_ref",), BY_KEY: ("metric_key", "run_ref")}
    names = columns.get(family, ("run_ref", "metric_key"))
    texts = [rows[name] for name in names]
    joined = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, "\x00")
    return joined.cast(pa.binary()).combine_chunks()


def part_key(number: int) -> bytes:
    """Return the key of a part by its number in the segment."""
    return struct.pack(">I", number)


def text_key(*texts: str) -> bytes:
    """Return the key that rows with these texts have, or that keys with this prefix begin with."""
    return "\x00".join(texts).encode("utf-8", "surrogatepass")


def encode_family(segment: int, family: int, rows: pa.Table) -> Iterator[Chunk]:
    """Sort rows and cut them into chunks; also an empty table makes one chunk."""
    rows = rows.select(SCHEMAS[family].names).cast(SCHEMAS[family])
    keys = keys_of(family, rows)
    order = pc.sort_indices(pa.table({"key": keys}), sort_keys=[("key", "ascending")])
    rows, keys = rows.take(order), keys.take(order)
    if isinstance(keys, pa.ChunkedArray):
        keys = keys.combine_chunks()
    cuts = _cuts(family, rows, keys)
    for index, (start, end) in enumerate(zip(cuts, [*cuts[1:], rows.num_rows], strict=True)):
        low = b"" if index == 0 else keys[start].as_py()
        high = keys[end].as_py() if end < rows.num_rows else END
        yield _encode(segment, family, low, high, rows.slice(start, end - start))


def _cuts(family: int, rows: pa.Table, keys: pa.Array) -> list[int]:
    """Return where chunks begin; rows of one key are never separated."""
    weights = pa.repeat(pa.scalar(1.0), rows.num_rows)
    if family == BY_RUN:
        points = pc.fill_null(pc.list_value_length(rows["points"]), 0)
        weights = pc.add(weights, pc.multiply(points, _CHUNK_ROWS[BY_RUN] / _CHUNK_POINTS))
    numbers = pc.floor(pc.divide(pc.cumulative_sum(weights), float(_CHUNK_ROWS[family])))
    numbers = numbers.combine_chunks() if isinstance(numbers, pa.ChunkedArray) else numbers
    jumps = pc.indices_nonzero(pc.greater(pc.fill_null(pc.pairwise_diff(numbers), 0), 0))
    cuts = [0]
    for start in jumps.to_pylist():
        begin = start
        while begin > cuts[-1] and keys[begin] == keys[begin - 1]:
            begin -= 1
        if begin > cuts[-1]:
            cuts.append(begin)
    return cuts


def _encode(segment: int, family: int, low: bytes, high: bytes, rows: pa.Table) -> Chunk:
    arrays = [_packed(rows[name]) for name in rows.column_names]
    batch = pa.RecordBatch.from_arrays(arrays, schema=SCHEMAS[family])
    raw = batch.serialize()
    content = pa.compress(raw, codec="zstd", asbytes=True)
    rest = _HEAD.pack(_MAGIC, 0, raw.size, len(high))[8:] + high + content
    crc = crc32(rest, crc32(low, crc32(_place(segment, family, low))))
    return Chunk(family, low, _MAGIC + struct.pack(">I", crc) + rest)


def _packed(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece that starts at 0; points as differences to the one before.

    Sequence numbers and times then compress to almost nothing.
    """
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    if whole.offset:
        whole = pa.concat_arrays([whole, pa.array([], whole.type)])
    if not pa.types.is_list(column.type):
        return whole
    return _with_points(whole, _differences)


def _with_points(lists: pa.ListArray, change: Callable[[pa.Array], pa.Array]) -> pa.ListArray:
    flat = lists.flatten()
    fields = {field.name: flat.field(index) for index, field in enumerate(POINT)}
    for name in ("sequence", "observed_at"):
        fields[name] = change(fields[name])
    points = pa.StructArray.from_arrays(list(fields.values()), fields=list(POINT))
    offsets = pc.subtract(lists.offsets, lists.offsets[0])
    return pa.ListArray.from_arrays(offsets, points, type=lists.type, mask=lists.is_null())


def _differences(values: pa.Array) -> pa.Array:
    return pa.concat_arrays([values[:1], pc.pairwise_diff(values)[1:]])


def _place(segment: int, family: int, low: bytes) -> bytes:
    return struct.pack(">QBI", segment, family, len(low))


def decode(segment: int, family: int, low: bytes, body: bytes) -> tuple[bytes, pa.Table]:
    """Return the end of the chunk's range and its rows.

    Raises:
        DamagedChunkError: When anything is not as it was written.
    """
    if not isinstance(low, bytes) or not isinstance(body, bytes) or len(body) < _HEAD.size:
        raise DamagedChunkError("too short")
    magic, crc, size, high_size = _HEAD.unpack_from(body)
    place = crc32(low, crc32(_place(segment, family, low)))
    if magic != _MAGIC or crc != crc32(memoryview(body)[8:], place):
        raise DamagedChunkError("wrong checksum")
    start = _HEAD.size + high_size
    try:
        if size > _MAX_CONTENT_BYTES:
            raise DamagedChunkError("too large")
        raw = pa.decompress(memoryview(body)[start:], size, codec="zstd")
        batch = pa.ipc.read_record_batch(raw, SCHEMAS[family])
        batch.validate(full=True)
        rows = pa.Table.from_batches([batch])
        if family == BY_RUN:
            lists = _with_points(batch["points"], pc.cumulative_sum)
            rows = rows.set_column(rows.num_columns - 1, "points", lists)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DamagedChunkError(str(error)) from error
    return body[_HEAD.size : start], rows
