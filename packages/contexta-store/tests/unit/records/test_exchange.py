"""What leaves a store as JSON lines or Parquet comes back into another one."""

import json
import os
import signal
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contexta.contract.errors import ReadOnlyStoreError, ValidationError
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
from contexta.store.records import _import_state as state
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


@pytest.fixture
def other(tmp_path):
    """An empty store elsewhere."""
    with RecordStore(RecordStoreConfig(tmp_path / "other", durability_mode="flush")) as handle:
        yield handle


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


def line(**changes):
    document = json.loads(builders.structured_event_record().to_json())
    document["payload"].update(changes)
    return json.dumps(document)


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "bad",
    [
        b"{", b"[]", b"null", b'"text"', b"\xff\xfe\x00", b'{"envelope":{}}', b'{"envelope":3}',
        b'{"envelope":{"record_type":[1]}}', b'{"envelope":{"record_type":"nothing"}}',
        DEEP.encode(), b'{"envelope":' + DEEP.encode() + b"}", b"9" * 100_000,
        line(attributes={"n": 0}).replace('"n": 0', '"n": ' + "9" * 10_000).encode(),
        line(message="").encode(), line(level="loud").encode(),
        line(message="\ud800").encode(), line(attributes={"a": "\udfff"}).encode(),
        line(attributes={"deep": 1}).replace('"deep": 1', '"deep": ' + DEEP).encode(),
        b'{"envelope":{"record_type":"event"},"payload":NaN}',
        b"\x00" * 1000,
    ],
)  # fmt: skip
def test_a_hostile_line_is_rejected_by_its_number_and_the_rest_is_taken(other, tmp_path, bad):
    """No exception of another library, and the lines around it are imported."""
    source = tmp_path / "in.jsonl"
    source.write_bytes(
        b"\xef\xbb\xbf" + line().encode() + b"\n\n" + bad + b"\n" + line(message="b").encode()
    )
    report = other.import_jsonl(source, skip_existing=False)

    assert [r.line_number for r in report.rejected] == [3]
    assert report.rejected[0].code
    assert (report.read_count, report.imported_count, report.rejected_count) == (3, 2, 1)
    assert other.replay().record_count == 2


def test_a_line_without_end_is_read_in_bounded_pieces(tmp_path):
    """Longer than any record that would be taken: rejected, and the next line is found."""
    source = tmp_path / "in.jsonl"
    with source.open("wb") as file:
        file.write(b'{"envelope":"' + b"x" * 200_000 + b'"}\n' + line().encode() + b"\n")
        file.write(b"y" * 200_000)
    with RecordStore(RecordStoreConfig(tmp_path / "small", max_record_bytes=10_000)) as small:
        report = small.import_jsonl(source)

    assert [(r.line_number, r.code) for r in report.rejected] == [
        (1, "record_too_large"),
        (3, "record_too_large"),
    ]
    assert report.imported_count == 1


def test_an_import_stops_when_nothing_but_rubbish_comes(other, tmp_path, monkeypatch):
    """With our error, after a bounded number of rejections."""
    monkeypatch.setattr(state, "MAX_REJECTED", 50)
    source = tmp_path / "in.jsonl"
    source.write_text("{}\n" * 100)
    with pytest.raises(RecordError) as caught:
        other.import_jsonl(source)

    assert caught.value.code == "record_import_too_many_rejected"


def test_an_import_needs_a_source_and_a_writable_store(root, filled, other, tmp_path):
    """A missing file, a folder, something else than Parquet; a read-only store."""
    (tmp_path / "no.parquet").write_bytes(b"PAR1 nothing PAR1")
    (tmp_path / "empty").mkdir()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    codes = []
    for load, name in (
        (import_jsonl, "absent"), (import_jsonl, "empty"),
        (import_parquet, "absent"), (import_parquet, "empty"),
        (import_parquet, "no.parquet"), (import_parquet, "other.parquet"),
    ):  # fmt: skip
        with pytest.raises(RecordError) as caught:
            load(other, tmp_path / name)
        codes.append(caught.value.code)
    with RecordStore(RecordStoreConfig(root, read_only=True)) as reading:
        for load in (import_jsonl, import_parquet):
            with pytest.raises(ReadOnlyStoreError):
                load(reading, tmp_path / "absent")

    assert codes == ["record_import_source_invalid"] * 6


def test_a_part_of_a_store_is_imported_with_the_references_it_means(filled, other, tmp_path):
    """A null reference follows from the number that the record had there."""
    report = other.import_parquet(filled.root_path / "metric" / "project=demo")
    again = other.import_parquet(filled.root_path / "metric" / "project=demo")
    sealed = records(filled, record_type="metric")[:4]

    assert (report.imported_count, again.skipped_count) == (4, 4)
    assert by_ref(records(other)) == by_ref(sealed)


def metrics_file(path, **columns):
    values = {"run_ref": ["run:demo.run-1"] * 3, "metric_key": ["a"] * 3, "value": [1.0, 2.0, 3.0]}
    pq.write_table(pa.table({**values, **columns}), path)


def test_bad_rows_and_unknown_columns_of_parquet_are_reported(other, tmp_path):
    """Rows by number from 1, columns by name with their number of rows."""
    metrics_file(
        tmp_path / "in.parquet",
        metric_key=["a", "", "c"],
        mine=[1, 2, 3],
        record_ref=["record:demo.run-1.x", None, "record:demo.run-1.x"],
    )
    report = other.import_parquet(tmp_path / "in.parquet")

    assert [(r.line_number, r.code) for r in report.rejected] == [(2, "context_invalid_string")]
    assert dict(report.lost_fields) == {"mine": 3, "record_ref": 1}
    assert (report.imported_count, report.skipped_count) == (1, 1)


def test_parquet_with_columns_of_wrong_types_is_refused(other, tmp_path):
    """Naming the column."""
    metrics_file(tmp_path / "in.parquet", value=["a", "b", "c"])
    with pytest.raises(ValidationError) as caught:
        other.import_parquet(tmp_path / "in.parquet")

    assert caught.value.details["problems"][0]["column"] == "value"
    assert records(other) == []


def test_a_parquet_bomb_is_refused_before_it_is_read(other, tmp_path):
    """More rows than its size can mean."""
    rows = 20_000_000
    table = pa.table(
        {
            "run_ref": pa.DictionaryArray.from_arrays(
                pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array(["run:demo.run-1"])
            )
        }
    )
    pq.write_table(table, tmp_path / "metric.parquet", compression="zstd", row_group_size=rows)
    with pytest.raises(RecordError) as caught:
        other.import_parquet(tmp_path / "metric.parquet")

    assert caught.value.code == "record_import_too_large"


def test_a_long_text_in_a_dictionary_is_not_written_out_for_all_rows_at_once(other, tmp_path):
    """A megabyte for each of many rows in a small file: rejected row by row, in bounded memory."""
    count = 5_000
    words = pa.DictionaryArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int32()), count), ["x" * 5_000_000]
    )
    table = pa.table(
        {
            "run_ref": ["run:demo.run-1"] * count,
            "event_key": ["a"] * count,
            "level": ["info"] * count,
            "message": words,
        }
    )
    pq.write_table(table, tmp_path / "event.parquet", compression="zstd")
    report = other.import_parquet(tmp_path / "event.parquet")

    assert (report.imported_count, report.rejected_count) == (0, count)
    assert {r.code for r in report.rejected} == {"record_too_large"}


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
