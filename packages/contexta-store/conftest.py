"""Shared fixtures of this package's tests."""

import itertools
import os
import warnings

import pytest

from contexta.contract.errors import DependencyError
from contexta.store.testing import throwaway_postgres


@pytest.fixture
def fork():
    """Fork like `os.fork`; the child must leave through `os._exit`."""

    def fork_now():
        with warnings.catch_warnings():
            # Python 3.12 warns when any thread lives; a thread of another test may.
            warnings.simplefilter("ignore", DeprecationWarning)
            return os.fork()

    return fork_now


#: No test asks for what these do.
_CHEAP = {"autovacuum": "off", "full_page_writes": "off", "jit": "off"}


@pytest.fixture(scope="session")
def postgres_url():
    """A PostgreSQL server: `TEST_POSTGRES_URL`, or one that ends with the session."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: contexta-store[postgres]")
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    try:
        with throwaway_postgres(_CHEAP) as server:
            yield server.url
    except DependencyError as error:
        pytest.skip(error.message)


_NUMBERS = itertools.count()


@pytest.fixture
def new_schema(postgres_url):
    """Settings of a ledger in a schema that does not exist yet; it is dropped afterwards."""
    import psycopg

    name = f"t{os.getpid()}_{next(_NUMBERS)}"
    yield {"url": postgres_url, "schema_name": name}
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')


@pytest.fixture(scope="module")
def _reused_schema(postgres_url):
    import psycopg

    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    settings = {"url": postgres_url, "schema_name": f"r{os.getpid()}_{next(_NUMBERS)}"}
    MetadataStore(MetadataStoreConfig(**settings)).close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield settings, connection
        connection.execute(f'DROP SCHEMA "{settings["schema_name"]}" CASCADE')


@pytest.fixture
def empty_schema(_reused_schema):
    """Settings of a ledger in a schema whose tables are empty: much faster than a new one."""
    settings, connection = _reused_schema
    schema = settings["schema_name"]
    names = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s "
        "AND tablename NOT IN ('schema_metadata', 'alembic_version')",
        [schema],
    ).fetchall()
    # Ten times as fast as TRUNCATE for tables that hold a few rows.
    connection.execute(";".join(f'DELETE FROM "{schema}"."{name}"' for (name,) in names))
    return settings
