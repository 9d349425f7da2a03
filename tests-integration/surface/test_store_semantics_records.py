"""What scripts of the first version rely on in the record plane, beyond names."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from contexta.contract import to_json
from contexta.contract.errors import ContextaError, ReadOnlyStoreError, ValidationError
from contexta.contract.testing import builders as b
from contexta.store import records as r

NOON = "2024-01-01T12:00:00.000000Z"


def at(seconds):
    return (datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()


def metric(name="m", run="run:demo.run-1", second=0, **more):
    envelope = b.record_envelope(
        "metric",
        record_ref=f"record:{run.partition(':')[2]}.{name}",
        run_ref=run,
        stage_execution_ref=None,
        recorded_at=at(second),
        observed_at=at(second),
        **more,
    )
    return b.metric_record(envelope=envelope)


@pytest.fixture
def opened(tmp_path):
    stores = []

    def open_store(**settings):
        stores.append(r.RecordStore(r.StoreConfig(tmp_path / "records", **settings)))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def store(opened):
    return opened()


@pytest.fixture
def filled(store):
    """Two runs, two types, one stage; the numbers are 1 to 4."""
    event = b.structured_event_record(
        envelope=b.record_envelope(
            "event",
            record_ref="record:demo.run-1.e",
            stage_execution_ref="stage:demo.run-1.fit",
            recorded_at=at(1),
            observed_at=at(1),
        )
    )
    other = metric("m2", "run:demo.run-2", 0.5)
    late = metric("m3", second=2)
    store.append_many([metric("m1"), other, event, late])
    return store


def test_a_batch_takes_the_good_and_lists_the_bad_by_position(store):
    """Any iterable; what is no record has no ref and no type."""
    mixed = ["text", b.trace_span_record(), None, b.degraded_record(), {"a": 1}, metric()]
    result = store.append_many(each for each in mixed)

    assert (3, 3, 3, False, "FSYNCED") == (
        *(result.accepted_count, result.rejected_count, result.durable_count),
        *(result.success, result.durability_status),
    )
    assert [(0, "unsupported_record_type", None, None)] == [
        (each.index, each.code, each.record_ref, each.record_type) for each in result.rejected[:1]
    ]
    assert [0, 2, 4] == [each.index for each in result.rejected]
    assert ["span", "degraded", "metric"] == [each.record_type for each in result.accepted]


def test_nothing_to_append_is_a_success(store):
    """With the weakest durability; only bad items are none."""
    nothing, bad = store.append_many([]), store.append(None)

    assert (True, "ACCEPTED", 0, (), ()) == (
        *(nothing.success, nothing.durability_status, nothing.durable_count),
        *(nothing.accepted, nothing.rejected),
    )
    assert (False, "ACCEPTED", 0) == (bad.success, bad.durability_status, bad.durable_count)


def test_numbers_count_from_one_over_handles_and_reopening(opened):
    """Two handles used in turns share one count; the same record is taken again."""
    first, second = opened(), opened(durability_mode="flush")
    found = [each.append(metric()).accepted[0].sequence for each in (first, second, first)]
    first.close()
    second.close()
    third = opened()
    found.append(third.append(metric()).accepted[0].sequence)

    assert [1, 2, 3, 4] == found == [each.sequence for each in third.scan()]


def test_a_receipt_says_how_safe_a_record_is(opened):
    """`flush` survives the process, `fsync` the power."""
    found = [opened(durability_mode=mode).append(metric()) for mode in (" Flush ", "fsync")]

    assert ["FLUSHED", "FSYNCED"] == [each.durability_status for each in found]
    assert [1, 1] == [each.durable_count for each in found]


def test_places_are_positive_and_ordered_like_numbers(filled):
    """A receipt names the place where a scan finds the record."""
    receipt = filled.append(metric("m9")).accepted[0]
    stored = list(filled.scan())
    places = [(each.segment_id, each.offset) for each in stored]

    assert sorted(places) == places
    assert min(min(place) for place in places) >= 1
    assert (receipt.segment_id, receipt.offset) == places[-1]
    assert (metric("m9"), "run:demo.run-1", "metric", None) == (
        *(stored[-1].record, stored[-1].run_ref, stored[-1].record_type),
        stored[-1].stage_execution_ref,
    )
    assert stored[-1].appended_at.endswith("Z")


@pytest.mark.parametrize(
    ("conditions", "numbers"),
    [
        ({}, [1, 2, 3, 4]),
        ({"run_ref": " run:demo.run-1 "}, [1, 3, 4]),
        ({"run_ref": "  "}, [1, 2, 3, 4]),
        ({"run_ref": "run:demo.run"}, []),
        ({"record_type": " Metric "}, [1, 2, 4]),
        ({"run_ref": "run:demo.run-1", "record_type": "metric"}, [1, 4]),
        ({"stage_execution_ref": "stage:demo.run-1.fit"}, [3]),
        ({"start_time": "2024-01-01", "end_time": at(1)}, [1, 2, 3]),
        ({"start_time": at(0.4), "end_time": at(2)}, [2, 3, 4]),
        ({"start_time": at(2), "end_time": at(2)}, [4]),
        ({"end_time": "2024-01-01T02:00:00+02:00"}, [1]),
    ],
)
def test_conditions_hold_together(filled, conditions, numbers):
    """Both ends of a time range are included; it is the time of recording that counts."""
    wanted = r.ScanFilter(**conditions)

    assert numbers == [each.sequence for each in filled.scan(wanted)]
    assert len(numbers) == filled.replay(wanted).record_count


def test_times_are_normalized_to_utc():
    """Text with an offset, a date, naive text and datetimes."""
    east = timezone(timedelta(hours=2))
    times = [
        *("2024-01-01T14:00:00+02:00", "2024-01-01T12:00:00"),
        *(datetime(2024, 1, 1, 14, tzinfo=east), datetime(2024, 1, 1, 12)),  # noqa: DTZ001
    ]

    assert [NOON] * 4 == [r.ScanFilter(start_time=each).start_time for each in times]


@pytest.mark.parametrize(
    ("conditions", "code"),
    [
        ({"run_ref": 5}, "text"),
        ({"record_type": "other"}, "record_type"),
        ({"start_time": " "}, "timestamp"),
        ({"start_time": 5}, "timestamp"),
        ({"start_time": "2024-01-02", "end_time": "2024-01-01"}, "time_range"),
    ],
)
def test_wrong_conditions_are_refused(conditions, code):
    """When the filter is made; an unreadable time is a ValueError."""
    with pytest.raises(ValidationError) as caught:
        r.ScanFilter(**conditions)
    with pytest.raises(ValueError, match="yesterday"):
        r.ScanFilter(end_time="yesterday")

    assert f"record_store_invalid_{code}" == caught.value.code


def test_what_is_no_filter_is_refused(store, tmp_path):
    """By every read that takes one."""
    codes = []
    for call in (
        lambda: list(store.scan("run:demo.run-1")),
        lambda: store.replay({"run_ref": "run:demo.run-1"}),
        lambda: store.export_jsonl(tmp_path / "out.jsonl", "run:demo.run-1"),
    ):
        with pytest.raises(ValidationError) as caught:
            call()
        codes.append(caught.value.code)

    assert ["record_store_invalid_filter"] * 3 == codes
    assert not (tmp_path / "out.jsonl").exists()


def test_an_export_holds_the_canonical_lines(filled, tmp_path):
    """In order, each with a line feed; it makes folders, replaces, and may be empty."""
    target = tmp_path / "deep" / "er" / "out.jsonl"
    result = r.export_jsonl(filled, str(target))
    text = target.read_bytes().decode()
    nothing = filled.export_jsonl(target, r.ScanFilter(run_ref="run:demo.none"))

    assert "".join(f"{to_json(each.record)}\n" for each in filled.scan()) == text
    assert (4, 0, b"") == (result.record_count, nothing.record_count, target.read_bytes())


def test_replays_take_words_for_modes_and_fail_at_the_first_item(filled):
    """As text or member; an unknown one only when the iterator is asked."""
    modes = [filled.replay(mode=mode).mode for mode in (None, "strict", r.ReplayMode.TOLERANT)]
    lazy = filled.iter_replay(mode="other")
    with pytest.raises(ContextaError):
        next(lazy)

    assert ["strict", "strict", "tolerant"] == modes
    assert list(filled.scan()) == list(filled.iter_replay()) == list(filled.replay().records)


def test_checks_and_repairs_of_a_healthy_store(filled):
    """There is nothing to repair, so the repair of tails is no success."""
    check, rebuilt = filled.check_integrity(), filled.rebuild_indexes()
    repaired = r.repair_truncated_tails(filled)

    assert (True, (), 1, 4, "HEALTHY", ()) == (
        *(check.healthy, check.issues, check.segment_count, check.record_count),
        *(check.state, check.recommendations),
    )
    assert (True, True, ("rebuild_indexes_completed",), "HEALTHY") == (
        *(rebuilt.success, rebuilt.rebuilt_indexes, rebuilt.notes),
        rebuilt.integrity_state,
    )
    assert (False, True, (), ()) == (
        *(repaired.success, repaired.rebuilt_indexes),
        *(repaired.repaired_segments, repaired.quarantined_paths),
    )


def test_a_read_only_store_rejects_the_bad_and_refuses_the_good(filled, opened):
    """A call with bad items only writes nothing, so it is answered."""
    reader = opened(read_only=True)
    with pytest.raises(ReadOnlyStoreError) as caught:
        reader.append_many(["bad", metric()])

    assert "record_store_read_only" == caught.value.code
    assert 2 == reader.append_many(["bad", None]).rejected_count
    assert 4 == reader.replay().record_count


def test_a_folder_that_is_no_store_is_told_at_first_use(tmp_path):
    """Read-only; an absent folder is told at once."""
    reader = r.RecordStore(r.StoreConfig(tmp_path, read_only=True))
    codes = []
    for call in (
        lambda: list(reader.scan()),
        lambda: reader.replay(),
        lambda: reader.check_integrity(),
        lambda: r.RecordStore(r.StoreConfig(tmp_path / "none", read_only=True)),
    ):
        with pytest.raises(ReadOnlyStoreError) as caught:
            call()
        codes.append(caught.value.code.removeprefix("record_store_"))

    assert ["manifest_missing"] * 3 + ["missing_root"] == codes


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: r.AppendReceipt(0, 1, 1, "record:p.r.x", "metric", "run:p.r"), "number"),
        (lambda: r.AppendReceipt(1, 1, 1, " ", "metric", "run:p.r"), "record_ref"),
        (lambda: r.AppendReceipt(1, 1, 1, "record:p.r.x", "metric", ""), "run_ref"),
        (lambda: r.AppendReceipt(1, 1, 1, "record:p.r.x", "other", "run:p.r"), "record_type"),
        (lambda: r.AppendRejection(-1, "code", "text"), "number"),
        (lambda: r.AppendRejection(0, "code", " "), "rejection"),
        (lambda: r.AppendResult(durable_count=1), "append_result"),
        (lambda: r.KnownGap("code", "", 1), "gap"),
        (lambda: r.KnownGap("code", "text", 1, None, 5, 2), "gap"),
        (lambda: r.KnownGap("code", "text", 0), "number"),
        (lambda: r.ReplayResult(warnings=("text",)), "replay_result"),
        (lambda: r.StoredRecord(1, 1, 1, "no time", metric()), "timestamp"),
        (lambda: r.StoredRecord(1, 1, 1, NOON, "no record"), "record"),
    ],
)
def test_models_refuse_what_cannot_be(make, code):
    """Each with the code of what is wrong."""
    with pytest.raises(ValidationError) as caught:
        make()

    assert f"record_store_invalid_{code}" == caught.value.code


def test_details_of_a_gap_are_sorted_and_cannot_be_changed():
    """Without any they are empty, never None."""
    gap = r.KnownGap("code", "text", 1, details={"b": 1, "a": 2})
    with pytest.raises(TypeError):
        gap.details["c"] = 3

    assert ["a", "b"] == list(gap.details)
    assert {} == r.KnownGap("code", "text", 1).details
