"""The distinct combinations of words in the rows of metrics, each checked once.

A million points share a handful of run, stage, key and tags. The contract's rules look at one
row; checking one row per combination, and the numbers of all rows as columns, gives the same
answer in a thousandth of the time.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import ContextaError
from contexta.store.records._batch_frame import Constants
from contexta.store.records._bulk_problems import Problem, problems_of
from contexta.store.records._documents import Row, document_of, json_text, row_of
from contexta.store.records._encoding import record_of
from contexta.store.records._refs import derive_record_ref, project_of
from contexta.store.records._tables import table_of_rows
from contexta.store.records.schema import columns_of

_TEXT_KINDS = ("word", "text", "json", "map", "list")
_ANY_TIME_US = 0


class Contexts(NamedTuple):
    """Combinations in normal form, the one of each row, and the bad ones as problems of rows."""

    rows: list[Row]
    index: pa.Array
    problems: list[Problem]


def contexts_of(columns: dict[str, pa.Array], count: int, value_type: str) -> Contexts:
    """Check the texts of metric rows; `record_ref` is left out, it differs in every row."""
    kinds = {column.name: column.kind for column in columns_of("metric")}
    texts = {
        name: _as_words(kinds[name], array)
        for name, array in columns.items()
        if kinds[name] in _TEXT_KINDS and name != "record_ref"
    }
    index, first_rows = _combinations(list(texts.values()), count)
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, position in enumerate(first_rows):
        cells = {name: array[position].as_py() for name, array in texts.items()}
        if "tags" in cells:
            cells["tags"] = json.loads(cells["tags"]) if cells["tags"] is not None else []
        try:
            rows.append(normal_row("metric", {"value_type": value_type, **_given(cells)}))
        except ContextaError as error:
            rows.append({})
            where = pc.indices_nonzero(pc.equal(index, number)).to_pylist()
            source = error.cause if isinstance(error.cause, ContextaError) else error
            problems.extend(problems_of(source, where, "run_ref"))
    return Contexts(rows, index, problems)


def _given(cells: Row) -> Row:
    return {name: cell for name, cell in cells.items() if cell is not None}


def normal_row(record_type: str, cells: Row) -> Row:
    """Return the row of a record after the contract has checked and normalized it.

    Args:
        record_type: Type of the record.
        cells: Columns of the record; absent ones take their default.

    Raises:
        ContextaError: Naming every broken rule.
    """
    run_ref = cells.get("run_ref")
    reference = cells.get("record_ref")
    project_of(run_ref)  # type: ignore[arg-type]  # anything else is refused by it
    blank: Row = {column.name: None for column in columns_of(record_type)}
    defaults: Row = {
        "observed_at": _ANY_TIME_US,
        "producer_ref": "sdk.python.local",
        "record_ref": derive_record_ref(str(run_ref), record_type, 1),
    }
    if record_type == "metric":
        defaults |= {"value": 0.0, "tags": []}
    elif record_type == "span":
        defaults |= {"linked_refs": []}
        if "observed_at" not in cells and cells.get("ended_at") is not None:
            defaults["observed_at"] = cells["ended_at"]
    row = {**blank, **defaults, **cells}
    if record_type == "span":  # a missing time is named by the contract, not by the conversion
        for name in ("started_at", "ended_at"):
            row[name] = _ANY_TIME_US if row[name] is None else row[name]
    document = document_of(record_type, row)
    for place in ("envelope", "payload"):
        document[place] = _given(document[place])
    record = record_of(record_type, document)
    return row_of(record.to_dict(), ref_derived=reference is None)


def _as_words(kind: str, array: pa.Array) -> pa.DictionaryArray:
    if kind == "map" and array.offsets[0] == array.offsets[-1]:
        array = pa.repeat(pa.scalar("[]"), len(array))
    elif kind == "map":
        cells = [None if pairs is None else json_text(pairs) for pairs in array.to_pylist()]
        array = pa.array(cells, pa.string())
    return array if pa.types.is_dictionary(array.type) else array.dictionary_encode()


def _combinations(texts: list[pa.DictionaryArray], count: int) -> tuple[pa.Array, list[int]]:
    """Return the number of each row's combination, and the first row of each."""
    codes = pa.repeat(pa.scalar(0, pa.int64()), count)
    for array in texts:
        size = len(array.dictionary) + 1
        if size == 2 and array.null_count == 0:
            continue
        own = pc.fill_null(array.indices.cast(pa.int64()), size - 1)
        mixed = pc.add(pc.multiply(codes, size), own)
        codes = mixed.dictionary_encode().indices.cast(pa.int64())  # small again
    numbers = codes.dictionary_encode()
    index = numbers.indices.cast(pa.int64())
    if len(numbers.dictionary) <= 1:
        return index, [0][: len(numbers.dictionary)]
    table = pa.table({"number": index, "row": pc.cumulative_sum(pa.repeat(1, count))})
    firsts = table.group_by("number", use_threads=False).aggregate([("row", "min")])
    firsts = firsts.take(pc.sort_indices(firsts["number"]))
    return index, [row - 1 for row in firsts["row_min"].to_pylist()]


def spread(contexts: Contexts, index: pa.Array) -> tuple[dict[str, Any], Constants]:
    """Return the text columns of rows with these combinations, and those that do not differ."""
    kinds = {column.name: column.kind for column in columns_of("metric")}
    names = [name for name in kinds if kinds[name] in _TEXT_KINDS and name not in _NOT_SPREAD]
    used = pc.unique(index).to_pylist()
    rows = [contexts.rows[number] for number in used]
    constants = {n: rows[0][n] for n in names if all(r[n] == rows[0][n] for r in rows)}
    if len(constants) == len(names):
        return {}, constants
    table = table_of_rows("metric", [{**_FILLED, **row} for row in rows])
    position = pc.index_in(index, value_set=pa.array(used, pa.int64()))
    columns = {n: table[n].combine_chunks().take(position) for n in names if n not in constants}
    return columns, constants


_NOT_SPREAD = ("record_ref", "writer_id")
_FILLED: Row = {"sequence": 1, "observed_at": 0, "value": 0.0}
