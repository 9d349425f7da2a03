import json
import math

import pyarrow.parquet as pq
import pytest

from contexta.client import Contexta
from contexta.contract.errors import ContextaError
from contexta.export import write_table
from contexta.sql import VIEWS, run_query, write_parquet


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_view_has_rows_and_its_columns(ctx, name):
    """Also the ones that hold what few runs have."""
    found = run_query(ctx, f"SELECT * FROM {name}")

    assert tuple(column.name for column in VIEWS[name].columns) == found.columns
    assert found.row_count > 0


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_few_columns_say_the_same_as_all(ctx, name):
    """Only what is needed is loaded."""
    whole = run_query(ctx, f"SELECT * FROM {name}")
    rows = list(whole.rows())
    for first in (0, 1):
        places = range(first, len(whole.columns), 2)
        names = ", ".join(f'"{whole.columns[place]}"' for place in places)
        found = list(run_query(ctx, f"SELECT {names} FROM {name}").rows())
        wanted = [tuple(row[place] for place in places) for row in rows]

        assert sorted(map(repr, wanted)) == sorted(map(repr, found))


def test_views_join_by_the_id_of_the_run(ask):
    """Params beside metrics beside names."""
    rows = ask(
        "SELECT r.name, p.number, max_by(m.value, m.step) FROM runs r "
        "JOIN params p USING (run_id) JOIN metrics m USING (run_id) "
        "WHERE p.key = 'lr' AND m.metric_key = 'loss' GROUP BY ALL ORDER BY 2"
    )

    assert [("plain", 0.1, 0.0), ("=cmd()", 0.2, 1.0)] == rows[:2]
    assert "'; DROP TABLE runs; --" == rows[2][0]


def test_params_are_text_and_where_they_are_numbers_numbers(ask):
    """Truth values are neither."""
    rows = ask("SELECT key, value, number FROM params WHERE run_id = 'run:p.r0' ORDER BY key")

    assert [("kind", "plain", None), ("lr", "0.1", 0.1), ("on", "true", None)] == rows


def test_nan_stays_nan(ctx):
    """It is a value, and marked in JSON."""
    found = run_query(ctx, "SELECT value FROM metrics WHERE step = 1 LIMIT 1")

    assert math.isnan(next(found.rows())[0])
    assert [{"value": None, "value_marker": "NaN"}] == found.to_dict()["rows"]
    json.dumps(found.to_dict(), allow_nan=False)


def test_instants_are_utc(ask):
    """As everywhere else."""
    ((started, same),) = ask(
        "SELECT started_at, started_at < TIMESTAMP '9999-01-01' FROM runs LIMIT 1"
    )

    assert started.endswith("Z")
    assert same is True


def test_what_is_not_sealed_yet_is_there(tmp_path):
    """A run that goes on answers with its last point."""
    with Contexta(workspace=tmp_path / "ws", config={"project_name": "p"}) as writer:
        run = writer.run("live")
        with run:
            run.metric("loss", 7.0, step=3)
            with Contexta(
                workspace=tmp_path / "ws", config={"project_name": "p"}, read_only=True
            ) as reader:
                rows = list(run_query(reader, "SELECT step, value FROM metrics").rows())
                status = list(run_query(reader, "SELECT status, ended_at FROM runs").rows())

    assert [(3, 7.0)] == rows
    assert [("open", None)] == status


def test_an_empty_workspace_has_empty_views(tmp_path):
    """With all columns."""
    with Contexta(workspace=tmp_path / "ws", config={"project_name": "p"}) as ctx:
        ctx.flush()
        counts = [run_query(ctx, f"SELECT * FROM {name}").row_count for name in VIEWS]

    assert [0] * len(VIEWS) == counts


def test_rows_beyond_the_limit_are_left_out_with_a_note(ctx):
    """Exactly as many as there are is not clipped."""
    clipped = run_query(ctx, "SELECT * FROM range(10)", max_rows=3)
    whole = run_query(ctx, "SELECT * FROM range(3)", max_rows=3)

    assert (3, True) == (clipped.row_count, clipped.clipped)
    assert ("only the first 3 rows are shown; there are more",) == clipped.all_notes()
    assert (3, False, ()) == (whole.row_count, whole.clipped, whole.all_notes())


def test_order_survives_the_limit(ask):
    """The first rows are the first of the order that was asked for."""
    rows = ask("SELECT i FROM range(100000) t(i) ORDER BY i DESC", max_rows=2)

    assert [(99999,), (99998,)] == rows


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT sum(i) FROM range(4) t(i)", 6),
        ("SELECT 12345678901234567890123::HUGEINT", 12345678901234567890123),
        ("SELECT 1.5", 1.5),
        ("SELECT [1, NULL]", [1, None]),
        ("SELECT {'a': 1, 'b': [DATE '2026-01-31']}", {"a": 1, "b": ["2026-01-31"]}),
        ("SELECT MAP {'k': 'v'}", {"k": "v"}),
        ("SELECT tags FROM metrics LIMIT 1", {}),
        ("SELECT DATE '2026-01-31'", "2026-01-31"),
        ("SELECT 'a'::BLOB", "61"),
        ("SELECT TIMESTAMP '2026-01-31 12:00:00'", "2026-01-31T12:00:00.000000Z"),
        ("SELECT NULL", None),
        ("SELECT true", True),
        ("-- a comment\nSELECT 1 -- more", 1),
        ("SELECT 1;", 1),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION SELECT n + 1 FROM t WHERE n < 5) FROM t LIMIT 1",
         1),
        ("SELECT count(*) FROM \"RUNS\"", 3),
        ("SELECT 'read_text(''/etc/passwd''); COPY'", "read_text('/etc/passwd'); COPY"),
        ("SELECT count(*) FROM metrics a, metrics b WHERE a.sequence = b.sequence", 9),
    ],
)  # fmt: skip
def test_values_have_plain_forms(ask, sql, value):
    """Of every type that people meet."""
    ((found,),) = ask(sql)

    assert value == found


def test_columns_of_one_name_are_told_apart(ctx):
    """No column of JSON hides another."""
    found = run_query(ctx, "SELECT 1 AS a, 2 AS a, 3 AS a")

    assert 3 == len(set(found.columns))
    assert [1, 2, 3] == list(found.to_dict()["rows"][0].values())


def test_describe_tells_the_columns_without_reading_rows(ctx):
    """Its types are those of the view."""
    found = list(run_query(ctx, "DESCRIBE metrics").rows())

    assert [(one.name, one.type) for one in VIEWS["metrics"].columns] == [
        (row[0], row[1]) for row in found
    ]


def test_asking_changes_no_file(ctx, filled):
    """Neither in the workspace nor beside it."""
    before = {path: path.stat().st_mtime_ns for path in filled.rglob("*") if path.is_file()}

    run_query(ctx, "SELECT * FROM metrics JOIN runs USING (run_id) ORDER BY value")

    assert before == {path: path.stat().st_mtime_ns for path in filled.rglob("*") if path.is_file()}


def test_the_rows_can_be_written(ctx, tmp_path):
    """By the writers of the exports, formulas guarded."""
    found = run_query(ctx, "SELECT name, started_at FROM runs ORDER BY run_id")
    for form in ("csv", "jsonl", "parquet"):
        write_table(found.rows_table(), tmp_path / form, ctx.config, form=form)

    assert "'=cmd()," in (tmp_path / "csv").read_text()
    assert (tmp_path / "parquet").read_bytes().startswith(b"PAR1")


def test_parquet_keeps_the_types(ctx, tmp_path):
    """Nested values stay nested, instants are UTC, names are unique."""
    sql = "SELECT [1, 2] AS l, MAP {'k': 1} AS m, TIMESTAMP '2026-01-31' AS t, 1 AS a, 2 AS a"
    write_parquet(run_query(ctx, sql), tmp_path / "p", ctx.config)
    stored = pq.read_table(tmp_path / "p")

    assert 5 == len({*stored.schema.names})
    assert "timestamp[us, tz=UTC]" == str(stored.schema.field("t").type)
    assert [[1, 2]] == stored["l"].to_pylist()


def test_parquet_refuses_what_it_cannot_hold(ctx, tmp_path):
    """With our error, and no file."""
    with pytest.raises(ContextaError) as caught:
        write_parquet(run_query(ctx, "SELECT INTERVAL 1 DAY"), tmp_path / "p", ctx.config)

    assert "sql_value_without_form" == caught.value.code
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("mode", "is_shown"), [("off", True), ("safe_default", False)])
def test_secrets_are_hidden_in_every_form(filled, tmp_path, mode, is_shown):
    """By the name in the column ``key``, and by their shape."""
    sql = "SELECT 'api_key' AS key, 'hunter2hunter2' AS value, 'ghp_' || $$" + "a" * 36 + "$$ AS t"
    config = {"project_name": "p", "security": {"redaction_mode": mode}}
    with Contexta(workspace=filled, config=config, read_only=True) as reader:
        found = run_query(reader, sql)
        write_parquet(found, tmp_path / "p", reader.config)
        write_table(found.rows_table(), tmp_path / "c", reader.config, form="jsonl")
    texts = [str(pq.read_table(tmp_path / "p").to_pylist()), (tmp_path / "c").read_text()]

    assert [is_shown, is_shown] == ["ghp_a" in text for text in texts]
    assert is_shown == ("hunter2" in texts[0])
