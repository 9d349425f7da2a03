"""Tables of any type go in with one call; what is wrong is named by column and row."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from contexta.contract.errors import ValidationError
from contexta.store.records import (
    RecordStore,
    RecordStoreConfig,
    ScanFilter,
)
from contexta.store.records.schema import RECORD_TYPES, schema_for

RUN = "run:demo.run-1"
STAGE = "stage:demo.run-1.train"


class Exporter:
    """Anything with an Arrow stream, as Polars and DuckDB hand out."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def metric_table(**columns):
    values = {"run_ref": [RUN, RUN], "metric_key": ["loss", "acc"], "value": [1.0, 2.0], **columns}
    return pa.table({name: column for name, column in values.items() if column is not None})


@pytest.mark.parametrize("sealed", [False, True])
def test_a_table_of_several_runs_and_projects_comes_back(store, sealed):
    """With tags that differ, given references, a stage of its own, and defaults for the rest."""
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    table = pa.table(
        {
            "run_ref": [RUN, "run:other.run-2", RUN],
            "metric_key": ["loss", "loss", " acc "],
            "value": [1, 2, 3],
            "record_ref": [None, "record:other.run-2.mine", None],
            "stage_execution_ref": [STAGE, None, None],
            "tags": pa.array([[("a", "1")], None, []], pa.map_(pa.string(), pa.string())),
            "observed_at": pa.array([moment] * 3, pa.timestamp("ns", tz="Asia/Tokyo")),
            "recorded_at": pa.array(
                [moment + timedelta(seconds=1), None, moment - timedelta(seconds=1)],
                pa.timestamp("s", tz="UTC"),
            ),
        }
    )
    receipt = store.append_table("metric", table)
    if sealed:
        store.seal()
    found = [s.record for s in store.scan()]

    assert receipt.accepted_count == 3
    assert [(str(r.envelope.record_ref), r.payload.metric_key, r.payload.value) for r in found] == [
        ("record:demo.run-1.metric-000000000001", "loss", 1),
        ("record:other.run-2.mine", "loss", 2),
        ("record:demo.run-1.metric-000000000003", "acc", 3),
    ]
    assert [dict(r.payload.tags) for r in found] == [{"a": "1"}, {}, {}]
    assert [r.envelope.recorded_at for r in found] == [
        "2024-01-01T00:00:01.000000Z",
        "2024-01-01T00:00:00.000000Z",
        "2024-01-01T00:00:00.000000Z",
    ]
    assert len(list(store.scan(ScanFilter(run_ref="run:other.run-2")))) == 1
    assert store.check_integrity().issues == ()


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_what_a_store_hands_out_as_arrow_another_one_takes(
    open_store, tmp_path, record_type, filled
):
    """Every column of every type; the numbers of the first store are named as ignored."""
    filled(open_store())
    table = open_store().arrow(record_type)
    with RecordStore(RecordStoreConfig(tmp_path / "other")) as other:
        receipt = other.append_table(record_type, Exporter(table))
        taken = other.arrow(record_type)

    same = [n for n in table.column_names if n not in ("sequence", "writer_id", "appended_at")]
    assert receipt.ignored_columns == ("sequence", "writer_id", "appended_at")
    assert taken.num_rows == table.num_rows > 0
    assert taken.select(same).to_pylist() == table.select(same).to_pylist()


@pytest.fixture
def filled(metric):
    """Append records of all four types with every field set."""
    from contexta.contract.testing import builders

    def fill(store):
        build = {
            "event": builders.structured_event_record,
            "metric": builders.metric_record,
            "span": builders.trace_span_record,
            "degraded": builders.degraded_record,
        }
        result = store.append_many([build[name]() for name in RECORD_TYPES] + [metric(7)])
        assert result.success
        return result

    return fill


class Odd(pa.ExtensionType):
    """A type of somebody else."""

    def __init__(self):
        super().__init__(pa.float64(), "tests.odd")

    def __arrow_ext_serialize__(self):
        return b""


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"speed": [1, 2]}, [("speed", [], "record_bulk_unknown_column")]),
        ({"run_ref": None}, [("run_ref", [], "record_bulk_missing_column")]),
        ({"value": None}, [("value", [], "record_bulk_missing_column")]),
        ({"value": ["a", "b"]}, [("value", [], "record_bulk_wrong_type")]),
        ({"metric_key": [1, 2]}, [("metric_key", [], "record_bulk_wrong_type")]),
        ({"tags": ["a", "b"]}, [("tags", [], "record_bulk_wrong_type")]),
        ({"metric_key": ["a", None]}, [("metric_key", [1], "missing_field")]),
        ({"value": [None, 1.0]}, [("value", [0], "record_invalid_metric_value")]),
        ({"value_int": [1, 3]}, [("value_int", [1], "record_invalid_metric_value")]),
        (
            {"aggregation_scope": ["step", "x"]},
            [("aggregation_scope", [1], "record_invalid_marker")],
        ),
        (
            {"observed_at": pa.array([0, None], pa.timestamp("us"))},
            [("observed_at", [], "record_bulk_naive_time")],
        ),
        ({"run_ref": [RUN, "RUN"]}, [("run_ref", [1], "record_store_invalid_run_ref")]),
        (
            {"record_ref": ["record:demo.run-2.a", None]},
            [("record_ref", [0], "record_ref_prefix_mismatch")],
        ),
        ({"record_ref": ["nonsense", None]}, [("record_ref", [0], "stable_ref_invalid_text")]),
        (
            {"value": pa.ExtensionArray.from_storage(Odd(), pa.array([1.0, 2.0]))},
            [("value", [], "record_bulk_extension_type")],
        ),
        (
            {"speed": [1, 2], "metric_key": ["", ""], "step": ["a", "b"]},
            [
                ("speed", [], "record_bulk_unknown_column"),
                ("step", [], "record_bulk_wrong_type"),
                ("metric_key", [0, 1], "context_invalid_string"),
            ],
        ),
    ],
)
def test_a_bad_table_is_refused_naming_column_row_and_rule(
    store, columns, expected, payloads, problems
):
    """All problems at once, and nothing is stored."""
    with pytest.raises(ValidationError) as caught:
        store.append_table("metric", metric_table(**columns))

    assert problems(caught) == expected
    assert payloads(store) == []


@pytest.mark.parametrize("source", [3, "text", [1, 2], {"a": object()}])
def test_what_is_no_table_is_refused(store, source):
    """With our error, naming what is taken."""
    with pytest.raises(ValidationError) as caught:
        store.append_table("metric", source)

    assert caught.value.code in ("record_bulk_not_a_table", "record_bulk_invalid")


def test_bad_rows_of_events_are_rejected_and_the_rest_is_stored(store):
    """JSON too deep, broken or of the wrong kind, unknown levels, blank messages."""
    table = pa.table(
        {
            "run_ref": [RUN] * 5,
            "event_key": ["a", "b", "c", "d", "e"],
            "level": ["info", "info", "loud", "info", "info"],
            "message": ["ok", "ok", "ok", " ", "ok"],
            "attributes": ['{"a":1}', "[" * 100_000, None, None, "{"],
        }
    )
    receipt = store.append_table("event", table, on_error="reject")
    (found,) = store.scan()

    assert [r.index for r in receipt.rejected] == [1, 2, 3, 4]
    assert dict(found.record.payload.attributes) == {"a": 1}


def test_a_record_too_large_is_rejected_by_its_row(open_store):
    """max_record_bytes holds for tables, too."""
    store = open_store(max_record_bytes=1000)
    table = pa.table(
        {
            "run_ref": [RUN] * 2,
            "event_key": ["a", "b"],
            "level": ["info"] * 2,
            "message": ["x" * 2000, "ok"],
        }
    )
    receipt = store.append_table("event", table, on_error="reject")

    assert [(r.index, r.code) for r in receipt.rejected] == [(0, "record_too_large")]
    assert receipt.accepted_count == 1


def test_the_columns_of_the_schema_are_what_a_table_may_hold():
    """A table of any type with all columns passes the check of names."""
    from contexta.store.records._bulk_columns import REQUIRED

    unknown = {t: set(REQUIRED[t]) - set(schema_for(t).names) for t in RECORD_TYPES}

    assert unknown == {record_type: set() for record_type in RECORD_TYPES}
