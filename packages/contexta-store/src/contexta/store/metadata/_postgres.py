"""Everything that is particular to PostgreSQL: connections, settings, SQL text."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from contexta.contract.errors import ConfigurationError, DependencyError
from contexta.store.metadata._url import redacted

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

_PING_AFTER_SECONDS = 5.0

# A client whose machine vanished must not keep the turn of the others; neither must a server
# that vanished keep us waiting. 30 s until the first probe, three probes 10 s apart.
_SERVER_KEEPALIVE = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_CLIENT_KEEPALIVE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "application_name": "contexta",
}


def connector(
    url: str, *, schema: str, read_only: bool, durable: bool, busy_timeout_seconds: float
) -> Callable[[], Connection[Any]]:
    """Return a function that opens a connection to a server, ready for a ledger.

    What the URL sets (`connect_timeout`, `sslmode`, `options` …) wins over what is set here.

    Args:
        url: As in the configuration.
        schema: The only schema that unqualified names are looked up in.
        read_only: Whether the server refuses writes on these connections.
        durable: Whether a commit waits until it is on the server's disk.
        busy_timeout_seconds: How long to wait for locks.

    Raises:
        DependencyError: `metadata_store_backend_missing` without psycopg.
        ConfigurationError: `metadata_store_invalid_config` for a URL that libpq refuses.
    """
    try:
        import psycopg
    except ImportError as error:
        raise DependencyError(
            "A ledger on PostgreSQL needs psycopg: pip install 'contexta-store[postgres]'.",
            code="metadata_store_backend_missing",
            details={"package": "psycopg"},
        ) from error
    try:
        given = psycopg.conninfo.conninfo_to_dict("postgresql://" + url.partition("://")[2])
    except psycopg.ProgrammingError as error:
        # The text of libpq may quote the URL; so may the error itself, which is left out.
        raise ConfigurationError(
            f"The database URL {redacted(url)!r} is not one: {redacted(str(error)).strip()}.",
            code="metadata_store_invalid_config",
            details={"field_name": "url"},
        ) from None
    settings = {
        "search_path": schema,
        "lock_timeout": str(max(1, int(busy_timeout_seconds * 1_000))),
        "default_transaction_read_only": "on" if read_only else "off",
        "client_encoding": "UTF8",
        **_SERVER_KEEPALIVE,
    }
    if not durable:
        settings["synchronous_commit"] = "off"
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    extra = str(given.pop("options", "") or "")
    parameters: dict[str, Any] = {**_CLIENT_KEEPALIVE, **given, "options": f"{options} {extra}"}

    def connect() -> Connection[Any]:
        connection = psycopg.connect(**parameters)
        if durable:
            # An administrator may have set more (replicas); only less is corrected.
            connection.execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') = 'off'"
            )
            connection.commit()
        return connection

    return connect


def pooled_engine(connect: Callable[[], Connection[Any]], *, wait_seconds: float) -> Engine:
    """Return an engine over `connect` that looks after its idle connections.

    A connection that idled longer than 5 seconds is tried before use: servers restart, and
    firewalls forget. A try before each use would double the cost of a call.
    """
    import psycopg

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=12,
        pool_timeout=wait_seconds,
        isolation_level="READ COMMITTED",
        use_native_hstore=False,
    )

    @event.listens_for(engine, "checkin")
    def _note(connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _try(connection: Any, record: Any, proxy: Any) -> None:
        since = record.info.get("idle_since")
        if since is None or time.monotonic() - since < _PING_AFTER_SECONDS:
            return
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.Error as error:
            raise DisconnectionError from error  # the pool opens another one

    return engine


def turn_key(schema: str) -> int:
    """Return the number of the advisory lock that writers of a schema take turns with."""
    digest = blake2b(f"contexta ledger {schema}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def instant_text(column: str) -> str:
    """Return SQL that renders microseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.ffffffZ`."""
    # mod() and not %, which drivers take for a parameter.
    fraction = f"mod(mod({column}, 1000000) + 1000000, 1000000)"  # also before 1970
    seconds = f"(({column} - {fraction}) / 1000000)"
    # Whole seconds times an interval are exact over all years; microseconds would not be.
    moment = f"TIMESTAMP 'epoch' + {seconds} * INTERVAL '1 second'"
    return (
        f"(to_char({moment}, 'YYYY-MM-DD\"T\"HH24:MI:SS') || '.' || "
        f"lpad(CAST({fraction} AS text), 6, '0') || 'Z') COLLATE \"C\""
    )


# Text in which a question mark is no parameter, or a question mark that is one.
_PIECES = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/"""
    r"""|\$(\w*)\$.*?\$\1\$|\?""",
    re.DOTALL,
)


def numbered_parameters(sql: str) -> str:
    """Return SQL with `$1`, `$2` … for its `?`, as the server wants them."""
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found.group() != "?":
            return found.group()
        count += 1
        return f"${count}"

    return _PIECES.sub(number, sql)


def plain_number(value: Decimal) -> int | float:
    """Return a `numeric` as SQLite would give it: sums of integers whole, all else a float."""
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent >= 0 else float(value)
