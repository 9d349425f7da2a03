"""Small Arrow arrays from Python values without `pa.array` and `pa.scalar`.

Those two import pandas where it is installed, to ask whether the value is one of its objects;
measured, that is 150 to 500 ms of the first read of a process that wanted ten points.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable
from itertools import accumulate

import pyarrow as pa


def texts(values: Iterable[str]) -> pa.Array:
    """Return texts as a string array."""
    words = list(values)
    joined = "".join(words)
    if joined.isascii():
        body, sizes = joined.encode(), map(len, words)
    else:
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]
        body, sizes = b"".join(encoded), map(len, encoded)
    ends = array("i", accumulate(sizes, initial=0))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(body)]
    return pa.Array.from_buffers(pa.string(), len(words), buffers)


def integers(values: Iterable[int]) -> pa.Array:
    """Return integers as an int64 array."""
    numbers = list(values)
    packed = pa.py_buffer(struct.pack(f"={len(numbers)}q", *numbers))
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, packed])


def no_rows(schema: pa.Schema) -> pa.Table:
    """Return a table without rows."""
    return pa.Table.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)
