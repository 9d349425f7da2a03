"""The ledger in a schema of a PostgreSQL server.

Writers follow each other, as they do on SQLite: each write transaction first takes an advisory
lock that belongs to the schema and ends with the transaction. `SELECT … FOR UPDATE` could not do
it, because it locks nothing while the row is absent. The transaction is READ COMMITTED, so each
statement after the lock sees what the writers before have committed, and revisions, free run
refs and parents are computed on the latest state. Readers wait for nobody: REPEATABLE READ, READ
ONLY.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, closing, contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from contexta.contract.errors import StoreAccessError
from contexta.store.metadata import _postgres
from contexta.store.metadata._engine import LedgerState, Selected
from contexta.store.metadata._errors import database_error
from contexta.store.metadata._state import state_of
from contexta.store.metadata._tables import BY_HASH
from contexta.store.metadata._thread_turn import thread_turn
from contexta.store.metadata._url import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

_SCHEMA = text("SELECT 1 FROM pg_namespace WHERE nspname = :schema")
_NAMES = text(
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = :schema AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
)
# The number of the transaction tells later whether a commit that was cut off took place.
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:key), pg_current_xact_id()::text AS number")
_OUTCOME = text("SELECT pg_xact_status(CAST(:number AS xid8))")
_OUTCOME_WAIT_SECONDS = 10.0

for _index in BY_HASH:
    _index.dialect_options["postgresql"]["using"] = "hash"


class PostgresEngine:
    """Connections to one schema of one server."""

    path: Path | None = None

    def __init__(
        self,
        url: str,
        *,
        schema: str,
        read_only: bool,
        durable: bool,
        busy_timeout_seconds: float,
    ) -> None:
        self.place = f"{redacted(url)} schema {schema}"
        self._schema = schema
        self._timeout = busy_timeout_seconds
        self._mutex = threading.RLock()
        self._connect = _postgres.connector(
            url,
            schema=schema,
            read_only=read_only,
            durable=durable,
            busy_timeout_seconds=busy_timeout_seconds,
        )
        self._engine = _postgres.pooled_engine(self._connect, wait_seconds=busy_timeout_seconds)
        self._readers = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @property
    def dialect(self) -> Literal["postgresql"]:
        """The dialect."""
        return "postgresql"

    def state(self) -> LedgerState:
        """Tell what is in the schema."""
        with self.reading() as connection:
            self._require_unicode(connection)
            if connection.execute(_SCHEMA, {"schema": self._schema}).first() is None:
                return LedgerState("absent")
            return state_of(
                self._names(connection), lambda sql: connection.exec_driver_sql(sql).all()
            )

    def make_room(self) -> None:
        """Do nothing: the database must exist, its schema is made with its tables."""

    def is_empty(self, connection: Connection) -> bool:
        """Tell whether the schema has no tables; create it when it is absent."""
        # CREATE SCHEMA IF NOT EXISTS would need the right to create even when it exists.
        if connection.execute(_SCHEMA, {"schema": self._schema}).first() is None:
            connection.exec_driver_sql(f'CREATE SCHEMA "{self._schema}"')
        return not self._names(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection in one read transaction."""
        with self._readers.connect() as connection:
            yield connection

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the turn of this process: waiting threads then occupy no connection."""
        with thread_turn(self._mutex, self.place, timeout_seconds=self._timeout):
            yield

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a write transaction that no other one overlaps."""
        with self._engine.connect() as connection:
            transaction = connection.begin()
            try:
                key = _postgres.turn_key(self._schema)
                number = connection.execute(_TAKE_TURN, {"key": key}).one().number
                yield connection
            except BaseException:
                transaction.rollback()
                raise
            try:
                transaction.commit()
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                self._settle(number, error)

    def after_write(self) -> None:
        """Do nothing: the server looks after its files."""

    def select(
        self, sql: str, params: Sequence[Any], *, inside: Connection | None = None
    ) -> Selected:
        """Run one SELECT; a server-side cursor accepts nothing else, nor a second statement."""
        import psycopg

        try:
            with ExitStack() as stack:
                if inside is None:
                    connection = stack.enter_context(closing(self._connect()))
                    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                    connection.read_only = True
                else:
                    savepoint = inside.begin_nested()
                    stack.callback(savepoint.rollback)
                    inside.exec_driver_sql("SET TRANSACTION READ ONLY")
                    connection = cast(
                        "psycopg.Connection[Any]", inside.connection.driver_connection
                    )
                cursor = stack.enter_context(psycopg.RawServerCursor(connection, "contexta"))
                cursor.execute(_postgres.numbered_parameters(sql), tuple(params) or None)
                names = tuple(column.name for column in cursor.description or ())
                return Selected(names, tuple(map(_plain, cursor.fetchall())))
        except psycopg.Error as error:
            raise database_error(self.place, error) from error

    def instant_text(self, column: str) -> str:
        """Return SQL that renders an instant as UTC text."""
        return _postgres.instant_text(column)

    def self_check(self, connection: Connection) -> tuple[str, ...]:
        """Return nothing: a server checks its pages itself, when it reads them."""
        return ()

    def dispose(self) -> None:
        """Close idle connections."""
        self._engine.dispose()

    def close(self) -> None:
        """Close all connections for good."""
        self._engine.dispose()

    def renew_in_child(self) -> None:
        """Forget the connections of the parent; closing them here would end its sessions."""
        self._mutex = threading.RLock()
        _INHERITED.append(self._engine.pool)
        self._engine.dispose(close=False)

    def _names(self, connection: Connection) -> frozenset[str]:
        return frozenset(connection.execute(_NAMES, {"schema": self._schema}).scalars())

    def _require_unicode(self, connection: Connection) -> None:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise StoreAccessError(
                f"{self.place!r} stores text as {encoding}, which cannot hold every name. Use "
                "a database created with ENCODING 'UTF8'.",
                code="metadata_store_open_failed",
                details={"database_path": self.place, "server_encoding": encoding},
            )

    def _settle(self, number: str, error: DBAPIError) -> None:
        """Find out whether a commit took place whose answer never came.

        Raises:
            StoreAccessError: `metadata_store_connection_lost` when it did not (retryable), or
                `metadata_store_commit_unknown` when the server stays away.
        """
        outcome = self._outcome(number)
        if outcome == "committed":
            return
        if outcome == "aborted":
            raise database_error(self.place, error) from error
        raise StoreAccessError(
            f"The connection to {self.place!r} was lost during a commit, and the server does "
            "not answer: the change may be stored or not. Look for it before you repeat it.",
            code="metadata_store_commit_unknown",
            details={"database_path": self.place, "reason": str(error.orig)},
        ) from error

    def _outcome(self, number: str) -> str | None:
        deadline = time.monotonic() + _OUTCOME_WAIT_SECONDS
        while time.monotonic() < deadline:
            try:
                with self._readers.connect() as connection:
                    outcome = connection.execute(_OUTCOME, {"number": number}).scalar_one()
            except SQLAlchemyError:
                outcome = "unreachable"  # a server that restarts refuses for a moment
            if outcome in {"committed", "aborted"}:
                return str(outcome)
            time.sleep(0.2)
        return None


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row with the numbers that SQLite would give."""
    return tuple(
        _postgres.plain_number(value) if isinstance(value, Decimal) else value for value in row
    )


_INHERITED: list[object] = []
