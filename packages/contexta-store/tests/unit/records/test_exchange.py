"""What leaves a store as JSON lines or Parquet comes back into another one."""

import json
import os
import signal
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contexta.contract.errors import ValidationError
from contexta.contract.testing import builders
from contexta.store.records import (
    RecordStore,
    RecordStoreConfig,
    ReplayError,
    ScanFilter,
    SeriesContext,
    export_jsonl,
    export_parquet,
    import_jsonl,
    import_parquet,
)
from contexta.store.records._errors import RecordError

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
FORMS = {"jsonl": (export_jsonl, import_jsonl), "parquet": (export_parquet, import_parquet)}


@pytest.fixture
def filled(store, add_points, metric):
    """A store with given and derived references, all four types, sealed and live records."""
    store.append_many(
        [
            builders.structured_event_record(),
            builders.trace_span_record(),
            builders.degraded_record(),
            metric(1),
        ]
    )
    add_points(store, 3)
    store.seal()
    add_points(store, 2, run="run:demo.run-2")
    store.append_many([metric(number) for number in range(2, 5)])
    return store


def records(store, **options):
    return [s.record for s in store.scan(ScanFilter(**options))]


def by_ref(found):
    return sorted(found, key=lambda r: (str(r.envelope.record_ref), r.envelope.record_type))


@pytest.mark.parametrize("form", FORMS)
def test_a_round_trip_keeps_every_record(filled, other, tmp_path, form):
    """Equal record by record, with derived references too; a second import adds nothing."""
    export, load = FORMS[form]
    result = export(filled, tmp_path / f"out.{form}")
    first = load(other, tmp_path / f"out.{form}")
    again = load(other, tmp_path / f"out.{form}")
    other.seal()

    assert result.record_count == first.imported_count == again.skipped_count == 12
    assert (first.skipped_count, again.imported_count, again.rejected) == (0, 0, ())
    assert dict(first.imported) == {"degraded": 1, "event": 1, "metric": 9, "span": 1}
    assert by_ref(records(other)) == by_ref(records(filled))
    assert other.check_integrity().issues == ()


def test_store_fields_are_exported_when_asked_for_and_named_as_lost(filled, other, tmp_path):
    """`sequence`, `appended_at` and `writer_id` stand in a member of each line."""
    plain, full = tmp_path / "plain.jsonl", tmp_path / "full.jsonl"
    filled.export_jsonl(plain)
    filled.export_jsonl(full, include_store_fields=True)
    lines = [json.loads(line) for line in full.read_text().splitlines()]
    report = other.import_jsonl(full)
    stored = list(filled.scan())

    assert [line["store"]["sequence"] for line in lines] == [s.sequence for s in stored]
    assert [line["store"]["appended_at"] for line in lines] == [s.appended_at for s in stored]
    assert {line["store"]["writer_id"] for line in lines} == {stored[0].writer_id}
    assert all("store" not in json.loads(line) for line in plain.read_text().splitlines())
    assert dict(report.lost_fields) == {"appended_at": 12, "sequence": 12, "writer_id": 12}
    assert by_ref(records(other)) == by_ref(records(filled))


def test_parquet_has_the_published_columns_and_own_references(filled, tmp_path):
    """One file for a record type, a folder for all; private, and readable by any engine."""
    one, folder = tmp_path / "metric.parquet", tmp_path / "all"
    count = filled.export_parquet(one, ScanFilter(record_type="metric", limit=4)).record_count
    filled.export_parquet(folder)
    table = pq.read_table(one)

    assert count == 4
    assert table.schema.field("observed_at").type == pa.timestamp("us", tz="UTC")
    assert table["sequence"].to_pylist() == [4, 5, 6, 7]
    assert table["record_ref"].null_count == 0
    assert b"meaning" in table.schema.field("step").metadata
    assert sorted(path.name for path in folder.iterdir()) == [
        "degraded.parquet",
        "event.parquet",
        "metric.parquet",
        "span.parquet",
    ]
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_limit_of_a_filter_counts_records_of_all_types(filled, tmp_path):
    """The first five by sequence, whatever their type."""
    result = filled.export_parquet(tmp_path / "out", ScanFilter(limit=5))
    numbers = [
        number
        for path in (tmp_path / "out").iterdir()
        for number in pq.read_table(path)["sequence"].to_pylist()
    ]

    assert result.record_count == 5
    assert sorted(numbers) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_store_is_exported_in_tolerant_mode_only(filled, tmp_path, form):
    """Strict leaves the destination as it was; tolerant lists what is missing."""
    (part,) = filled.root_path.glob("metric/project=demo/part-*.parquet")
    raw = bytearray(part.read_bytes())
    raw[len(raw) // 2] ^= 1
    part.write_bytes(raw)
    export, _ = FORMS[form]
    with pytest.raises(ReplayError):
        export(filled, tmp_path / "out")
    left = list(tmp_path.glob("out*")) + list(tmp_path.glob("_*"))
    result = export(filled, tmp_path / "out", mode="tolerant")

    assert left == []
    assert result.record_count == 8
    assert len(result.known_gaps) == 1


def test_an_export_never_replaces_a_folder_with_content(filled, tmp_path):
    """Nor a file by a folder or a folder by a file."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    for destination, scan in ((tmp_path / "full", None), (tmp_path / "full", "metric")):
        with pytest.raises(RecordError) as caught:
            filled.export_parquet(destination, ScanFilter(record_type=scan))
        assert caught.value.code == "record_export_destination_invalid"

    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]


@pytest.mark.parametrize("form", FORMS)
def test_runs_are_renamed_with_everything_inside_them(filled, other, tmp_path, form):
    """References inside the run follow; the report counts the records."""
    export, load = FORMS[form]
    export(filled, tmp_path / "out")
    report = load(other, tmp_path / "out", run_ref_map={"run:demo.run-1": "run:home.run-9"})
    runs = {str(r.envelope.run_ref) for r in records(other)}
    stages = {str(r.envelope.stage_execution_ref) for r in records(other, run_ref="run:home.run-9")}
    with pytest.raises(ValidationError):
        load(other, tmp_path / "out", run_ref_map={"run:demo.run-1": "home"})

    assert "run:demo.run-1" not in runs
    assert report.rejected == ()
    assert dict(report.renamed_runs)["run:demo.run-1"] == 10
    assert "stage:home.run-9.train" in stages
    assert not any("demo.run-1" in stage for stage in stages)


@pytest.mark.parametrize("form", FORMS)
def test_imported_records_are_marked_when_asked_for(filled, other, tmp_path, form):
    """`origin_marker` of events and degraded records; otherwise a record stays as it was."""
    export, load = FORMS[form]
    export(filled, tmp_path / "out")
    load(other, tmp_path / "out", mark_imported=True)
    marks = [
        r.payload.origin_marker
        for t in ("event", "degraded")
        for r in records(other, record_type=t)
    ]

    assert marks == ["imported", "imported"]


def test_a_part_of_a_store_is_imported_with_the_references_it_means(filled, other, tmp_path):
    """A null reference follows from the number that the record had there."""
    report = other.import_parquet(filled.root_path / "metric" / "project=demo")
    again = other.import_parquet(filled.root_path / "metric" / "project=demo")
    sealed = records(filled, record_type="metric")[:4]

    assert (report.imported_count, again.skipped_count) == (4, 4)
    assert by_ref(records(other)) == by_ref(sealed)


@pytest.mark.parametrize("form", FORMS)
def test_an_import_that_is_killed_can_be_run_again(tmp_path, store, other, metric, form):
    """Everything once, whatever the moment of the kill."""
    from contexta.store.records import _import_jsonl, _import_parquet

    store.append_many([metric(number) for number in range(50)])
    store.append_many([builders.structured_event_record()])
    export, load = FORMS[form]
    export(store, tmp_path / "out")
    for writes in (1, 2, 4, 7):
        pid = os.fork()
        if pid == 0:
            _import_jsonl._CHUNK_RECORDS = _import_parquet._BATCH_ROWS = 9
            own = RecordStore(RecordStoreConfig(other.root_path, durability_mode="flush"))
            write, left = os.write, [writes]

            def killing(fd, data, write=write, left=left):
                left[0] -= 1
                if not left[0]:
                    write(fd, bytes(data)[: len(data) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
                return write(fd, data)

            os.write = killing
            load(own, tmp_path / "out")
            os._exit(0)
        os.waitpid(pid, 0)
        other.recover_dead_writers()
    report = load(other, tmp_path / "out")

    assert report.imported_count + report.skipped_count == 51
    assert by_ref(records(other)) == by_ref(records(store))
    assert other.check_integrity().issues == ()


def test_points_of_a_series_keep_their_reference_in_another_store(store, other, tmp_path):
    """A derived reference becomes a given one where the numbers differ."""
    writer = store.writer()
    series = writer.define_series(SeriesContext("run:demo.run-1", "demo"), "loss")
    writer.append_point(series, 1, 1.0)
    other.append_metrics("run:demo.run-2", "loss", [1.0, 2.0])
    store.export_jsonl(tmp_path / "out.jsonl")
    other.import_jsonl(tmp_path / "out.jsonl")
    (found,) = other.scan(ScanFilter(run_ref="run:demo.run-1"))

    assert found.record_ref == "record:demo.run-1.metric-000000000001"
    assert found.sequence == 3
