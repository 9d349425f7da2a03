"""Which rows an erasure or a retention takes away, decided on Arrow tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.time import from_epoch_us
from contexta.store.records.schema import columns_of

_NOT_A_MENTION = frozenset(("run_ref", "writer_id"))
_MENTIONING_KINDS = frozenset(("word", "text", "json", "list", "map"))


class RowChoice(Protocol):
    """Says which rows go."""

    def columns(self, record_type: str) -> frozenset[str]:
        """Return the columns that the decision looks at."""

    def chosen(self, record_type: str, table: pa.Table) -> pa.ChunkedArray:
        """Return true for each row that goes, without nulls."""

    def may_touch(self, record_type: str, runs: Iterable[str] | None) -> bool:
        """Whether rows of these runs (None: unknown runs) may go, as far as runs tell."""


@dataclass(frozen=True, slots=True)
class TargetChoice:
    """Rows of runs and samples, optionally those that mention them, optionally only old ones.

    Attributes:
        run_refs: Runs whose rows go.
        sample_refs: Samples whose rows go.
        include_mentions: Whether rows go that name one of them in any text.
        before_us: Only rows recorded before this instant, microseconds since 1970 UTC. With no
            run and no sample, every such row.
    """

    run_refs: tuple[str, ...] = ()
    sample_refs: tuple[str, ...] = ()
    include_mentions: bool = False
    before_us: int | None = None

    def __str__(self) -> str:
        words = ["records of", ", ".join((*self.run_refs, *self.sample_refs)) or "any run"]
        if self.include_mentions:
            words.append("and those that name them")
        if self.before_us is not None:
            words.append(f"recorded before {from_epoch_us(self.before_us)}")
        return " ".join(words)

    def columns(self, record_type: str) -> frozenset[str]:
        """Return the columns that the decision looks at."""
        names = {"run_ref", "sample_observation_ref", "recorded_at", "observed_at"}
        if self.include_mentions:
            names.update(mentioning_columns(record_type))
        return frozenset(names)

    def chosen(self, record_type: str, table: pa.Table) -> pa.ChunkedArray:
        """Return true for each row that goes."""
        own = self.own(table)
        if self.include_mentions:
            own = pc.or_(own, self.mentions(record_type, table))
        return self._aged(table, own)

    def own(self, table: pa.Table) -> pa.ChunkedArray:
        """Return true for each row of the runs and samples themselves, whatever its age."""
        if not self.run_refs and not self.sample_refs:
            return all_rows(table)
        mask = is_one_of(table["run_ref"], self.run_refs)
        return pc.or_(mask, is_one_of(table["sample_observation_ref"], self.sample_refs))

    def mentions(self, record_type: str, table: pa.Table) -> pa.ChunkedArray:
        """Return true for each row that names a run or sample in a text of its own."""
        mask = no_rows(table)
        pattern = mention_pattern(self.run_refs, self.sample_refs)
        if pattern is None:
            return mask
        for name in sorted(mentioning_columns(record_type)):
            mask = pc.or_(mask, text_matches(table[name], pattern))
        return mask

    def _aged(self, table: pa.Table, mask: pa.ChunkedArray) -> pa.ChunkedArray:
        if self.before_us is None:
            return mask
        return pc.and_(mask, recorded_before(table, self.before_us))

    def may_touch(self, record_type: str, runs: Iterable[str] | None) -> bool:
        """Whether rows of these runs may go."""
        if runs is None or self.sample_refs or self.include_mentions or not self.run_refs:
            return True
        return not set(self.run_refs).isdisjoint(runs)


@dataclass(frozen=True, slots=True)
class AgeChoice:
    """Rows of old runs, and rows beyond the age of their type.

    Attributes:
        expired_runs: Runs that go whole.
        before_us: By record type the instant before which a row goes, microseconds since 1970.
        kept_runs: Runs of which nothing goes.
    """

    expired_runs: tuple[str, ...] = ()
    before_us: Mapping[str, int] = field(default_factory=dict)
    kept_runs: tuple[str, ...] = ()

    def columns(self, record_type: str) -> frozenset[str]:
        """Return the columns that the decision looks at."""
        return frozenset(("run_ref", "recorded_at", "observed_at"))

    def chosen(self, record_type: str, table: pa.Table) -> pa.ChunkedArray:
        """Return true for each row that goes."""
        mask = is_one_of(table["run_ref"], self.expired_runs)
        if record_type in self.before_us:
            mask = pc.or_(mask, recorded_before(table, self.before_us[record_type]))
        return pc.and_not(mask, is_one_of(table["run_ref"], self.kept_runs))

    def may_touch(self, record_type: str, runs: Iterable[str] | None) -> bool:
        """Whether rows of these runs may go."""
        if runs is None:
            return record_type in self.before_us or bool(self.expired_runs)
        left = set(runs) - set(self.kept_runs)
        if record_type in self.before_us:
            return bool(left)
        return not left.isdisjoint(self.expired_runs)


def mentioning_columns(record_type: str) -> frozenset[str]:
    """Return the columns of a type in whose texts another run or sample may be named."""
    return (
        frozenset(c.name for c in columns_of(record_type) if c.kind in _MENTIONING_KINDS)
        - _NOT_A_MENTION
    )


def mention_pattern(run_refs: Iterable[str], sample_refs: Iterable[str]) -> str | None:
    """Return an expression for a text that names one of them, or anything below a run."""
    names = [f":{re.escape(ref[4:])}" for ref in run_refs]
    names += [re.escape(ref) for ref in sample_refs]
    return f"(?:{'|'.join(names)})(?:[^a-z0-9-]|$)" if names else None


def text_matches(column: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    """Return true where a text, or any text of a list or map, matches."""
    chunks = [_chunk_matches(chunk, pattern) for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.bool_())


def _chunk_matches(chunk: Any, pattern: str) -> pa.Array:
    kind = chunk.type
    if pa.types.is_dictionary(kind):
        hits = pc.match_substring_regex(chunk.dictionary, pattern)
        return pc.fill_null(hits.take(chunk.indices), False)
    if pa.types.is_map(kind):
        entries = pa.ListArray.from_arrays(chunk.offsets, chunk.keys)
        values = pa.ListArray.from_arrays(chunk.offsets, chunk.items)
        return pc.or_(_list_matches(entries, pattern), _list_matches(values, pattern))
    if pa.types.is_list(kind):
        return _list_matches(chunk, pattern)
    return pc.fill_null(pc.match_substring_regex(chunk, pattern), False)


def _list_matches(lists: Any, pattern: str) -> pa.Array:
    hits = pc.fill_null(pc.match_substring_regex(pc.list_flatten(lists), pattern), False)
    rows = pc.list_parent_indices(lists).filter(hits)
    numbers = pa.array(range(len(lists)), pa.int64())
    return pc.is_in(numbers, value_set=pc.unique(rows).cast(pa.int64()))


def is_one_of(column: pa.ChunkedArray, texts: Iterable[str]) -> pa.ChunkedArray:
    """Return true where a cell is one of the texts; false for null."""
    return pc.is_in(column, value_set=pa.array(sorted(texts), pa.string()))


def recorded_before(table: pa.Table, instant_us: int) -> pa.ChunkedArray:
    """Return true for rows recorded before an instant (microseconds since 1970 UTC)."""
    recorded = pc.coalesce(table["recorded_at"], table["observed_at"])
    return pc.less(recorded, pa.scalar(instant_us, pa.int64()).cast(recorded.type))


def all_rows(table: pa.Table) -> pa.ChunkedArray:
    """Return true for each row."""
    return pa.chunked_array([pa.repeat(True, table.num_rows)])


def no_rows(table: pa.Table) -> pa.ChunkedArray:
    """Return false for each row."""
    return pa.chunked_array([pa.repeat(False, table.num_rows)])
