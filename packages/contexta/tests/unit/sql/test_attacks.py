from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contexta.contract.errors import ContextaError
from contexta.sql import run_query
from contexta.sql._check import check_statement
from contexta.sql._engine import closed_connection, lock

REFUSED = [
    "COPY runs TO '/tmp/contexta-attack.csv'",
    "COPY (SELECT 1) TO '/tmp/contexta-attack.csv'",
    "ATTACH '/tmp/contexta-attack.db' AS x",
    "DETACH memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET threads = 1",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA version",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "CREATE TABLE x (a INT)",
    "CREATE MACRO runs() AS 1",
    "DROP VIEW runs",
    "INSERT INTO runs VALUES (1)",
    "UPDATE runs SET name = 'x'",
    "DELETE FROM runs",
    "EXPORT DATABASE '/tmp/contexta-attack'",
    "IMPORT DATABASE '/tmp/contexta-attack'",
    "BEGIN",
    "CHECKPOINT",
    "VACUUM",
    "USE memory",
    "PREPARE x AS SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "SHOW TABLES",
    "SHOW DATABASES",
    "SELECT 1; SELECT 2",
    "SELECT 1; ATTACH 'x'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM READ_CSV_AUTO('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM read_parquet('/etc/passwd')",
    "SELECT * FROM parquet_metadata('/etc/passwd')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM sqlite_scan('/etc/passwd', 'x')",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('runs')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_table_info('runs')",
    "SELECT * FROM main.range(3)",
    "SELECT * FROM '/etc/passwd'",
    "FROM '/etc/passwd'",
    "FROM 'http://localhost:1/x.csv'",
    "FROM 's3://bucket/x.parquet'",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT EXISTS (FROM '/etc/passwd')",
    "SELECT 1 WHERE 1 IN (SELECT length(content) FROM read_text('/etc/passwd'))",
    "WITH a AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM a",
    "WITH runs AS (FROM '/etc/passwd') SELECT * FROM runs",
    "SELECT 1 UNION ALL SELECT content FROM read_text('/etc/passwd')",
    "DESCRIBE FROM read_csv('/etc/passwd')",
    "SUMMARIZE FROM '/etc/passwd'",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM main.runs",
    "SELECT * FROM _source_runs",
    "SELECT * FROM ctx",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_select_over_the_views_is_refused(ctx, sql, tmp_path, monkeypatch):
    """With our error and code, and without a trace on the disk."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ContextaError) as caught:
        run_query(ctx, sql)

    assert "sql_refused" == caught.value.code
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "FROM '/etc/passwd'",
        "COPY (SELECT 1) TO 'x.csv'",
        "ATTACH 'x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET temp_directory = '/tmp'",
        "EXPORT DATABASE 'x'",
        "SELECT * FROM secret_of_the_program",
    ],
)
def test_the_engine_itself_is_closed(sql, tmp_path, monkeypatch):
    """What slipped through the check of the statement would still be stopped."""
    import duckdb
    import pyarrow as pa

    monkeypatch.chdir(tmp_path)
    secret_of_the_program = pa.table({"a": [1]})
    with closed_connection() as connection:
        lock(connection)
        with pytest.raises(duckdb.Error):
            connection.execute(sql)

    assert 1 == secret_of_the_program.num_rows
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("", "sql_invalid"),
        ("   ", "sql_invalid"),
        (None, "sql_invalid"),
        (7, "sql_invalid"),
        ("selec 1", "sql_invalid"),
        ("SELECT", "sql_invalid"),
        ("SELECT 'a\0b'", "sql_invalid"),
        ("SELECT '\ud800'", "sql_invalid"),
        ("SELECT nam FROM runs", "sql_invalid"),
        ("SELECT * FROM runs WHERE name = ?", "sql_invalid"),
        ("SELECT " + "(" * 5_000, "sql_too_large"),
        ("SELECT " + "(" * 200 + "1" + ")" * 200, "sql_too_large"),
        ("SELECT " + "[" * 200 + "1" + "]" * 200, "sql_too_large"),
        ("SELECT " + "not " * 4_000 + "true", "sql_invalid"),
        ("SELECT '" + "x" * 20_000 + "'", "sql_too_large"),
        ("SELECT repeat('x', 10)", "sql_refused"),
        ("SELECT range(1000000000)", "sql_refused"),
        ("SELECT * FROM range(3) WHERE len(list_resize([1], 9)) = 9", "sql_refused"),
        ("SELECT CAST('infinity' AS TIMESTAMP)", "sql_value_without_form"),
        ("SELECT CAST('abc' AS INTEGER)", "sql_invalid"),
    ],
)
def test_bad_queries_are_our_errors(ask, sql, code):
    """Nothing of DuckDB leaves."""
    with pytest.raises(ContextaError) as caught:
        ask(sql)

    assert code == caught.value.code


def test_an_unknown_column_is_shown_in_its_place(ask):
    """The line and the caret are those of the text that was typed."""
    with pytest.raises(ContextaError) as caught:
        ask("SELECT name,\n  statu\nFROM runs")

    assert "LINE 2:   statu\n          ^" in caught.value.message
    assert '"status"' in caught.value.message


def test_an_unknown_view_is_refused_with_the_nearest(ask):
    """And all views are named."""
    with pytest.raises(ContextaError) as caught:
        ask("SELECT * FROM metric")

    assert "did you mean metrics?" in caught.value.message
    assert "deployments" in caught.value.message


def test_a_query_that_takes_too_long_is_stopped(ask):
    """The error says how long that was."""
    with pytest.raises(ContextaError) as caught:
        ask("SELECT count(*) FROM range(100000000000) a, range(1000) b", max_seconds=0.2)

    assert "sql_time_limit" == caught.value.code
    assert "0.2 s" in caught.value.message


def test_a_query_that_needs_too_much_memory_is_stopped(ask):
    """It is our error, and the program goes on."""
    with pytest.raises(ContextaError) as caught:
        ask("SELECT list(a) FROM range(100000000) t(a)", memory_limit="30MB")

    assert "sql_memory_limit" == caught.value.code
    assert [(1,)] == ask("SELECT 1")


@pytest.mark.parametrize(
    "limits",
    [
        {"max_rows": 0},
        {"max_rows": True},
        {"max_rows": 1.5},
        {"max_seconds": 0},
        {"max_seconds": float("nan")},
        {"max_seconds": "1"},
        {"memory_limit": "lots"},
        {"memory_limit": 5},
    ],
)
def test_limits_out_of_range_are_refused(ask, limits):
    """By name and rule."""
    with pytest.raises(ContextaError) as caught:
        ask("SELECT 1", **limits)

    assert "sql_invalid_limit" == caught.value.code


TEXT = "SELECT * FROM runs '/etc/passwd' read_text ( ) ; COPY TO a WITH AS , 1 -- /* */ \" ' $$ x.y"
WORDS = st.sampled_from([*TEXT.split(), "UNION", "ATTACH", "\n"])


@pytest.fixture(scope="module")
def engine():
    """One closed engine for many texts."""
    with closed_connection() as connection:
        yield connection


@settings(max_examples=100, deadline=None)
@example(["SELECT", "*", "FROM", '"', "/etc/passwd", '"'])
@given(st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=12))
def test_no_text_reads_anything_but_the_views(engine, words):
    """Either it is refused with our error, or every table that it names is a view."""
    import duckdb

    checked, names = None, set()
    with suppress(ContextaError):
        checked = check_statement(" ".join(words), engine)
    if checked is not None:
        with suppress(duckdb.Error):  # it parses, and makes no sense
            names = set(engine.get_table_names(checked.sql))

    assert {name.lower().strip('"') for name in names} <= set(
        () if checked is None else checked.views
    )
