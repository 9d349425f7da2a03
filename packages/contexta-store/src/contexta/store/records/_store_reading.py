"""The methods of a record store that answer with tables, figures and names."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from contexta.contract.errors import ValidationError
from contexta.store.records._layout import RECORD_TYPES
from contexta.store.records._models import KnownGap, MetricSummary
from contexta.store.records._store_handle import StoreHandle
from contexta.store.records.schema import columns_of

if TYPE_CHECKING:
    import pyarrow as pa

    from contexta.store.records import _damage as dmg
    from contexta.store.records._index_look import IndexedReader
    from contexta.store.records._index_update import RecordIndex
    from contexta.store.records._rows_filter import RowFilter

AGGREGATIONS = ("count", "first", "last", "max", "mean", "min")
_TRIES = 4


class StoreReading(StoreHandle):
    """Answers from the index where it knows, else from parts and live segments: equal answers.

    What the index knows of a part is answered without looking at the part, so that these answers
    stay right, and stay there, when the part is damaged later; `check_integrity` finds that.
    """

    _cached_index: RecordIndex | None = None
    _index_pid = 0

    def close(self) -> None:
        """See `StoreHandle.close`."""
        super().close()
        if self._cached_index is not None and self._index_pid == os.getpid():
            self._cached_index.close()

    @property
    def _index(self) -> RecordIndex | None:
        from contexta.store.records._index_update import RecordIndex

        if not self.config.enable_indexes:
            return None
        if self._cached_index is None or self._index_pid != os.getpid():
            parts, read_only = self._reader.parts, self.config.read_only
            self._cached_index = RecordIndex(self._layout, parts, read_only=read_only)
            self._index_pid = os.getpid()
        return self._cached_index

    def _question(self) -> IndexedReader:
        from contexta.store.records._index_look import IndexedReader

        self._check_usable()
        return IndexedReader(self._layout, self._reader, self._index)

    def arrow(
        self,
        record_type: str,
        *,
        run_refs: Iterable[str] | None = None,
        stage_execution_ref: str | None = None,
        keys: Iterable[str] | None = None,
        columns: Iterable[str] | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
    ) -> pa.Table:
        """Return matching records as an Arrow table sorted by sequence.

        The columns are those of `schema_for(record_type)`, all or the named ones in that order
        of naming. Damaged parts are left out; `damage()` lists them.

        Args:
            record_type: `event`, `metric`, `span` or `degraded`.
            run_refs: Wanted runs; None means any.
            stage_execution_ref: Wanted stage.
            keys: Wanted metric, event or issue keys, or span names.
            columns: Wanted columns.
            start_us: Earliest `observed_at`, microseconds since 1970 UTC, inclusive.
            end_us: Latest `observed_at`, inclusive.

        Raises:
            ValidationError: For an unknown record type, column or malformed run reference.
        """
        from contexta.store.records._rows_filter import RowFilter

        self._check_usable()
        known = [column.name for column in columns_of(record_type)]
        names = known if columns is None else list(columns)
        if unknown := sorted(set(names) - set(known)):
            raise ValidationError(
                f"{', '.join(unknown)}: no such column of {record_type} records. See "
                "contexta.store.records.schema.",
                code="record_store_unknown_column",
                details={"unknown": unknown, "allowed": known},
            )
        words: list[tuple[str, frozenset[str]]] = []
        if (runs := _runs(run_refs)) is not None:
            words.append(("run_ref", runs))
        if stage_execution_ref is not None:
            words.append(("stage_execution_ref", frozenset((str(stage_execution_ref),))))
        wanted = RowFilter(
            record_types=(record_type,),
            words=tuple(words),
            keys=_texts(keys),
            start_us=start_us,
            end_us=end_us,
        )
        return self._read_table(record_type, wanted, names)

    def _read_table(self, record_type: str, wanted: RowFilter, names: list[str]) -> pa.Table:
        from contexta.store.records._index_look import FEW_RUNS
        from contexta.store.records._reads import read_table, was_replaced

        reader, runs = self._reader, wanted.runs
        lost: list[dmg.Damage] = []
        if runs is not None and len(runs) <= FEW_RUNS and self.config.enable_indexes:
            question = self._question()
            few = question.answer(lambda look: question.parts_of(look, runs), bounded=True)
            table = read_table(few, reader.parts, record_type, wanted, names, lost)
            if not lost:
                return table
        for _ in range(_TRIES):
            lost.clear()
            table = read_table(reader.snapshot(), reader.parts, record_type, wanted, names, lost)
            if not was_replaced(reader, self._layout, lost):
                break
        self._remember(lost)
        return table

    def metric_summaries(
        self, run_refs: Iterable[str] | None = None, keys: Iterable[str] | None = None
    ) -> tuple[MetricSummary, ...]:
        """Summarize metrics per run, stage and key, in the order of those; see `damage()`.

        Means and spreads of pieces are merged; against one pass over all points they differ by
        rounding, at most in the order of 1e-12. Everything else is exact.

        Raises:
            ValidationError: `record_store_invalid_run_ref`.
        """
        from contexta.store.records._summaries import summaries_of

        runs, wanted, question = _runs(run_refs), _texts(keys), self._question()
        found = question.answer(
            lambda look: summaries_of(question.partials(look, runs, wanted)),
            bounded=runs is not None,
        )
        self._remember(question.lost)
        return found

    def last_values(
        self,
        key: str,
        *,
        run_refs: Iterable[str] | None = None,
        stage_execution_ref: str | None = None,
        aggregation: str = "last",
    ) -> pa.Table:
        """Return one value of a metric per run that has it, sorted by run.

        Args:
            key: Metric key.
            run_refs: Wanted runs; None means any.
            stage_execution_ref: Only points of this stage; None means all points of the run.
            aggregation: `last` or `first` by observed time, ties by sequence; `min`, `max` or
                `mean` over finite values, null when there are none; or `count`.

        Returns:
            Columns `run_ref` (string), `value` (double), `step` (int64, nullable), `observed_at`
            (UTC microseconds) and `sequence` of the point that has the value (null unless
            `last` or `first`), `count` of all points and `nonfinite_count` (int64).

        Raises:
            ValidationError: `record_store_invalid_aggregation`, `record_store_invalid_run_ref`.
        """
        from contexta.store.records._last_values import values_by_run

        if aggregation not in AGGREGATIONS:
            raise ValidationError(
                f"{aggregation!r} is not an aggregation. Use one of {', '.join(AGGREGATIONS)}.",
                code="record_store_invalid_aggregation",
                details={"aggregation": repr(aggregation), "allowed": list(AGGREGATIONS)},
            )
        runs, keys, question = _runs(run_refs), frozenset((key,)), self._question()
        stage = None if stage_execution_ref is None else str(stage_execution_ref)
        table = question.answer(
            lambda look: values_by_run(question.partials(look, runs, keys), stage, aggregation),
            bounded=runs is not None,
        )
        self._remember(question.lost)
        return table

    def series(
        self,
        run_ref: str,
        key: str,
        *,
        stage_execution_ref: str | None = None,
        of_no_stage: bool = False,
    ) -> pa.Table:
        """Return the points of one metric of one run, sorted by sequence.

        Args:
            run_ref: Run.
            key: Metric key.
            stage_execution_ref: Only points of this stage; None means all points of the run.
            of_no_stage: Only points of the run itself, of none of its stages.

        Returns:
            Columns `sequence`, `step` (int64, nullable), `epoch` (double, nullable),
            `observed_at` (UTC microseconds) and `value` (double, NaN and infinities as such).

        Raises:
            ValidationError: `record_store_invalid_run_ref`.
        """
        from contexta.store.records._index_look import NO_STAGE
        from contexta.store.records._last_values import with_times

        run = str(run_ref)
        _runs((run,))
        stage = None if stage_execution_ref is None else str(stage_execution_ref)
        if of_no_stage:
            stage = NO_STAGE
        question = self._question()
        points = question.answer(lambda look: question.series(look, run, key, stage), bounded=True)
        self._remember(question.lost)
        return with_times(points)

    def record_counts(self, run_ref: str) -> dict[str, int]:
        """Return the number of readable records of a run by record type.

        Raises:
            ValidationError: `record_store_invalid_run_ref`.
        """
        runs, question = _runs((run_ref,)), self._question()
        found = question.answer(lambda look: question.record_counts(look, runs), bounded=True)
        self._remember(question.lost)
        return {kind: found.get(str(run_ref), {}).get(kind, 0) for kind in RECORD_TYPES}

    def doubt_counts(self, run_refs: Iterable[str] | None = None) -> dict[str, int]:
        """Return how many records of runs, of all by default, say something against themselves.

        Returns:
            The number of readable records by record type, and of those that are `absent`,
            `clipped` (partial or sampled), `grave` (events of level error or critical),
            `imported` (or replayed), `late` (recorded more than an hour after they were
            observed), `marked` (as degraded) or `nonfinite` (values that are NaN or infinite),
            by these names. All runs together; a record may count under several names.

        Raises:
            ValidationError: `record_store_invalid_run_ref`.
        """
        runs, question = _runs(run_refs), self._question()
        found = question.answer(lambda look: question.totals(look, runs), bounded=runs is not None)
        self._remember(question.lost)
        return found

    def count_unsealed(
        self,
        record_type: str,
        *,
        run_refs: Iterable[str] | None = None,
        keys: Iterable[str] | None = None,
    ) -> int:
        """Return how many matching records lie in live segments, so not in Parquet yet.

        That is what other tools, which read the files, do not see. `seal()` seals what this
        process wrote; other writers seal theirs by size, by age and when they close.

        Args:
            record_type: `event`, `metric`, `span` or `degraded`.
            run_refs: Wanted runs; None means any.
            keys: Wanted metric, event or issue keys, or span names.

        Raises:
            ValidationError: For an unknown record type or a malformed run reference.
        """
        from contexta.store.records._rows_filter import RowFilter

        self._check_usable()
        columns_of(record_type)
        runs = _runs(run_refs)
        words = () if runs is None else (("run_ref", runs),)
        wanted = RowFilter(record_types=(record_type,), words=words, keys=_texts(keys))
        return sum(
            wanted.apply(record_type, table).num_rows
            for live in self._reader.snapshot().live
            for (kind, _), table in live.tables.items()
            if kind == record_type
        )

    def metric_keys(self, run_refs: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return the metric keys of runs, of all by default, sorted.

        Raises:
            ValidationError: `record_store_invalid_run_ref`.
        """
        runs, question = _runs(run_refs), self._question()
        found = question.answer(
            lambda look: question.metric_keys(look, runs), bounded=runs is not None
        )
        self._remember(question.lost)
        return found

    def run_refs(self) -> tuple[str, ...]:
        """Return the runs that have records, sorted."""
        question = self._question()
        found = question.answer(lambda look: question.record_counts(look, None), bounded=False)
        self._remember(question.lost)
        return tuple(sorted(found))

    def damage(self, *, run_refs: Iterable[str] | None = None) -> tuple[KnownGap, ...]:
        """Return the damage that a look at the store shows, and what reads met before.

        `check_integrity` reads every byte; this does not.

        Args:
            run_refs: Only damage that may concern one of these runs; None means all. Where it is
                not known which runs a place holds, it may concern all of its project
                (`details["scope"]` is `project` then), or of the store (`store`).
        """
        self._check_usable()
        runs = _runs(run_refs)
        found = {repr(d.gap): d for d in self._reader.snapshot().damage}
        found.update({repr(d.gap): d for d in self._lost.values()})
        if runs is None:
            return tuple(d.gap for d in found.values())
        from contexta.store.records._damage import reaching

        reached = (reaching(d, runs, self._layout) for d in found.values())
        return tuple(gap for gap in reached if gap is not None)

    def _rebuild_index(self) -> str | None:
        """Derive the index anew; returns why it could not be written."""
        from contexta.store.records._index import rebuild_index

        return rebuild_index(self._layout) if self.config.enable_indexes else None

    def _remember(self, lost: list[dmg.Damage]) -> None:
        """Keep damage for `damage()`, with the runs of the part where the index knows them."""
        for found in lost:
            path = str((found.gap.details or {}).get("path"))
            runs = found.runs if found.runs is not None else self._runs_of_part(path)
            self._lost[path] = found._replace(runs=runs)

    def _runs_of_part(self, path: str) -> frozenset[str] | None:
        relative = os.path.relpath(path, self.root_path)
        question = self._question()
        return question.answer(lambda look: question.runs_of(look, relative), bounded=True)


def _runs(run_refs: Iterable[str] | None) -> frozenset[str] | None:
    from contexta.store.records._reads import project_filter

    return None if run_refs is None else project_filter(run_refs)


def _texts(texts: Iterable[str] | None) -> frozenset[str] | None:
    return None if texts is None else frozenset(texts)
