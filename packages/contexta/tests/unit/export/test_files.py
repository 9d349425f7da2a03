import json
import os
import stat

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta import export
from contexta.contract.errors import ContextaError, StoreAccessError
from contexta.contract.time import to_epoch_us
from contexta.export import Column, RowTable, write_table
from contexta.export._jsonl import jsonl_lines
from contexta.interpretation import AlertRule

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def every_table(ctx):
    """One table of each kind."""
    return {
        "runs": export.runs_table(ctx),
        "params": export.params_table(ctx),
        "comparison": export.comparison_table(ctx, "night-0", "night-1"),
        "trend": export.trend_table(ctx, "accuracy"),
        "anomalies": export.anomaly_table(ctx, "night-5"),
        "alerts": export.alerts_table(ctx, [AlertRule("accuracy", "lt", 0.5)], run_id="night-0"),
        "fleet": export.alerts_table(ctx, [AlertRule("accuracy", "lt", 0.93)]),
        "records": export.records_table(ctx, "night-0"),
        "series": export.series_table(ctx, "night-0"),
        "diagnostics": export.diagnostics_table(ctx, "hostile"),
        "lineage": export.lineage_table(ctx, "night-0"),
    }


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_every_table_can_be_written_in_every_form(ctx, tmp_path, form):
    """The number of rows is told."""
    counts = {
        name: write_table(table, tmp_path / f"{name}.{form}", ctx.config, form=form)
        for name, table in every_table(ctx).items()
    }

    assert {"runs": 7, "params": 12, "alerts": 1, "fleet": 7} == {
        name: counts[name] for name in ("runs", "params", "alerts", "fleet")
    }
    assert counts["series"] == 6
    assert counts["records"] >= 7


def test_jsonl_and_parquet_hold_the_same(ctx, tmp_path):
    """Row by row, column by column; instants are UTC in both."""
    for name, table in every_table(ctx).items():
        header = table.header
        kinds = {column.name: column.kind for column in table.columns}
        rows = list(table.rows)
        for form in ("jsonl", "parquet"):
            copy = RowTable(name, table.columns, rows)
            write_table(copy, tmp_path / f"{name}.{form}", ctx.config, form=form)
        lines = (tmp_path / f"{name}.jsonl").read_text().splitlines()
        objects = [json.loads(line) for line in lines]
        stored = pq.read_table(tmp_path / f"{name}.parquet")
        assert list(header) == stored.schema.names
        for place, column in enumerate(header):
            if kinds[column] != "time":
                continue
            wanted = [None if row[place] is None else to_epoch_us(row[place]) for row in rows]
            assert wanted == stored.column(column).cast("int64").to_pylist()
            assert [row[place] for row in rows] == [one[column] for one in objects]
        texts = [column for column in header if kinds[column] == "text"]

        assert [[one[c] for c in texts] for one in objects] == [
            [row[c] for c in texts] for row in stored.select(texts).to_pylist()
        ]


@UNHURRIED
@given(
    st.lists(
        st.tuples(
            st.none() | st.text(),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(),
            st.none() | st.booleans(),
        ),
        max_size=5,
    )
)
def test_jsonl_gives_back_what_went_in(rows):
    """NaN and infinities are null, with a marker beside them."""
    columns = (Column("t"), Column("i", "int"), Column("f", "float"), Column("b", "bool"))
    special = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf", None: None}
    found = []
    for line in jsonl_lines(RowTable("x", columns, rows)):
        one = json.loads(line)
        marker = special[one.get("f_marker")]
        found.append((one["t"], one["i"], one["f"] if marker is None else float(marker), one["b"]))

    assert repr(rows) == repr(found)


def test_parquet_keeps_nan_and_the_notes(ctx, tmp_path):
    """What is missing travels in the file."""
    write_table(
        export.series_table(ctx, "night-0"), tmp_path / "s.parquet", ctx.config, form="parquet"
    )
    rows = pq.read_table(tmp_path / "s.parquet").to_pylist()
    loss = [row["value"] for row in rows if row["metric_key"] == "loss"]
    beside = pq.read_metadata(tmp_path / "s.parquet").metadata[b"contexta.notes"]

    assert ["1.0", "0.5", "0.3333333333333333", "nan"] == [str(value) for value in loss]
    assert "steps_assumed:wall" in json.loads(beside)


def test_a_failing_row_leaves_the_old_file(ctx, tmp_path):
    """The file is there whole or not at all, and nothing lies beside it."""
    path = tmp_path / "runs.csv"
    path.write_text("old")

    def rows():
        yield ("a",)
        raise StoreAccessError("the disk went away", code="store_io_failed")

    with pytest.raises(StoreAccessError):
        write_table(RowTable("x", (Column("a"),), rows()), path, ctx.config, form="csv")

    assert "old" == path.read_text()
    assert ["runs.csv"] == [path.name for path in tmp_path.iterdir()]


def test_files_are_private_whatever_the_umask(ctx, tmp_path):
    """0600 in a folder of 0700."""
    before = os.umask(0)
    try:
        write_table(export.runs_table(ctx), tmp_path / "new" / "r.csv", ctx.config, form="csv")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "new", tmp_path / "new" / "r.csv")]

    assert [0o700, 0o600] == modes


@pytest.mark.parametrize("bad", ["", "\0", "x" * 5000])
def test_a_path_that_cannot_be_is_our_error(ctx, tmp_path, monkeypatch, bad):
    """With a code, not an OSError of its own."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ContextaError):
        write_table(export.runs_table(ctx), bad, ctx.config, form="csv")


def test_rows_are_made_while_they_are_written(ctx, tmp_path):
    """A table of a hundred thousand rows never is in memory."""
    alive = peak = 0

    class Cell(str):
        __slots__ = ()

        def __new__(cls, text):
            nonlocal alive, peak
            alive += 1
            peak = max(peak, alive)
            return super().__new__(cls, text)

        def __del__(self):
            nonlocal alive
            alive -= 1

    rows = ((Cell(str(n)),) for n in range(100_000))
    count = write_table(
        RowTable("x", (Column("a", "scalar"),), rows), tmp_path / "x", ctx.config, form="jsonl"
    )

    assert 100_000 == count
    assert peak < 2_000


def test_records_of_all_types_come_in_their_order(ctx):
    """One by one, as the repository lists them as a whole."""
    listed = ctx.repository.list_records(run_id="run:p.night-0")
    wanted = [(record.record_type, record.record_id) for record in listed]
    table = export.records_table(ctx, "night-0")
    kind, ref = table.header.index("record_type"), table.header.index("record_id")

    assert wanted == [(row[kind], row[ref]) for row in table.rows]
    assert list(listed) == list(listed.stream())
    assert {"metric", "event"} == {one for one, _ in wanted}


def test_secrets_are_hidden_on_their_way_out(ctx_with, tmp_path):
    """By key and by shape, unless the settings allow otherwise."""
    columns = (Column("key"), Column("value", "scalar"), Column("text"), Column("tags", "json"))
    row = ("api_key", "hunter2hunter2", "ghp_" + "a" * 36, {"password": "hunter2"})

    def texts(**security):
        ctx = ctx_with(security=security)
        write_table(RowTable("x", columns, [row]), tmp_path / "x", ctx.config, form="jsonl")
        return (tmp_path / "x").read_text()

    assert "hunter2" not in texts()
    assert "ghp_" not in texts()
    assert "hunter2hunter2" in texts(redaction_mode="off")
    assert "hunter2hunter2" in texts(allow_unredacted_local_exports=True)
