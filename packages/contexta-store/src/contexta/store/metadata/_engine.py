"""What the two databases have in common: the port between `Database` and its engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What is at a place: nothing, nothing yet, something foreign, or a ledger.

    `unversioned` is a ledger that lost its version row; `version` is set for `ledger` only.
    """

    kind: Literal["absent", "empty", "foreign", "unversioned", "ledger"]
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """The result of one SELECT, fetched: column names and rows, both in order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class LedgerEngine(Protocol):
    """Connections to one database. `Database` decides who may use them, and when.

    Attributes:
        place: What errors call the database; never with a password.
        path: The database file; None when there is none.
    """

    place: str
    path: Path | None

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        """Name of the SQL dialect, as SQLAlchemy calls it."""
        ...

    def state(self) -> LedgerState:
        """Tell what is at the place; changes nothing there."""
        ...

    def make_room(self) -> None:
        """Create what must exist before a connection can be opened (a folder, a file)."""
        ...

    def is_empty(self, connection: Connection) -> bool:
        """Tell, inside a write transaction, whether no tables exist; make their schema."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """Return a connection in one read transaction: all its queries see one state."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Wait for the turn to write, and hold it. Runs no SQL."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Return a connection in a write transaction: committed at the end, or undone.

        The caller holds the turn. No other transaction of the ledger writes until the end.
        """
        ...

    def after_write(self) -> None:
        """Do the housekeeping that follows a commit; the caller still holds the turn."""
        ...

    def select(
        self, sql: str, params: Sequence[Any], *, inside: Connection | None = None
    ) -> Selected:
        """Run one SELECT on a connection that can do nothing else.

        Args:
            sql: One statement; parameters are `?`.
            params: Their values in order.
            inside: The write transaction whose uncommitted state is to be seen.
        """
        ...

    def instant_text(self, column: str) -> str:
        """Return SQL that renders microseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.ffffffZ`."""
        ...

    def self_check(self, connection: Connection) -> tuple[str, ...]:
        """Return what the database itself finds wrong with its storage."""
        ...

    def dispose(self) -> None:
        """Close idle connections, so that none crosses a fork; later use opens new ones."""
        ...

    def close(self) -> None:
        """Close all connections for good."""
        ...

    def renew_in_child(self) -> None:
        """Forget, in a forked child, the connections and locks of the parent."""
        ...
