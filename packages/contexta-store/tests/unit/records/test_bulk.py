"""Whole columns go in with one call and come back record by record."""

import array
import errno
import os
import signal
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from contexta.contract.errors import ReadOnlyStoreError, ValidationError
from contexta.store.records import (
    AppendError,
    DurabilityStatus,
    RecordStore,
    RecordStoreConfig,
    ScanFilter,
    SeriesContext,
)
from contexta.store.records._frames import MAX_BATCH_ROWS
from contexta.store.records.schema import RECORD_TYPES, schema_for

RUN = "run:demo.run-1"
STAGE = "stage:demo.run-1.train"
START_US = 1_700_000_000_000_000


class Exporter:
    """Anything with an Arrow stream, as Polars and DuckDB hand out."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def payloads(store):
    return [(s.sequence, s.record.payload) for s in store.scan()]


def problems(caught):
    """Return column, first rows and code of each problem of an error."""
    assert caught.value.code == "record_bulk_invalid"
    return [(p["column"], p["rows"], p["code"]) for p in caught.value.details["problems"]]


@pytest.mark.parametrize("sealed", [False, True])
def test_points_come_back_with_every_field_of_their_series(open_store, sealed):
    """Live and sealed: value, step, epoch, time, unit, tags, stage, producer."""
    store = open_store(durability_mode="fsync")
    receipt = store.append_metrics(
        RUN,
        "loss",
        [0.5, float("inf"), -1.0],
        steps=range(3),
        epochs=[0.0, 0.5, 1.0],
        observed_at=[START_US, START_US + 1, START_US + 2],
        stage_execution_ref=STAGE,
        unit="ms",
        tags={"b": "2", "a": "1"},
    )
    if sealed:
        store.seal()
    found = list(store.scan())
    last = found[-1].record

    assert (receipt.sequence_ranges, receipt.accepted_count) == (((1, 3),), 3)
    assert receipt.durability_status is DurabilityStatus.FSYNCED
    assert [f.record.payload.value for f in found] == [0.5, float("inf"), -1.0]
    assert (last.payload.step, last.payload.epoch, last.payload.unit) == (2, 1.0, "ms")
    assert (last.payload.value_type, dict(last.payload.tags)) == ("float", {"a": "1", "b": "2"})
    assert last.envelope.observed_at == last.envelope.recorded_at == "2023-11-14T22:13:20.000002Z"
    assert str(last.envelope.stage_execution_ref) == STAGE
    assert found[-1].record_ref == "record:demo.run-1.metric-000000000003"
    assert store.check_integrity().issues == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([1, 2.5], [1.0, 2.5]),
        ((0.25,), [0.25]),
        (array.array("d", [1.5, 2.5]), [1.5, 2.5]),
        (pa.array([2**63 - 1, -(2**63)]), [2**63 - 1, -(2**63)]),
        (pa.array([1, 2], pa.uint8()), [1, 2]),
        (pa.array([1.5, 2.5], pa.float32()), [1.5, 2.5]),
        (pa.chunked_array([[1], [2]]), [1, 2]),
        (Exporter(pa.chunked_array([[1.5]])), [1.5]),
        ([], []),
    ],
)
def test_values_keep_their_number_and_kind(store, given, expected):
    """Integers stay integers and exact, whatever holds them."""
    store.append_metrics(RUN, "loss", given)
    found = [payload.value for _, payload in payloads(store)]

    assert [(type(v), v) for v in found] == [(type(v), v) for v in expected]


def test_a_numpy_array_is_taken_as_it_is(store):
    """NaN stays NaN, numpy integers stay integers, and two dimensions are refused."""
    numpy = pytest.importorskip("numpy", reason="numpy is no dependency of this package")
    store.append_metrics(RUN, "a", numpy.array([1.0, numpy.nan], "float32"), steps=numpy.arange(2))
    store.append_metrics(RUN, "b", numpy.arange(2, dtype="int16"))
    with pytest.raises(ValidationError) as caught:
        store.append_metrics(RUN, "c", numpy.ones((2, 2)))
    found = [payload.value for _, payload in payloads(store)]

    assert repr(found) == "[1.0, nan, 0, 1]"
    assert problems(caught) == [("value", [], "record_bulk_wrong_type")]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"values": ["a"]}, [("value", [], "record_bulk_wrong_type")]),
        ({"values": [True]}, [("value", [], "record_bulk_wrong_type")]),
        ({"values": "text"}, [("value", [], "record_bulk_wrong_type")]),
        ({"values": 3}, [("value", [], "record_bulk_wrong_type")]),
        ({"values": [2**64]}, [("value", [], "record_bulk_wrong_type")]),
        ({"values": [1.0, None]}, [("value", [1], "record_invalid_metric_value")]),
        ({"steps": [1.5, 2]}, [("step", [], "record_bulk_wrong_type")]),
        ({"steps": [1]}, [("step", [], "record_bulk_length_mismatch")]),
        ({"epochs": [0.0, float("nan")]}, [("epoch", [1], "record_invalid_epoch")]),
        ({"observed_at": [1 << 60, 1]}, [("observed_at", [0], "context_invalid_timestamp")]),
        ({"observed_at": "yesterday"}, [("observed_at", [], "context_invalid_timestamp")]),
        (
            {"observed_at": pa.array([0, 1], pa.timestamp("us"))},
            [("observed_at", [], "record_bulk_naive_time")],
        ),
        ({"run_ref": "run"}, [("run_ref", [], "record_store_invalid_run_ref")]),
        ({"key": " "}, [("metric_key", [], "context_invalid_string")]),
        ({"tags": {"a": object()}}, [("tags", [], "context_invalid_mapping")]),
        ({"tags": 3}, [("tags", [], "context_invalid_mapping")]),
        (
            {"stage_execution_ref": "stage:other.run-1.s"},
            [("stage_execution_ref", [], "record_ref_prefix_mismatch")],
        ),
        (
            {"values": ["a"], "steps": ["b"], "key": ""},
            [
                ("value", [], "record_bulk_wrong_type"),
                ("step", [], "record_bulk_wrong_type"),
                ("metric_key", [], "context_invalid_string"),
            ],
        ),
    ],
)
def test_bad_points_are_refused_naming_column_row_and_rule(store, arguments, expected):
    """All problems at once, and nothing is stored."""
    values = {"run_ref": RUN, "key": "loss", "values": [1.0, 2.0], **arguments}
    with pytest.raises(ValidationError) as caught:
        store.append_metrics(**values)

    assert problems(caught) == expected
    assert payloads(store) == []


def test_rejecting_stores_the_good_points_and_lists_the_others(store):
    """By index and code, in order."""
    receipt = store.append_metrics(
        RUN, "loss", [1.0, None, 3.0, 4.0], epochs=[0, 1, float("inf"), 3], on_error="reject"
    )
    with pytest.raises(ValidationError) as caught:
        store.append_metrics(RUN, "loss", [1.0], on_error="ignore")

    assert [(r.index, r.code) for r in receipt.rejected] == [
        (1, "record_invalid_metric_value"),
        (2, "record_invalid_epoch"),
    ]
    assert (receipt.accepted_count, receipt.rejected_count, receipt.success) == (2, 2, False)
    assert [(n, p.value, p.epoch) for n, p in payloads(store)] == [(1, 1.0, 0.0), (2, 4.0, 3.0)]
    assert caught.value.code == "record_bulk_invalid_on_error"


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
def test_a_bad_table_is_refused_naming_column_row_and_rule(store, columns, expected):
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


def test_large_batches_become_bounded_frames_with_contiguous_numbers(store):
    """More rows than a frame takes, beside single points, in one sequence."""
    count = MAX_BATCH_ROWS + 10
    writer = store.writer()
    series = writer.define_series(SeriesContext(RUN, "demo"), "loss")
    first = writer.append_point(series, START_US, 0.0)
    receipt = store.append_metrics(RUN, "loss", range(count))
    last = writer.append_point(series, START_US, 0.0)
    store.seal()
    found = store.arrow("metric", columns=["sequence"])["sequence"].to_pylist()

    assert (first, receipt.sequence_ranges, last) == (1, ((2, count + 1),), count + 2)
    assert found == list(range(1, count + 3))
    assert store.check_integrity().issues == ()


def test_a_read_only_store_takes_no_bulk(store, root):
    """Refused before anything is written; bad input is named all the same."""
    with RecordStore(RecordStoreConfig(root, read_only=True)) as other:
        with pytest.raises(ReadOnlyStoreError) as caught:
            other.append_metrics(RUN, "loss", [1.0])
        with pytest.raises(ValidationError):
            other.append_metrics(RUN, "loss", ["a"])

    assert caught.value.code == "record_store_read_only"


def test_a_bulk_append_that_fails_says_exactly_what_is_stored(store, monkeypatch):
    """The receipt of the error counts whole frames; the rest can be appended again."""
    write = os.write
    left = [2]

    def failing(fd, data):
        left[0] -= len(data) > 1_000_000
        if not left[0]:
            write(fd, bytes(data)[:1000])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data)

    count = 3 * MAX_BATCH_ROWS
    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(AppendError) as caught:
        store.append_metrics(RUN, "loss", range(count))
    monkeypatch.setattr(os, "write", write)
    stored = caught.value.partial_receipt
    store.append_metrics(RUN, "loss", range(stored.accepted_count, count))
    found = store.arrow("metric", columns=["value_int"])["value_int"].to_pylist()

    assert stored.sequence_ranges == ((1, MAX_BATCH_ROWS),)
    assert found == list(range(count))
    assert store.check_integrity().issues == ()


def bulk_segment(root):
    """Write a point, a bulk of 1,000, a point into a segment whose writer is killed."""
    pid = os.fork()
    if pid == 0:
        store = RecordStore(RecordStoreConfig(root, durability_mode="flush"))
        writer = store.writer()
        series = writer.define_series(SeriesContext(RUN, "demo"), "loss")
        writer.append_point(series, START_US, -1.0)
        store.append_metrics(RUN, "loss", range(1000))
        writer.append_point(series, START_US, -2.0)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    (segment,) = root.rglob("*.seg")
    return segment


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("cut", [56 + 1, 56 + 3000, 56 + 8000])
def test_a_torn_batch_is_cut_whole_and_kept_aside(root, cut):
    """Nothing of it is read, what stands before stays, and the next number is free of it."""
    segment = bulk_segment(root)
    os.truncate(segment, segment.stat().st_size - cut)
    with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
        before = [payload.value for _, payload in payloads(store)]
        gaps = [gap.code for gap in store.replay(mode="tolerant").known_gaps]
        (dead,) = store.recover_dead_writers()
        after = [payload.value for _, payload in payloads(store)]
        issues = store.check_integrity().issues
        store.append_metrics(RUN, "loss", [7.0])
        later = [payload.value for _, payload in payloads(store)]

    assert before == after == [-1.0]
    assert gaps == ["truncated_line"]
    assert dead.torn_bytes > 0
    assert issues == ()
    assert later == [-1.0, 7.0]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_flipped_bit_in_a_batch_loses_that_batch_and_says_so(root):
    """The points around it are read; the gap names the numbers of the whole frame."""
    segment = bulk_segment(root)
    raw = bytearray(segment.read_bytes())
    raw[len(raw) // 2] ^= 4
    segment.write_bytes(raw)
    with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
        replay = store.replay(mode="tolerant")
        (gap,) = replay.known_gaps
        store.recover_dead_writers()
        sealed = store.replay(mode="tolerant")

    assert [r.record.payload.value for r in replay.records] == [-1.0, -2.0]
    assert (gap.code, gap.start_sequence, gap.end_sequence) == ("invalid_json_line", 2, 1001)
    assert [r.sequence for r in sealed.records] == [1, 1002]
    assert [(g.start_sequence, g.end_sequence) for g in sealed.known_gaps] == [(2, 1001)]


def test_a_whole_frame_with_unusable_content_is_a_gap_of_its_rows(store):
    """A frame of another program with a right checksum hides nothing beside it."""
    writer = store.writer()
    store.append_metrics(RUN, "loss", [1.0])
    writer.append_batch(RECORD_TYPES.index("metric"), 5, b"no arrow stream", START_US)
    writer.append_batch(99, 5, b"", START_US)
    store.append_metrics(RUN, "loss", [2.0])
    live = store.replay(mode="tolerant")
    store.seal()
    sealed = store.replay(mode="tolerant")

    assert [r.sequence for r in live.records] == [r.sequence for r in sealed.records] == [1, 12]
    assert [(g.start_sequence, g.end_sequence) for g in live.known_gaps] == [(2, 6), (7, 11)]


def test_the_columns_of_the_schema_are_what_a_table_may_hold():
    """A table of any type with all columns passes the check of names."""
    from contexta.store.records._bulk_columns import REQUIRED

    unknown = {t: set(REQUIRED[t]) - set(schema_for(t).names) for t in RECORD_TYPES}

    assert unknown == {record_type: set() for record_type in RECORD_TYPES}


def test_a_pandas_column_keeps_its_nan(store):
    """Its own Arrow export would make it a missing value."""
    pandas = pytest.importorskip("pandas", reason="pandas is no dependency of this package")
    values = pandas.Series([1.0, float("nan")])
    store.append_metrics(RUN, "a", values)
    frame = {"run_ref": [RUN] * 2, "metric_key": ["b"] * 2, "value": values}
    store.append_table("metric", pandas.DataFrame(frame))

    assert repr([payload.value for _, payload in payloads(store)]) == "[1.0, nan, 1.0, nan]"
