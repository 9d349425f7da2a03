"""What is particular to a ledger on PostgreSQL; what all stores do is in `test_contract`."""

import os
import sys

import pytest

from contexta.contract.errors import (
    ConfigurationError,
    ContextaError,
    DependencyError,
    StoreAccessError,
)
from contexta.store.metadata import MetadataStore, MetadataStoreConfig, inspect_schema
from contexta.store.metadata._postgres import numbered_parameters
from contexta.store.testing import throwaway_postgres

SECRET = "geheim"


@pytest.fixture
def opened():
    """Open ledgers that are closed at the end."""
    stores = []

    def open_store(**settings):
        stores.append(MetadataStore(MetadataStoreConfig(**settings)))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def admin(postgres_url):
    """A connection of the owner of the server."""
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "settings",
    [
        {"url": f"postgresql://u:{SECRET}@h:1/d"},
        {"url": f"postgresql+psycopg://u:{SECRET}@h/d", "storage_adapter": "postgresql"},
        {"url": f"postgres://u@h/d?password={SECRET}", "storage_adapter": "duckdb"},
        {"database_path": f"postgresql://u:a@b/{SECRET}@h/d"},
    ],
)
def test_a_url_chooses_postgres_and_shows_no_password(settings):
    """By `url`, or as a text in place of a path; printed and exported without its secret."""
    config = MetadataStoreConfig(**settings)

    assert (config.backend, config.in_memory, config.database_path) == ("postgresql", False, None)
    assert SECRET in config.resolved_url()
    assert SECRET not in repr(config) + str(config) + str(config.to_dict())
    assert "@h" in repr(config)
    assert "u@" in repr(config) or "u:***@" in repr(config)


@pytest.mark.parametrize(
    "settings",
    [
        {"url": f"mysql://u:{SECRET}@h/d"},
        {"url": f"u:{SECRET}@h/d"},
        {"url": f"postgresql://u:{SECRET}@h/d", "database_path": "x"},
        {"url": "postgresql://h/d", "schema_name": "Not A Name"},
        {"url": "postgresql://h/d", "schema_name": "pg_catalog"},
        {"url": "postgresql://h/d", "schema_name": "a; drop schema b"},
        {"schema_name": "a", "database_path": "x"},
    ],
)
def test_bad_places_are_refused_without_the_password(settings):
    """What is wrong is named; a password in it is not."""
    with pytest.raises(ConfigurationError) as caught:
        MetadataStoreConfig(**settings)

    assert caught.value.code == "metadata_store_invalid_config"
    assert f":{SECRET}" not in f"{caught.value} {caught.value.to_dict()}"


def test_a_server_without_url_is_named():
    """`storage_adapter="postgresql"` alone opens nothing."""
    with pytest.raises(ConfigurationError) as caught:
        MetadataStore(MetadataStoreConfig(storage_adapter="postgresql"))

    assert caught.value.code == "metadata_store_missing_database_path"


def test_a_url_that_libpq_refuses_is_a_configuration_error(opened):
    """An unknown parameter in the URL is our error, and shows no password."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with pytest.raises(ConfigurationError) as caught:
        opened(url=f"postgresql://u:{SECRET}@h/d?nonsense=1")

    assert SECRET not in str(caught.value)


def test_missing_driver_is_named(monkeypatch):
    """Without psycopg the error says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DependencyError) as caught:
        MetadataStore(MetadataStoreConfig(url="postgresql://h/d"))

    assert caught.value.code == "metadata_store_backend_missing"


def test_an_unreachable_server_is_retryable(opened):
    """Nobody listens: a coded error that says to call again, without the password."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with pytest.raises(StoreAccessError) as caught:
        opened(url=f"postgresql://u:{SECRET}@127.0.0.1:1/d")

    assert (caught.value.code, caught.value.retryable) == ("metadata_store_open_failed", True)
    assert SECRET not in f"{caught.value} {caught.value.to_dict()}"


def test_a_refused_login_is_not_retryable(opened, postgres_url):
    """A wrong password, or an unknown database: our error, for good."""
    base = postgres_url.rpartition("/")[0]
    for url in (f"{base}/nosuch", postgres_url.replace("://", f"://x{SECRET}:y@", 1)):
        fixed = url if url.endswith("nosuch") else _with_user(postgres_url, "nobody", SECRET)
        with pytest.raises(StoreAccessError) as caught:
            opened(url=fixed)
        assert (caught.value.code, caught.value.retryable) == ("metadata_store_open_failed", False)

    assert SECRET not in f"{caught.value} {caught.value.to_dict()}"


def _with_user(url, user, password):
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}:{password}@{rest.rpartition('@')[2]}"


@pytest.mark.parametrize("settings", [{"auto_create": False}, {"read_only": True}])
def test_an_absent_schema_is_refused_and_not_created(opened, new_schema, admin, settings):
    """Without leave to create, the schema stays absent."""
    with pytest.raises(StoreAccessError) as caught:
        opened(**new_schema, **settings)
    found = admin.execute(
        "SELECT count(*) FROM pg_namespace WHERE nspname = %s", [new_schema["schema_name"]]
    ).fetchone()

    assert caught.value.code == "metadata_store_missing"
    assert found == (0,)


def test_a_foreign_schema_is_refused_and_untouched(opened, new_schema, admin):
    """A schema with tables of another program gets none of ours, in any mode."""
    schema = new_schema["schema_name"]
    admin.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.runs (a int)")
    for settings in ({}, {"read_only": True}):
        with pytest.raises(StoreAccessError) as caught:
            opened(**new_schema, **settings)
        assert caught.value.code == "metadata_store_foreign_database"
    tables = admin.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]
    ).fetchall()

    assert tables == [("runs",)]
    assert inspect_schema(MetadataStoreConfig(**new_schema)).notes == ("schema_metadata_missing",)


def test_two_workspaces_share_a_database(opened, new_schema, empty_schema, make):
    """Each schema is a ledger of its own: same refs, other rows, no waiting for each other."""
    first, second = opened(**empty_schema), opened(**new_schema, busy_timeout_seconds=1)
    make.fill(first)
    with first.duckdb.transaction():
        first.runs.update_tags("run:p.r", {"a": "b"})
        second.projects.put_project(make.project("other"))

    assert second.runs.count_runs() == 0
    assert second.list_registered_refs() == ("project:other",)
    assert not first.projects.exists_project("project:other")
    assert inspect_schema(MetadataStoreConfig(**new_schema)).supported


def test_first_openers_agree(new_schema, fork):
    """Four processes open an absent schema at once: one creates it, all can write."""
    children = []
    for number in range(4):
        child = fork()
        if child == 0:
            code = 1
            try:
                from contexta.store.testing import ModelFactory

                with MetadataStore(MetadataStoreConfig(**new_schema)) as store:
                    store.projects.put_project(ModelFactory().project(f"p{number}"))
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    with MetadataStore(MetadataStoreConfig(**new_schema)) as store:
        count = store.projects.count_projects()

    assert (codes, count) == ([0] * 4, 4)


def end_sessions(admin, schema):
    admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'contexta' AND pid <> pg_backend_pid()"
    )


def test_lost_connections_are_retryable_and_replaced(opened, new_schema, admin, make):
    """A call on a dead connection fails with a coded, retryable error; the next one works."""
    store = opened(**new_schema)
    make.fill(store)
    codes = []
    for call in (
        lambda: store.runs.get_run("run:p.r"),
        lambda: store.runs.update_tags("run:p.r", {"a": "b"}),
    ):
        end_sessions(admin, new_schema)
        with pytest.raises(StoreAccessError) as caught:
            call()
        codes.append((caught.value.code, caught.value.retryable))
        call()

    assert codes == [("metadata_store_connection_lost", True)] * 2
    assert store.runs.get_run("run:p.r").tags == {"team": "a", "a": "b"}


def test_long_idle_connections_are_tried_first(opened, new_schema, admin, make, monkeypatch):
    """After idling, a dead connection is replaced before use, and nobody notices."""
    monkeypatch.setattr("contexta.store.metadata._postgres._PING_AFTER_SECONDS", 0.0)
    store = opened(**new_schema)
    make.fill(store)
    end_sessions(admin, new_schema)

    assert store.runs.get_run("run:p.r").name == "r"


def test_a_connection_lost_before_the_commit_changes_nothing(opened, new_schema, admin, make):
    """The server tells that the transaction was undone: the call may be repeated."""
    store = opened(**new_schema)
    make.fill(store)

    def put_and_lose():
        with store.duckdb.transaction():
            store.runs.update_tags("run:p.r", {"a": "b"})
            end_sessions(admin, new_schema)

    with pytest.raises(StoreAccessError) as caught:
        put_and_lose()

    assert (caught.value.code, caught.value.retryable) == ("metadata_store_connection_lost", True)
    assert store.runs.get_run("run:p.r").tags == {"team": "a"}
    assert store.runs.update_tags("run:p.r", {"a": "b"})


def test_a_commit_without_answer_is_looked_up(opened, new_schema, make, monkeypatch):
    """When the answer of a commit is lost, the server is asked: the put is confirmed."""
    from sqlalchemy.engine.base import RootTransaction
    from sqlalchemy.exc import OperationalError

    store = opened(**new_schema)
    make.fill(store)
    commit = RootTransaction.commit

    def commit_and_lose(transaction):
        commit(transaction)
        raise OperationalError("COMMIT", {}, ConnectionError("cut"), connection_invalidated=True)

    monkeypatch.setattr(RootTransaction, "commit", commit_and_lose)
    run = store.runs.update_tags("run:p.r", {"a": "b"})
    monkeypatch.undo()

    assert run.tags == store.runs.get_run("run:p.r").tags == {"team": "a", "a": "b"}


def test_a_crashed_server_is_survived(make):
    """While it is away calls are refused, retryably; afterwards all that was confirmed is there."""
    try:
        server_context = throwaway_postgres()
        server = server_context.__enter__()
    except DependencyError as error:
        pytest.skip(error.message)
    try:
        with MetadataStore(MetadataStoreConfig(url=server.url)) as store:
            make.fill(store)
            server.stop(crash=True)
            refusals = []
            for _ in range(2):
                with pytest.raises(StoreAccessError) as caught:
                    store.runs.update_tags("run:p.r", {"a": "b"})
                refusals.append(caught.value.retryable)
            server.start()
            tags = store.runs.update_tags("run:p.r", {"a": "b"}).tags
    finally:
        server_context.__exit__(None, None, None)

    assert (refusals, tags) == ([True, True], {"team": "a", "a": "b"})


def test_a_reader_needs_no_right_to_write(opened, new_schema, admin, postgres_url, make):
    """A role that may only SELECT reads everything of a read-only store."""
    make.fill(opened(**new_schema))
    schema, role = new_schema["schema_name"], f"reader_{new_schema['schema_name']}"
    admin.execute(
        f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'; GRANT USAGE ON SCHEMA {schema} TO {role};"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"
    )
    try:
        settings = {**new_schema, "url": _with_user(postgres_url, role, SECRET)}
        with MetadataStore(MetadataStoreConfig(**settings, read_only=True)) as store:
            ok = store.check_integrity().ok
            name = store.build_run_snapshot("run:p.r").run.name
        with pytest.raises(ContextaError) as caught:
            opened(**settings).runs.update_tags("run:p.r", {"a": "b"})
    finally:
        admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")

    assert (ok, name, caught.value.code) == (True, "r", "metadata_store_open_failed")


def test_a_database_without_unicode_is_refused(opened, admin, postgres_url):
    """Names could not be stored there, so nothing is created."""
    name = f"ascii_{os.getpid()}"
    admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    try:
        with pytest.raises(StoreAccessError) as caught:
            opened(url=f"{postgres_url.rpartition('/')[0]}/{name}")
    finally:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    assert caught.value.details["server_encoding"] == "SQL_ASCII"


@pytest.mark.parametrize(("setting", "expected"), [("full", "on"), ("normal", "off")])
def test_durability_does_not_depend_on_the_server(
    opened, new_schema, postgres_url, setting, expected
):
    """`synchronous` holds although the server, or the URL, says otherwise."""
    url = f"{postgres_url}?options=-c%20synchronous_commit%3Doff"
    store = opened(**{**new_schema, "url": url}, synchronous=setting)
    with store._backend.read() as connection:
        found = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()

    assert found == expected


def test_queries_cannot_leave_their_transaction(opened, new_schema, admin, make):
    """Functions that write, or change the session, change nothing for later calls."""
    store = opened(**new_schema)
    make.fill(store)
    with pytest.raises(ContextaError):
        store.duckdb.query_all("SELECT nextval('ledger_lifecycle_history_id_seq')")
    store.duckdb.query_all("SELECT set_config('search_path', 'public', false)")
    store.duckdb.query_all("SELECT pg_advisory_lock(1)")

    assert store.duckdb.query_one("SELECT count(*) FROM runs") == (1,)
    assert store.runs.update_tags("run:p.r", {"a": "b"})


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT ? + ?", "SELECT $1 + $2"),
        ("SELECT '?', \"a?\", ?", "SELECT '?', \"a?\", $1"),
        ("SELECT 'it''s ?', ?", "SELECT 'it''s ?', $1"),
        ("SELECT E'\\'?', ?", "SELECT E'\\'?', $1"),
        ("SELECT $$ ? $$, $a$ ? $a$, ?", "SELECT $$ ? $$, $a$ ? $a$, $1"),
        ("-- ?\nSELECT /* ? */ ?", "-- ?\nSELECT /* ? */ $1"),
    ],
)
def test_question_marks_are_parameters_outside_of_text(sql, expected):
    """Literals, quoted names and comments keep theirs."""
    assert numbered_parameters(sql) == expected
