"""What records say against themselves, as counts by run.

The index keeps these counts beside the numbers of records, so that a reader can put them beside
any figure without looking at a part. Each is a property of one row, so that compacting, merging
or sealing records never changes a count.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.records.schema import columns_of

DOUBTS = ("absent", "clipped", "grave", "imported", "late", "marked", "nonfinite")
"""Names of the counts.

`absent`, `clipped`: completeness marker `absent`, or `partial` or `sampled` (degraded records are
partial by their nature and not counted). `grave`: events of level `error` or `critical`.
`imported`: origin marker `imported` or `replayed`. `late`: recorded more than an hour after it was
observed. `marked`: any degradation marker. `nonfinite`: metric values that are NaN or infinite.
"""
LATE_US = 3_600_000_000
_WORDS = ("completeness_marker", "degradation_marker", "level", "origin_marker")
_TIMES = ("observed_at", "recorded_at")
_PARTLY = frozenset(("partial", "sampled"))
_GRAVE = frozenset(("error", "critical"))
_ELSEWHERE = frozenset(("imported", "replayed"))


def columns_needed(record_type: str) -> tuple[str, ...]:
    """Return the columns that `doubts` looks at, beside `run_ref`."""
    known = {column.name for column in columns_of(record_type)}
    return tuple(name for name in (*_WORDS, *_TIMES, "value") if name in known)


def doubts(record_type: str, table: pa.Table) -> Iterator[tuple[str, str, int]]:
    """Yield name of the count, run and number of rows, for what is not zero.

    Columns that a table does not have say nothing.
    """
    for name, mask in _masks(record_type, table):
        for found in table.filter(mask)["run_ref"].value_counts().to_pylist():
            yield name, str(found["values"]), found["counts"]


def _masks(record_type: str, table: pa.Table) -> Iterator[tuple[str, pa.ChunkedArray]]:
    present = set(table.column_names)
    if "completeness_marker" in present:
        column = table["completeness_marker"]
        yield from _where("absent", column, frozenset(("absent",)))
        if record_type != "degraded":
            yield from _where("clipped", column, _PARTLY)
    if "degradation_marker" in present:
        column = table["degradation_marker"]
        yield from _where("marked", column, _words(column) - {"none"})
    if "level" in present:
        yield from _where("grave", table["level"], _GRAVE)
    if "origin_marker" in present:
        yield from _where("imported", table["origin_marker"], _ELSEWHERE)
    if "value" in present:
        yield "nonfinite", pc.invert(pc.is_finite(table["value"]))
    if present.issuperset(_TIMES) and table["recorded_at"].null_count < table.num_rows:
        observed, recorded = (table[name].cast(pa.int64()) for name in _TIMES)
        late = pc.greater(pc.subtract(recorded, observed), LATE_US)
        yield "late", pc.fill_null(late, False)


def _where(
    name: str, column: pa.ChunkedArray, wanted: frozenset[str]
) -> Iterator[tuple[str, pa.ChunkedArray]]:
    """Yield a mask, unless no row can have one of the wanted words: the usual case, at no cost."""
    found = sorted(_words(column) & wanted)
    if found:
        texts = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        yield name, pc.is_in(texts, value_set=pa.array(found, pa.string()))


def _words(column: pa.ChunkedArray) -> frozenset[str]:
    """Return the words that a column may hold; of an encoded one only the words are read."""
    if not pa.types.is_dictionary(column.type):
        return frozenset(word for word in column.unique().to_pylist() if word is not None)
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return frozenset(
        word for chunk in chunks for word in chunk.dictionary.to_pylist() if word is not None
    )
