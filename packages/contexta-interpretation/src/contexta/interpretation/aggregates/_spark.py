"""The engine of many machines: Spark over the Parquet files of a workspace."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from contexta.contract.errors import ValidationError
from contexta.interpretation.aggregates._engine import Answered, Asked, conformed
from contexta.interpretation.aggregates._questions import Question
from contexta.interpretation.aggregates._spark_files import (
    ListingOutrunError,
    parts_listed,
    parts_there,
    refuse_short_listing,
)
from contexta.interpretation.aggregates._spark_session import failed, open_session, spark_errors
from contexta.interpretation.aggregates.errors import AggregateError

if TYPE_CHECKING:
    from typing import Self

_TYPES = {"sequence": "BIGINT", "step": "BIGINT", "observed_at": "TIMESTAMP", "value": "DOUBLE"}
_SELECTED = "position BIGINT, run_ref STRING, group_name STRING"
_RECORD_TYPES = ("metric", "event", "span", "degraded")
# Skipping what cannot be read would make answers smaller without a word, and one flipped bit
# of a page would make them wrong; Parquet verifies pages only when told to.
_READER = {
    "ignoreMissingFiles": "false",
    "ignoreCorruptFiles": "false",
    "parquet.page.verify-checksum.enabled": "true",
}
_TRIES = 5
# Up to so many runs are named in the filter that Spark pushes down to the row groups.
_FEW_RUNS = 200
# How Spark says that a file which it listed has been replaced since.
_REPLACED = ("FILE_NOT_EXIST", "FileNotFoundException", "NoSuchFileException")


class UnsealedCounter(Protocol):
    """The part of the record store that knows what is not in Parquet yet."""

    def count_unsealed(
        self,
        record_type: str,
        *,
        run_refs: Iterable[str] | None = None,
        keys: Iterable[str] | None = None,
    ) -> int:
        """Return how many matching records lie in live segments only."""
        ...


class SparkEngine:
    """Runs the questions in Spark, where the files are.

    Spark sees sealed records only. Given the record store, answers count what is not sealed yet;
    without it they say that nobody knows. Files are read through the plain layout
    ``<records>/<type>/project=<p>/*.parquet``; a listing that compaction outran is repeated.

    The texts use temporary views named ``contexta_...`` in the session, one question at a time;
    two engines must not share one session in several threads. A classic session works too.
    """

    name = "spark"

    def __init__(
        self, session: Any, records_uri: str, *, records: UnsealedCounter | None = None
    ) -> None:
        """Ask through ``session``, which stays the caller's to stop.

        ``records_uri`` is the folder ``records`` of a workspace as the cluster sees it: a path,
        ``file:``, ``s3a:`` and so on. ``records`` is the record store in this process, if there
        is one.

        Raises:
            AggregateError: ``aggregates_records_not_found``: none of the folders is there.
            ValidationError: ``aggregates_invalid_setting``.
        """
        if not callable(getattr(session, "sql", None)):
            raise _invalid("session", session, "a Spark session")
        if not isinstance(records_uri, str) or not records_uri.strip():
            raise _invalid("records_uri", records_uri, "the path or URI of a folder `records`")
        self._session = session
        self._uri = records_uri.rstrip("/")
        self._records = records
        self._lock = threading.Lock()
        self._owned = False
        if all(self._frame(kind, ("run_ref",)) is None for kind in _RECORD_TYPES):
            raise AggregateError(
                f"{records_uri!r} has no folder {', '.join(_RECORD_TYPES)} that Spark can see; "
                "name the folder `records` of a workspace that has sealed records "
                "(`ctx.flush(seal=True)` seals now)",
                code="aggregates_records_not_found",
                details={"records_uri": records_uri},
            )

    @classmethod
    def connect(
        cls,
        url: str,
        records_uri: str,
        *,
        records: UnsealedCounter | None = None,
        timeout_seconds: float = 10.0,
    ) -> Self:
        """Open a session of a Spark Connect server, such as ``sc://host:15002``; close it after.

        Raises:
            DependencyError: ``aggregates_spark_missing``.
            AggregateError: ``aggregates_connection_failed`` when no server answers within
                ``timeout_seconds``, or as the constructor.
        """
        session = open_session(url, timeout_seconds)
        try:
            engine = cls(session, records_uri, records=records)
        except BaseException:
            session.stop()
            raise
        engine._owned = True
        return engine

    def close(self) -> None:
        """Stop the session if :meth:`connect` opened it; idempotent."""
        owned, self._owned = self._owned, False
        if owned:
            self._session.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def answer(self, question: Question, asked: Asked) -> Answered:
        """Answer one question.

        Raises:
            AggregateError: ``aggregates_files_replaced`` or ``aggregates_engine_failed``.
        """
        # Counted before the files are listed: what is sealed in between is then named once too
        # often, never left out without a word.
        unsealed = self._unsealed(question, asked)
        with self._lock:
            found = self._retried(question, asked)
        return Answered(conformed(found, question), unsealed)

    def _retried(self, question: Question, asked: Asked) -> Any:
        last: Exception | None = None
        for _ in range(_TRIES):
            try:
                return self._run(question, asked)
            except ListingOutrunError as error:
                last = error
            except spark_errors() as error:
                if not any(word in str(error) for word in _REPLACED):
                    raise failed(question.name, error) from error
                last = error
        raise AggregateError(
            f"files were replaced {_TRIES} times while Spark read them for {question.name}; ask "
            "again when compaction is over",
            code="aggregates_files_replaced",
            details={"question": question.name},
            retryable=True,
            cause=last,
        )

    def _run(self, question: Question, asked: Asked) -> Any:
        selected = self._session.createDataFrame(asked.selected(), _SELECTED)
        values = {name: asked.parameters.get(name) for name in question.parameters}
        views = ["contexta_selected"]
        try:
            selected.createOrReplaceTempView("contexta_selected")
            for kind, columns in question.reads.items():
                views += [f"contexta_files_{kind}", f"contexta_{kind}"]
                frame = self._listed(kind, columns)
                if frame is None:
                    frame = self._session.createDataFrame([], _ddl(columns))
                else:
                    frame = _narrowed(frame, kind, asked)
                frame.createOrReplaceTempView(f"contexta_{kind}")
            return self._session.sql(question.sql, args=values).toArrow()
        finally:
            for name in views:
                self._session.catalog.dropTempView(name)

    def _listed(self, record_type: str, columns: Iterable[str]) -> Any | None:
        """Return the files of a record type as one listing that lacks nothing.

        A view keeps its listing; a frame of Spark Connect makes a new one for each question.
        """
        there = parts_there(self._uri, record_type)
        frame = self._frame(record_type, columns)
        if frame is None:
            return None
        if there is None:  # the cluster sees the folder and we do not: two listings must agree
            there = parts_listed(frame)
            frame = self._frame(record_type, columns)
            if frame is None:
                raise ListingOutrunError(f"the folder {record_type} is gone")
        name = f"contexta_files_{record_type}"
        frame.createOrReplaceTempView(name)
        kept = self._session.table(name)
        refuse_short_listing(kept, there)
        return kept

    def _frame(self, record_type: str, columns: Iterable[str]) -> Any | None:
        """Return the files of a record type; ``None`` when its folder does not exist.

        The schema is given: Spark then reads no footer to find it, takes a project called 2024
        for a text, and gives null for a column that an old file lacks.
        """
        reader = self._session.read.schema(f"{_ddl(columns)}, project STRING")
        for setting, value in _READER.items():
            reader = reader.option(setting, value)
        try:  # the folder is looked for by a classic session at once, by Connect when analyzed
            frame = reader.parquet(f"{self._uri}/{record_type}")
            _ = frame.columns
        except spark_errors() as error:
            if "PATH_NOT_FOUND" in str(error):
                return None
            raise failed(f"what lies in {self._uri}/{record_type}", error) from error
        return frame

    def _unsealed(self, question: Question, asked: Asked) -> int | None:
        if self._records is None:
            return None
        total = 0
        for kind in question.reads:
            keys = None
            if kind == "metric" and asked.metric_key is not None:
                keys = [asked.metric_key]
            total += self._records.count_unsealed(kind, run_refs=asked.run_refs, keys=keys)
        return total


def _narrowed(frame: Any, record_type: str, asked: Asked) -> Any:
    """Drop folders and row groups that the question is not about; the text filters again.

    The columns are the frame's own: those of ``pyspark.sql.functions`` belong to one kind of
    session, classic or Connect, as the process was started.
    """
    if asked.projects is not None:
        frame = frame.where(frame["project"].isin(list(asked.projects)))
    if record_type == "metric" and asked.metric_key is not None:
        frame = frame.where(frame["metric_key"] == asked.metric_key)
    if asked.run_refs is not None and len(asked.run_refs) <= _FEW_RUNS:
        frame = frame.where(frame["run_ref"].isin(list(asked.run_refs)))
    return frame


def _ddl(columns: Iterable[str]) -> str:
    return ", ".join(f"{name} {_TYPES.get(name, 'STRING')}" for name in columns)


def _invalid(name: str, value: object, rule: str) -> ValidationError:
    return ValidationError(
        f"{name} is {value!r}; it must be {rule}",
        code="aggregates_invalid_setting",
        details={"setting": name, "value": repr(value)},
    )
