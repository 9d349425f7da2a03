"""The engine of one machine: DuckDB over what the record store reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from contexta.contract.errors import ValidationError
from contexta.interpretation._record_reader import RecordReader
from contexta.interpretation._sealed_duckdb import run_sql
from contexta.interpretation.aggregates._engine import Answered, Asked, conformed
from contexta.interpretation.aggregates._questions import Question
from contexta.interpretation.aggregates.errors import AggregateError

# A colon of the texts is the marker of a bound value and nothing else.
_MARKER = re.compile(r":([a-z_]+)")
_SIZE = re.compile(r"[0-9]+(\.[0-9]+)?\s?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)")


class DuckDbEngine:
    """Runs the questions in DuckDB, in this process.

    The records come from the record store: verified page by page, parts that were replaced left
    out, records that are not sealed yet included. So nothing is missing from an answer, whoever
    is writing. Only the columns, runs and metric of the question are read; they have to fit into
    memory beside ``memory_limit``, which is for DuckDB's own work.
    """

    name = "duckdb"

    def __init__(
        self, records: RecordReader, *, threads: int = 2, memory_limit: str = "1GB"
    ) -> None:
        """Read from ``records``, an open record store that stays the caller's to close.

        Raises:
            ValidationError: ``aggregates_invalid_setting``.
        """
        if type(threads) is not int or not 1 <= threads <= 1024:
            raise _invalid("threads", threads, "a whole number from 1 to 1024")
        if not isinstance(memory_limit, str) or not _SIZE.fullmatch(memory_limit):
            raise _invalid("memory_limit", memory_limit, "a size such as 512MB or 2GB")
        self._records = records
        self._threads = threads
        self._memory_limit = memory_limit

    def answer(self, question: Question, asked: Asked) -> Answered:
        """Answer one question.

        Raises:
            AggregateError: ``aggregates_engine_failed``, for example when the memory limit is
                too low.
        """
        import duckdb

        tables = {
            f"contexta_{kind}": self._read(kind, columns, asked)
            for kind, columns in question.reads.items()
        }
        tables["contexta_selected"] = asked.selected()
        text = _MARKER.sub(r"$\1", question.sql)
        values = {name: asked.parameters.get(name) for name in question.parameters}
        try:
            found = run_sql(
                text,
                tables,
                threads=self._threads,
                memory_limit=self._memory_limit,
                values=values,
            )
        except duckdb.Error as error:
            raise AggregateError(
                f"DuckDB could not answer {question.name}: {error} If memory ran out, raise "
                "memory_limit or ask for fewer runs.",
                code="aggregates_engine_failed",
                details={"engine": self.name, "question": question.name},
                cause=error,
            ) from error
        gaps = self._records.damage(run_refs=asked.run_refs)
        damage = dict.fromkeys(f"{gap.code}: {gap.message}" for gap in gaps)
        return Answered(conformed(found, question), 0, tuple(damage))

    def _read(self, record_type: str, columns: Iterable[str], asked: Asked) -> Any:
        keys = None
        if record_type == "metric" and asked.metric_key is not None:
            keys = [asked.metric_key]
        return self._records.arrow(record_type, run_refs=asked.run_refs, keys=keys, columns=columns)


def _invalid(name: str, value: object, rule: str) -> ValidationError:
    return ValidationError(
        f"{name} is {value!r}; it must be {rule}",
        code="aggregates_invalid_setting",
        details={"setting": name, "value": repr(value)},
    )
