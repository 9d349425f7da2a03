"""The methods of a record store that write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from contexta.store.records._append import BatchAppend
from contexta.store.records._fork_guard import NO_FORK
from contexta.store.records._models import AppendResult
from contexta.store.records._registry import acquire_writer
from contexta.store.records._store_handle import StoreHandle

if TYPE_CHECKING:
    from contexta.store.records._bulk import BulkAppend
    from contexta.store.records._existing import ExistingRefs
    from contexta.store.records._receipts import BulkReceipt
    from contexta.store.records._writer import RecordWriter


class StoreWriting(StoreHandle):
    """Appending, one by one or in bulk, and what makes it durable."""

    _existing_refs: ExistingRefs | None = None

    def writer(self) -> RecordWriter:
        """Return the writer of this process; it lives until the last handle is closed.

        Raises:
            ReadOnlyStoreError: `record_store_read_only`.
            LifecycleError: `record_store_closed`.
        """
        self._check_usable()
        if self.config.read_only:
            raise self._read_only("append")
        if self._own_writer is None:
            self._own_writer = acquire_writer(self.config, self._layout)
        return self._own_writer

    def append(self, record: Any, *, skip_existing: bool = False) -> AppendResult:
        """Append one record; see `append_many`."""
        return self.append_many((record,), skip_existing=skip_existing)

    def append_many(
        self, records: Iterable[Any], *, skip_existing: bool = False, atomic: bool = False
    ) -> AppendResult:
        """Append records in order; each is accepted or rejected by itself.

        Returns when the configured durability is reached. Nothing is checked against the
        metadata plane, and a reference may be stored more than once.

        Args:
            records: Records of the contract; anything else is rejected.
            skip_existing: Whether to skip records whose `record_ref` the store has for their run
                and type, whoever wrote it; the result lists them. Such appends of all processes
                wait for each other, so that of two with one reference one is stored.
            atomic: Whether to store all of them or none, also after a kill or a power cut. With a
                rejected item none is stored. Limits: 64 MiB, 1,048,576 records.

        Raises:
            AppendError: The disk refused; `partial_result` says exactly what is stored. With
                `skip_existing` also `record_store_existing_unreadable`, when damage may hide what
                exists.
            ReadOnlyStoreError: `record_store_read_only`, at the first valid item.
            ValidationError: `record_store_atomic_too_large`.
        """
        self._check_usable()
        writer = None if self.config.read_only else self.writer()
        batch = BatchAppend(
            writer,
            self.config.durability_mode,
            self.config.max_record_bytes,
            existing=self._existing() if skip_existing and writer is not None else None,
            atomic=atomic,
        )
        return batch.run(records)

    def _existing(self) -> ExistingRefs:
        with NO_FORK:
            from contexta.store.records._existing import ExistingRefs

        reader = self._reader
        if self._existing_refs is None or self._existing_refs.reader is not reader:
            self._existing_refs = ExistingRefs(self._layout, reader)
        return self._existing_refs

    def append_metrics(
        self,
        run_ref: str,
        key: str,
        values: Any,
        *,
        steps: Any = None,
        epochs: Any = None,
        observed_at: Any = None,
        stage_execution_ref: str | None = None,
        unit: str | None = None,
        tags: Mapping[str, str] | None = None,
        value_type: str | None = None,
        aggregation_scope: str | None = None,
        summary_basis: str | None = None,
        subject_ref: str | None = None,
        slice_ref: str | None = None,
        deployment_execution_ref: str | None = None,
        batch_execution_ref: str | None = None,
        sample_observation_ref: str | None = None,
        operation_context_ref: str | None = None,
        producer_ref: str | None = None,
        trace_id: str | None = None,
        session_id: str | None = None,
        on_error: str = "raise",
    ) -> BulkReceipt:
        """Append many points of one series, a million and more a second.

        Columns are NumPy, Arrow, Polars or pandas arrays, one-dimensional tensors or lists of
        one length. Returns when the configured durability is reached, like `append_many`.

        Args:
            run_ref: The run, `run:<project>.<run>`.
            key: Name of the metric.
            values: Integers, kept exactly within 64 bits, or floats, NaN and infinities too.
            steps: Positions of the points, integers; None for none.
            epochs: Training epochs, finite numbers; None for none.
            observed_at: Times with a zone, integers of microseconds since 1970 UTC, or one of
                these for all points; None means now.
            stage_execution_ref: The stage, if any. This and the following are the fields of a
                metric record with these names.
            unit: Unit of the values.
            tags: Labels, text to text.
            value_type: `int` or `float` by the values when None.
            aggregation_scope: What one value stands for; `step` when None.
            summary_basis: How a value was condensed.
            subject_ref: What was measured.
            slice_ref: Part of the data that it was measured on.
            deployment_execution_ref: The deployment, if any.
            batch_execution_ref: The batch, if any.
            sample_observation_ref: The sample, if any.
            operation_context_ref: The operation, if any.
            producer_ref: What recorded it; `sdk.python.local` when None.
            trace_id: Id of a distributed trace.
            session_id: Id of a user session.
            on_error: `raise` stores nothing when a point is bad; `reject` stores the good ones and
                lists the others by index and code.

        Raises:
            ValidationError: `record_bulk_invalid`, naming every bad column, row and rule.
            AppendError: The disk refused; `partial_receipt` says what is stored.
            ReadOnlyStoreError: `record_store_read_only`.
        """
        columns = {"steps": steps, "epochs": epochs, "observed_at": observed_at}
        context = {
            "stage_execution_ref": stage_execution_ref,
            "unit": unit,
            "tags": tags,
            "value_type": value_type,
            "aggregation_scope": aggregation_scope,
            "summary_basis": summary_basis,
            "subject_ref": subject_ref,
            "slice_ref": slice_ref,
            "deployment_execution_ref": deployment_execution_ref,
            "batch_execution_ref": batch_execution_ref,
            "sample_observation_ref": sample_observation_ref,
            "operation_context_ref": operation_context_ref,
            "producer_ref": producer_ref,
            "correlation_trace_id": trace_id,
            "correlation_session_id": session_id,
        }
        return self._bulk().metrics(run_ref, key, values, columns, context, on_error)

    def append_table(self, record_type: str, table: Any, *, on_error: str = "raise") -> BulkReceipt:
        """Append the rows of a table with the columns of `schema_for(record_type)`.

        Optional columns may be absent and take the default of the contract; `observed_at`
        takes the present (of spans: `ended_at`). A null `record_ref` is derived from the number
        that the row gets. The store gives `sequence`, `writer_id` and `appended_at` itself; such
        columns are ignored and named in the receipt. Times need a zone and become microseconds
        in UTC; finer digits are cut.

        Args:
            record_type: `event`, `metric`, `span` or `degraded`.
            table: An Arrow table, record batch or reader, or anything that exports an Arrow
                stream: Polars, pandas, DuckDB.
            on_error: `raise` stores nothing when a row is bad; `reject` stores the good ones and
                lists the others by index and code. A bad column is refused either way.

        Raises:
            ValidationError: `record_bulk_invalid`, naming every bad column, row and rule.
            AppendError: The disk refused; `partial_receipt` says what is stored.
            ReadOnlyStoreError: `record_store_read_only`.
        """
        return self._bulk().table(record_type, table, on_error)

    def _bulk(self) -> BulkAppend:
        with NO_FORK:
            from contexta.store.records._bulk import BulkAppend

        self._check_usable()
        writer = None if self.config.read_only else self.writer()
        return BulkAppend(writer, self.config.durability_mode, self.config.max_record_bytes)

    def flush(self) -> None:
        """Bring everything that this process appended to disk.

        Raises:
            AppendError: `record_store_sync_failed`.
        """
        if self._own_writer is not None:
            self._own_writer.sync()

    def seal(self) -> None:
        """Turn everything that this process appended into Parquet now.

        Raises:
            StoreError: When a part cannot be written; the records stay readable in the log.
        """
        if self._own_writer is not None:
            self._own_writer.roll()
            self._own_writer.sync()
            self._own_writer.seal_pending()
