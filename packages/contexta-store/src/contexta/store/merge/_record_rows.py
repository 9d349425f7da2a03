"""Rows of the source as they are stored in the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.merge._numbers import Piece, is_among, shifted
from contexta.store.records._refs import derive_record_ref
from contexta.store.records.schema import schema_for

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from contexta.store.merge._renames import Renames

_WORDS = (
    "run_ref",
    "deployment_execution_ref",
    "stage_execution_ref",
    "batch_execution_ref",
    "sample_observation_ref",
    "operation_context_ref",
    "subject_ref",
    "slice_ref",
)


class RowChoice:
    """Tells which rows are new.

    Args:
        origins: By writer, how numbers of the source become those that the writer gave; what no
            piece covers was written there, under these numbers.
        known: The numbers that a writer gave of the records that the target has.
        left_out: Runs that do not come.
        returning: Runs of which everything comes, whatever was taken before.
    """

    def __init__(
        self,
        origins: Mapping[str, Sequence[Piece]],
        known: Callable[[str], Sequence[tuple[int, int]]],
        left_out: Collection[str],
        returning: Collection[str],
    ) -> None:
        self._origins = origins
        self._known = known
        self._left_out = left_out
        self._returning = returning

    def origin(self, writer_id: str, numbers: pa.Array) -> pa.Array:
        """Return the numbers that the writer gave."""
        return shifted(numbers, self._origins.get(writer_id, ()))

    def new(self, table: pa.Table) -> tuple[pa.Array, int]:
        """Return per row whether it is new, and how many belong to runs that do not come."""
        numbers, writers = one_chunk(table["sequence"]), one_chunk(table["writer_id"])
        runs = one_chunk(table["run_ref"])
        there = pa.repeat(pa.scalar(False), table.num_rows)
        for index, writer in enumerate(writers.dictionary.to_pylist()):
            known = self._known(writer)
            if known:
                own = pc.equal(writers.indices, index)
                found = is_among(self.origin(writer, numbers), known)
                there = pc.or_(there, pc.and_(own, found))
        if self._returning:
            there = pc.and_(there, pc.invert(_is_one_of(runs, self._returning)))
        new = pc.invert(there)
        if not self._left_out:
            return new, 0
        out = _is_one_of(runs, self._left_out)
        return pc.and_(new, pc.invert(out)), int(pc.sum(out).as_py() or 0)


class RowChange:
    """Gives rows their new numbers and refs; references that followed from a number stay."""

    def __init__(self, pieces: Sequence[Piece], renames: Renames) -> None:
        self._pieces = pieces
        self._renames = renames

    @property
    def reorders(self) -> bool:
        """Whether rows may have to be sorted again, because runs got other names."""
        return bool(self._renames.runs)

    def apply(self, record_type: str, table: pa.Table) -> pa.Table:
        """Return the rows as they are stored in the target, in the same order."""
        schema = schema_for(record_type)
        columns = {name: one_chunk(table[name]) for name in schema.names}
        columns["record_ref"] = self._record_refs(record_type, columns)
        columns["sequence"] = shifted(columns["sequence"], self._pieces)
        if self._renames:
            for name in _WORDS:
                if name in columns:
                    columns[name] = self._words(columns[name])
            if "linked_refs" in columns:
                cells = [
                    [self._renames.ref(ref) for ref in refs]
                    for refs in columns["linked_refs"].to_pylist()
                ]
                columns["linked_refs"] = pa.array(cells, schema.field("linked_refs").type)
        return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)

    def _record_refs(self, record_type: str, columns: Mapping[str, pa.Array]) -> pa.Array:
        given, runs = columns["record_ref"], columns["run_ref"]
        new = self._renames.ref
        if given.null_count == 0:
            if not self._renames:
                return given
            return pa.array([new(text) for text in given.to_pylist()], pa.string())
        # As `derive_record_ref` does, but the part before the number once per run.
        names = runs.dictionary.to_pylist()
        heads = [derive_record_ref(new(name), record_type, 0)[:-12] for name in names]
        rows = zip(
            given.to_pylist(),
            runs.indices.to_pylist(),
            columns["sequence"].to_pylist(),
            strict=True,
        )
        texts = [
            f"{heads[run]}{number:012x}" if own is None else new(own) for own, run, number in rows
        ]
        return pa.array(texts, pa.string())

    def _words(self, words: pa.DictionaryArray) -> pa.Array:
        texts = words.dictionary.to_pylist()
        mapped = [self._renames.ref(text) for text in texts]
        if mapped == texts:
            return words
        changed = pa.DictionaryArray.from_arrays(words.indices, pa.array(mapped, pa.string()))
        # Two texts may have become one, and a dictionary holds each word once.
        return changed.dictionary_decode().dictionary_encode()


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        return whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    return whole


def _is_one_of(words: pa.DictionaryArray, wanted: Collection[str]) -> pa.Array:
    hits = [index for index, text in enumerate(words.dictionary.to_pylist()) if text in wanted]
    return pc.is_in(words.indices, value_set=pa.array(hits, words.indices.type))
