"""Bad input of an import is rejected by its line or refused whole, in bounded memory."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contexta.contract.errors import ReadOnlyStoreError, ValidationError
from contexta.contract.testing import builders
from contexta.store.records import (
    RecordStore,
    RecordStoreConfig,
    ScanFilter,
    import_jsonl,
    import_parquet,
)
from contexta.store.records import _import_state as state
from contexta.store.records._errors import RecordError


def records(store, **options):
    return [s.record for s in store.scan(ScanFilter(**options))]


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


def test_an_import_needs_a_source_and_a_writable_store(root, store, other, tmp_path):
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
