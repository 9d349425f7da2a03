"""Small Arrow arrays from Python values without `pa.array` and `pa.scalar`.

Those two import pandas where it is installed, to ask whether the value is one of its objects;
measured, that is 150 to 500 ms of the first read of a process that wanted ten points.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import accumulate

import pyarrow as pa


def texts(values: Iterable[str]) -> pa.Array:
    """Return texts as a string array."""
    encoded = [value.encode("utf-8", "surrogatepass") for value in values]
    ends = struct.pack(f"={len(encoded) + 1}i", 0, *accumulate(len(text) for text in encoded))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def integers(values: Iterable[int]) -> pa.Array:
    """Return integers as an int64 array."""
    numbers = list(values)
    packed = pa.py_buffer(struct.pack(f"={len(numbers)}q", *numbers))
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, packed])


def no_rows(schema: pa.Schema) -> pa.Table:
    """Return a table without rows."""
    return pa.Table.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)
