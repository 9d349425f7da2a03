import json

import pyarrow.parquet as pq
import pytest


def test_rows_are_a_table_for_people(call, history):
    """Numbers stand right; the count is below."""
    done = call("query", "SELECT status, count(*) AS runs FROM runs GROUP BY ALL")

    assert 0 == done.code
    assert ["status     runs", "completed    22", "(1 row)"] == done.out.splitlines()


def test_each_format_has_the_rows(call, history):
    """By --format or by --render."""
    sql = "SELECT run_id, value FROM metrics WHERE metric_key = 'loss' ORDER BY sequence LIMIT 2"
    data = json.loads(call("query", sql, "--format", "json").out)
    lines = [json.loads(line) for line in call("query", sql, "-f", "ndjson").out.splitlines()]

    assert 2 == data["row_count"]
    assert data["rows"] == lines
    assert call("query", sql, "-f", "csv").out == call("query", sql, "--render", "csv").out
    assert "run_id,value" == call("query", sql, "-f", "csv").out.splitlines()[0]


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "ndjson", "parquet"])
def test_the_ending_of_the_file_tells_its_form(call, history, project, suffix):
    """And stdout says what was written."""
    done = call("query", "FROM params", "-o", f"p.{suffix}", "--format", "json")
    summary = json.loads(done.out)

    assert 41 == summary["rows"]
    assert summary["output"].endswith(f"p.{suffix}")
    body = (project / f"p.{suffix}").read_bytes()
    if suffix == "parquet":
        assert 41 == pq.read_table(project / "p.parquet").num_rows
    else:
        assert b"optimizer" in body


def test_clipped_rows_are_said(call, history):
    """In the table, and beside other forms."""
    table = call("query", "FROM params", "--max-rows", "2")
    lines = call("query", "FROM params", "--max-rows", "2", "-f", "csv")

    assert "only the first 2 rows are shown" in table.out
    assert "only the first 2 rows are shown" in lines.err
    assert 3 == len(lines.out.splitlines())


def test_views_are_listed_with_their_columns(call, history):
    """Without opening the workspace."""
    text = call("query", "--views", "runs")
    data = json.loads(call("query", "--views", "--format", "json").out)

    assert "code_revision" in text.out
    assert {"runs", "params", "tags", "metrics", "degraded"} <= {
        one["view"] for one in data["views"]
    }
    assert 2 == call("query", "--views", "nope").code


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("COPY runs TO 'x'", "sql_refused"),
        ("SELECT * FROM read_csv('/etc/passwd')", "sql_refused"),
        ("SELECT 1; SELECT 2", "sql_refused"),
        ("SELECT nope FROM runs", "sql_invalid"),
        ("\x1b[31m", "sql_invalid"),
    ],
)
def test_bad_queries_are_errors(call, history, project, sql, code):
    """Exit code 1, a code, no escape and no file."""
    done = call("query", sql)

    assert 1 == done.code
    assert done.err.startswith(f"ERROR [{code}]: ")
    assert "\x1b" not in done.err
    assert [".contexta", ".git"] == sorted(path.name for path in project.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("SELECT 1", "-o", "x.bin"),
        ("SELECT 1", "--render", "parquet"),
        ("SELECT 1", "--max-rows", "0"),
    ],
)
def test_wrong_usage_exits_with_2(call, history, arguments):
    """The message says what is missing."""
    assert 2 == call("query", *arguments).code


def test_hostile_values_are_shown_not_obeyed(call, history):
    """In a table as everywhere."""
    done = call("query", "SELECT name FROM runs WHERE run_id LIKE '%hostile'")

    assert "\x1b" not in done.out
    assert r"\x1b[31m" in done.out


def test_a_missing_workspace_is_refused(call, project):
    """As by every other command."""
    assert "workspace_not_found" in call("query", "SELECT 1").err


def test_a_closed_stdin_has_no_query(call, history, monkeypatch):
    """As `contexta query - <&-` leaves it: wrong usage, not a failure."""
    monkeypatch.setattr("sys.stdin", None)
    done = call("query", "-")

    assert 2 == done.code
    assert "stdin is closed" in done.err
