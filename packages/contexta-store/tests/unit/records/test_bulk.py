"""Whole columns go in with one call and come back record by record."""

import array

import pyarrow as pa
import pytest

from contexta.contract.errors import ReadOnlyStoreError, ValidationError
from contexta.store.records import (
    DurabilityStatus,
    RecordStore,
    RecordStoreConfig,
    SeriesContext,
)
from contexta.store.records._frames import MAX_BATCH_ROWS

RUN = "run:demo.run-1"
STAGE = "stage:demo.run-1.train"
START_US = 1_700_000_000_000_000


class Exporter:
    """Anything with an Arrow stream, as Polars and DuckDB hand out."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


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
def test_values_keep_their_number_and_kind(store, given, expected, payloads):
    """Integers stay integers and exact, whatever holds them."""
    store.append_metrics(RUN, "loss", given)
    found = [payload.value for _, payload in payloads(store)]

    assert [(type(v), v) for v in found] == [(type(v), v) for v in expected]


def test_a_numpy_array_is_taken_as_it_is(store, payloads, problems):
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
def test_bad_points_are_refused_naming_column_row_and_rule(
    store, arguments, expected, payloads, problems
):
    """All problems at once, and nothing is stored."""
    values = {"run_ref": RUN, "key": "loss", "values": [1.0, 2.0], **arguments}
    with pytest.raises(ValidationError) as caught:
        store.append_metrics(**values)

    assert problems(caught) == expected
    assert payloads(store) == []


def test_rejecting_stores_the_good_points_and_lists_the_others(store, payloads):
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


def test_a_pandas_column_keeps_its_nan(store, payloads):
    """Its own Arrow export would make it a missing value."""
    pandas = pytest.importorskip("pandas", reason="pandas is no dependency of this package")
    values = pandas.Series([1.0, float("nan")])
    store.append_metrics(RUN, "a", values)
    frame = {"run_ref": [RUN] * 2, "metric_key": ["b"] * 2, "value": values}
    store.append_table("metric", pandas.DataFrame(frame))

    assert repr([payload.value for _, payload in payloads(store)]) == "[1.0, nan, 1.0, nan]"
