"""Scan, replay, export, Arrow tables: filters, order, projection."""

import json
import threading
from datetime import UTC, datetime

import pytest

from contexta.contract.errors import RecordError, ValidationError
from contexta.contract.testing import builders
from contexta.store.records import (
    IntegrityState,
    ReplayMode,
    ScanFilter,
    check_integrity,
    export_jsonl,
    rebuild_indexes,
    repair_truncated_tails,
)
from contexta.store.records._blocks import VerifiedFile
from contexta.store.records.schema import RECORD_TYPES, schema_for


@pytest.fixture(params=["live", "sealed"])
def mixed(request, store):
    """One record of each type in two runs, in the log or in parts."""
    for run in ("run-1", "run-2"):
        places = {
            "run_ref": f"run:demo.{run}",
            "stage_execution_ref": f"stage:demo.{run}.train",
        }
        build = {
            "event": builders.structured_event_record,
            "metric": builders.metric_record,
            "span": builders.trace_span_record,
            "degraded": builders.degraded_record,
        }
        for kind in RECORD_TYPES:
            envelope = builders.record_envelope(
                kind, record_ref=f"record:demo.{run}.{kind}-x", **places
            )
            store.append(build[kind](envelope=envelope))
    if request.param == "sealed":
        store.seal()
    return store


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"run_ref": " run:demo.run-2 "}, [5, 6, 7, 8]),
        ({"record_type": "SPAN"}, [3, 7]),
        ({"stage_execution_ref": "stage:demo.run-1.train", "record_type": "event"}, [1]),
        ({"run_ref": "run:demo.run-3"}, []),
        ({"run_ref": "   "}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"after_sequence": 6}, [7, 8]),
        ({"after_sequence": 2, "limit": 3}, [3, 4, 5]),
        ({"limit": 0}, []),
        ({"batch_execution_ref": "batch:demo.run-1.train.b1"}, []),
    ],
)
def test_conditions_combine_with_and_and_the_order_is_that_of_the_appends(
    mixed, conditions, expected
):
    """The same answer from the log and from parts."""
    wanted = ScanFilter(**conditions)

    assert [s.sequence for s in mixed.scan(wanted)] == expected
    assert [s.sequence for s in mixed.replay(wanted).records] == expected
    assert [s.sequence for s in mixed.iter_replay(wanted, mode="tolerant")] == expected


@pytest.mark.parametrize("sealed", [False, True])
def test_time_bounds_compare_instants_and_are_inclusive(store, sealed):
    """Half a second lies between 0 and 1, whatever the text forms are."""
    for moment in ("00:00:00", "00:00:00.5", "00:00:01", "00:00:01.000001"):
        envelope = builders.record_envelope(
            observed_at="2023-12-31T00:00:00Z", recorded_at=f"2024-01-01T{moment}Z"
        )
        store.append(builders.metric_record(envelope=envelope))
    if sealed:
        store.seal()
    bounds = {"start_time": "2024-01-01", "end_time": "2024-01-01T01:00:01+01:00"}
    recorded = [s.sequence for s in store.scan(ScanFilter(**bounds))]
    observed = [s.sequence for s in store.scan(ScanFilter(**bounds, time_field="observed"))]
    now = ScanFilter(start_time=datetime(2024, 6, 1, tzinfo=UTC), time_field="appended")

    assert recorded == [1, 2, 3]
    assert observed == []
    assert [s.sequence for s in store.scan(now)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"record_type": "log"}, "record_store_invalid_record_type"),
        ({"run_ref": builders.run().run_ref}, "record_store_invalid_text"),
        ({"start_time": "  "}, "record_store_invalid_timestamp"),
        ({"start_time": 5}, "record_store_invalid_timestamp"),
        ({"start_time": "yesterday"}, "record_store_invalid_timestamp"),
        ({"start_time": "2025-01-01", "end_time": "2024-01-01"}, "record_store_invalid_time_range"),
        ({"limit": -1}, "record_store_invalid_number"),
        ({"time_field": "stored"}, "record_store_invalid_text"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(values, code):
    """Bad conditions raise our error with a stable code."""
    with pytest.raises(ValidationError) as caught:
        ScanFilter(**values)

    assert caught.value.code == code


def test_a_scan_is_lazy_and_reads_one_snapshot(store, metric):
    """Records appended while a scan runs do not appear in it."""
    store.append_many([metric(1), metric(2)])
    scan = store.scan()
    first = next(scan)
    store.append(metric(3))

    assert [first.sequence, *(s.sequence for s in scan)] == [1, 2]


def test_a_healthy_replay_says_so(mixed):
    """No warnings, no gaps, state HEALTHY, in both modes."""
    for mode in (None, "strict", ReplayMode.TOLERANT, " Tolerant "):
        result = mixed.replay(mode=mode)

        assert (result.record_count, result.warnings, result.known_gaps) == (8, (), ())
        assert result.integrity_state is IntegrityState.HEALTHY


def test_a_bogus_replay_mode_is_refused(store):
    """Text is taken as the mode that it names; anything else is an error, never tolerant."""
    for mode in ("lenient", 5, ""):
        with pytest.raises(ValidationError) as caught:
            store.replay(mode=mode)

        assert caught.value.code == "record_store_invalid_replay_mode"


def test_an_export_holds_one_canonical_line_per_record(mixed, tmp_path):
    """Missing folders are made, an old file is replaced, nothing else is left beside it."""
    destination = tmp_path / "new" / "out.jsonl"
    result = export_jsonl(mixed, destination, ScanFilter(run_ref="run:demo.run-1"))
    lines = destination.read_text(encoding="utf-8").splitlines()
    expected = [s.record.to_json() for s in mixed.scan(ScanFilter(run_ref="run:demo.run-1"))]

    assert lines == expected
    assert (result.record_count, result.records) == (4, ())
    assert json.loads(lines[0])["envelope"]["record_type"] == "event"
    assert [path.name for path in destination.parent.iterdir()] == ["out.jsonl"]


def test_an_export_that_fails_leaves_the_destination_untouched(store, add_points, tmp_path):
    """A strict export of damaged records writes nothing; an empty one writes an empty file."""
    add_points(store, 3)
    store.seal()
    (part,) = store.root_path.rglob("part-*.parquet")
    part.write_bytes(part.read_bytes()[:-5])
    destination = tmp_path / "out.jsonl"
    destination.write_text("old")
    with pytest.raises(RecordError):
        store.export_jsonl(destination)
    store.export_jsonl(tmp_path / "none.jsonl", ScanFilter(run_ref="run:demo.other"))
    with pytest.raises(RecordError):
        store.export_jsonl(tmp_path)

    assert destination.read_text() == "old"
    assert (tmp_path / "none.jsonl").read_bytes() == b""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["none.jsonl", "out.jsonl", "records"]


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_arrow_has_the_published_columns(mixed, kind):
    """All columns in order, or the named ones, sorted by sequence."""
    table = mixed.arrow(kind)
    chosen = mixed.arrow(kind, columns=["run_ref", "sequence"], run_refs=["run:demo.run-2"])

    assert table.schema.equals(schema_for(kind), check_metadata=True)
    assert table["sequence"].to_pylist() == sorted(table["sequence"].to_pylist())
    assert chosen.column_names == ["run_ref", "sequence"]
    assert chosen["run_ref"].to_pylist() == ["run:demo.run-2"]


def test_arrow_of_an_empty_store_has_the_schema_too(store):
    """Nothing stored gives an empty table, not an error."""
    assert store.arrow("event").schema.equals(schema_for("event"))
    assert store.metric_summaries() == ()
    assert store.record_counts("run:demo.run-1") == dict.fromkeys(RECORD_TYPES, 0)


def test_arrow_filters_by_key_stage_and_observed_time(store, add_points):
    """Bounds are inclusive microseconds of `observed_at`."""
    add_points(store, 10, key="loss")
    add_points(store, 10, key="acc")
    store.seal()
    start = 1_700_000_000_000_000
    table = store.arrow("metric", keys=["acc"], start_us=start + 2, end_us=start + 4)

    assert table["step"].to_pylist() == [2, 3, 4]
    assert set(table["metric_key"].to_pylist()) == {"acc"}
    assert store.arrow("metric", stage_execution_ref="stage:demo.run-1.x").num_rows == 0


def test_arrow_refuses_unknown_names(store):
    """Columns and types are checked before anything is read."""
    with pytest.raises(ValidationError) as column:
        store.arrow("metric", columns=["valu"])
    with pytest.raises(ValidationError) as kind:
        store.arrow("log")
    with pytest.raises(ValidationError) as run:
        store.arrow("metric", run_refs=["run-1"])

    assert column.value.code == "record_store_unknown_column"
    assert kind.value.code == "record_store_invalid_record_type"
    assert run.value.code == "record_store_invalid_run_ref"


def test_functions_and_methods_are_the_same(mixed):
    """Each function takes the store first."""
    assert check_integrity(mixed) == mixed.check_integrity()
    assert check_integrity(mixed).segment_count == 1
    assert rebuild_indexes(mixed) == mixed.rebuild_indexes()
    assert rebuild_indexes(mixed).notes == ("rebuild_indexes_completed",)
    assert repair_truncated_tails(mixed) == mixed.repair_truncated_tails()
    assert not repair_truncated_tails(mixed).success
    assert [s.sequence for s in mixed.scan()] == list(range(1, 9))


def test_other_engines_read_the_parts_as_plain_parquet(store, add_points):
    """A stranger sees strings, UTC timestamps and the meaning of each column."""
    import pyarrow.dataset as ds

    add_points(store, 10)
    store.seal()
    found = ds.dataset(store.root_path / "metric", format="parquet", partitioning="hive")
    table = found.to_table()

    assert str(found.schema.field("metric_key").type) == "string"
    assert str(found.schema.field("observed_at").type) == "timestamp[us, tz=UTC]"
    assert found.schema.field("step").metadata[b"meaning"] == b"Position in the series"
    assert table["project"].to_pylist() == ["demo"] * 10
    assert table["value"].to_pylist() == [n / 8 for n in range(10)]


def test_a_part_is_read_by_the_thread_that_asks(store, monkeypatch):
    """A thread of Arrow that still holds the file aborts a program that ends meanwhile."""
    store.append(builders.metric_record())
    store.seal()
    readers = set()
    read = VerifiedFile.read

    def note(file, size=-1):
        readers.add(threading.get_native_id())
        return read(file, size)

    monkeypatch.setattr(VerifiedFile, "read", note)
    store.arrow("metric")
    list(store.scan())

    assert {threading.get_native_id()} == readers
