"""Appending: independent items, exact accounts, sequences without holes."""

import pytest

from contexta.contract.errors import ContextaError, LifecycleError
from contexta.contract.records import MetricPayload, MetricRecord
from contexta.contract.testing import builders
from contexta.store.records import (
    AppendError,
    AppendResult,
    DurabilityStatus,
    ScanFilter,
)


def test_good_items_are_stored_and_bad_ones_rejected_with_their_index(store, metric):
    """A bad item becomes a rejection; the others are stored in input order."""
    result = store.append_many([metric(1), "text", None, metric(2), {"a": 1}])

    assert [receipt.sequence for receipt in result.accepted] == [1, 2]
    assert [(r.index, r.code) for r in result.rejected] == [
        (1, "unsupported_record_type"),
        (2, "unsupported_record_type"),
        (4, "unsupported_record_type"),
    ]
    assert not result.success


def test_an_empty_input_is_a_success_without_receipts(store):
    """Nothing accepted means status ACCEPTED and nothing durable."""
    result = store.append_many([])

    assert result == AppendResult()
    assert result.success


def test_a_generator_is_taken_like_any_iterable(store, metric):
    """Any iterable works."""
    result = store.append_many(metric(number) for number in range(3))

    assert result.accepted_count == 3


def test_an_iterable_that_fails_leaves_an_exact_account(store, metric):
    """What was given before the failure is stored and in `partial_result`."""

    def records():
        yield metric(1)
        yield "bad"
        raise RuntimeError("source gone")

    with pytest.raises(AppendError) as caught:
        store.append_many(records())

    assert caught.value.code == "record_store_input_failed"
    assert caught.value.partial_result.accepted_count == 1
    assert caught.value.partial_result.rejected_count == 1
    assert len(list(store.scan())) == 1


@pytest.mark.parametrize(
    ("mode", "status"),
    [("flush", DurabilityStatus.FLUSHED), ("fsync", DurabilityStatus.FSYNCED)],
)
def test_the_receipt_says_how_safe_the_record_is(open_store, metric, mode, status):
    """`flush` survives process death, `fsync` a power cut; both are stated."""
    result = open_store(durability_mode=mode).append(metric())

    assert result.durability_status is status
    assert result.accepted[0].durability_status is status
    assert result.durable_count == 1


def test_two_handles_continue_one_sequence_and_so_does_a_reopened_store(open_store, metric):
    """A single process sees 1, 2, 3, also across handles and reopen."""
    first, second = open_store(), open_store()
    numbers = [handle.append(metric()).accepted[0].sequence for handle in (first, second) * 2]
    first.close()
    second.close()
    numbers.append(open_store().append(metric()).accepted[0].sequence)

    assert numbers == [1, 2, 3, 4, 5]


def test_the_same_reference_may_be_appended_again(store, metric):
    """References are not unique: each append is a record of its own."""
    store.append_many([metric(1), metric(1)])

    assert [s.record_ref for s in store.scan()] == ["record:demo.run-1.m1"] * 2


def test_what_was_built_without_validation_is_checked(store, metric):
    """Accepted means readable: a trusted model that breaks a rule is rejected."""
    broken = MetricRecord.trusted(
        envelope=metric().envelope, payload=MetricPayload.trusted(metric_key="", value=1.0)
    )
    result = store.append(broken)

    assert result.accepted == ()
    assert result.rejected[0].record_ref == "record:demo.run-1.m1"
    assert list(store.scan()) == []


def test_a_record_beyond_the_limit_is_rejected_with_the_way_out(open_store):
    """A huge event is refused, not read on every query ever after."""
    store = open_store(max_record_bytes=10_000)
    payload = builders.structured_event_payload(message="x" * 20_000)
    result = store.append(builders.structured_event_record(payload=payload))

    assert [r.code for r in result.rejected] == ["record_too_large"]
    assert "artifact" in result.rejected[0].message


def test_a_large_batch_is_stored_whole_and_in_order(store, metric):
    """Batches beyond one write keep their order."""
    record = metric()
    result = store.append_many([record] * 5000)

    assert [receipt.sequence for receipt in result.accepted] == list(range(1, 5001))


def test_a_closed_store_refuses_with_a_coded_error(open_store, metric):
    """`close` is idempotent; what comes after it is a lifecycle error."""
    store = open_store()
    store.append(metric())
    store.close()
    store.close()

    with pytest.raises(LifecycleError) as caught:
        store.append(metric())
    with pytest.raises(LifecycleError):
        list(store.scan())

    assert caught.value.code == "record_store_closed"


def test_every_error_of_an_append_is_ours(store, metric):
    """Nothing of the standard library leaves the API, whatever is appended."""
    for alien in (b"bytes", 1.5, object(), [metric()], type):
        try:
            result = store.append(alien)
        except ContextaError:
            continue

        assert result.rejected_count == 1


def test_records_are_visible_to_any_scan_once_the_append_returned(open_store, metric):
    """A second handle sees a record at once, before and after sealing."""
    writing, reading = open_store(), open_store(read_only=True)
    writing.append(metric(1))
    live = [s.record_ref for s in reading.scan()]
    writing.seal()
    writing.append(metric(2))
    both = [s.record_ref for s in reading.scan(ScanFilter(run_ref="run:demo.run-1"))]

    assert live == ["record:demo.run-1.m1"]
    assert both == ["record:demo.run-1.m1", "record:demo.run-1.m2"]
