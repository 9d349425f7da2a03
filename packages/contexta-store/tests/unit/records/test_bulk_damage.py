"""A batch is stored whole or not at all, and its loss is named."""

import errno
import os
import signal

import pytest

from contexta.store.records import (
    AppendError,
    RecordStore,
    RecordStoreConfig,
    SeriesContext,
)
from contexta.store.records._frames import MAX_BATCH_ROWS
from contexta.store.records.schema import RECORD_TYPES

RUN = "run:demo.run-1"
START_US = 1_700_000_000_000_000


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
def test_a_torn_batch_is_cut_whole_and_kept_aside(root, cut, payloads):
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
