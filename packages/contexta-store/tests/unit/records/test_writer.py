"""The writer: series, points, derived references, rolling."""

import os
import threading

import pytest

from contexta.contract.errors import ReadOnlyStoreError, ValidationError
from contexta.store.records import SeriesContext, derive_record_ref

CONTEXT = SeriesContext("run:demo.run-1", "demo", stage_execution_ref="stage:demo.run-1.train")


def test_a_point_carries_everything_its_series_says(store):
    """Context, unit and tags of a series come back with each point."""
    writer = store.writer()
    series = writer.define_series(CONTEXT, "val_loss", unit="nats", tags={"split": "val"})
    sequence = writer.append_point(series, 1_700_000_000_000_000, 0.25, 7, 1.5)
    (stored,) = store.scan()

    assert sequence == 1
    assert stored.record_ref == derive_record_ref("run:demo.run-1", "metric", 1)
    assert stored.record_ref == "record:demo.run-1.metric-000000000001"
    assert stored.stage_execution_ref == "stage:demo.run-1.train"
    assert stored.record.envelope.observed_at == "2023-11-14T22:13:20.000000Z"
    assert stored.record.payload.to_dict() == {
        **stored.record.payload.to_dict(),
        "metric_key": "val_loss",
        "value": 0.25,
        "unit": "nats",
        "tags": {"split": "val"},
        "step": 7,
        "epoch": 1.5,
    }


def test_a_series_has_one_id_per_definition(store):
    """The same arguments give the same id, others another one."""
    writer = store.writer()

    assert writer.define_series(CONTEXT, "a") == writer.define_series(CONTEXT, "a")
    assert writer.define_series(CONTEXT, "a") != writer.define_series(CONTEXT, "a", unit="s")


def test_a_generated_reference_costs_nothing_and_a_given_one_is_kept(store, metric):
    """A reference that follows from the number is not stored; any other is."""
    writer = store.writer()
    writer.append_record(metric(1))
    writer.append_record(metric(2), derive_ref=True)
    table = store.arrow("metric", columns=["record_ref"])

    assert table["record_ref"].to_pylist() == ["record:demo.run-1.m1", None]
    assert [s.record_ref for s in store.scan()] == [
        "record:demo.run-1.m1",
        "record:demo.run-1.metric-000000000002",
    ]


@pytest.mark.parametrize("sealed", [False, True])
def test_segments_roll_by_size_and_each_is_readable_by_itself(open_store, add_points, sealed):
    """Files are bounded; each defines its series again; nothing is lost on the way."""
    store = open_store(max_segment_bytes=2000)
    sequences = add_points(store, 500)
    if sealed:
        store.seal()

    assert sequences == list(range(1, 501))
    assert [s.sequence for s in store.scan()] == sequences
    assert [s.record.payload.step for s in store.scan()] == list(range(500))


def test_sealing_happens_in_the_background_after_a_roll(open_store, add_points, root):
    """A segment that was left becomes Parquet without anybody asking."""
    store = open_store(max_segment_bytes=2000)
    add_points(store, 500)
    for _ in range(10_000):
        if list(root.rglob("part-*.parquet")):
            break
        threading.Event().wait(0.02)

    assert list(root.rglob("part-*.parquet"))
    assert len(list(store.scan())) == 500


def test_a_segment_rolls_by_age(open_store, add_points, root):
    """A run that logs little is sealed all the same."""
    store = open_store(max_segment_age_seconds=0.05)
    add_points(store, 3)
    for _ in range(10_000):
        if list(root.rglob("part-*.parquet")):
            break
        threading.Event().wait(0.02)

    assert list(root.rglob("part-*.parquet"))
    assert [s.sequence for s in store.scan()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("value", "step", "epoch"),
    [(2**63, None, None), ("text", None, None), (1.0, 2**63, None), (1.0, 1.5, None)],
)
def test_a_value_that_does_not_fit_is_refused_and_leaves_no_trace(store, value, step, epoch):
    """Bad values raise our error, on the first point of a series and on later ones."""
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    with pytest.raises(ValidationError):
        writer.append_point(series, 1, value, step, epoch)
    first = writer.append_point(series, 1, 0.5)
    with pytest.raises(ValidationError):
        writer.append_point(series, 1, value, step, epoch)
    second = writer.append_point(series, 2, 0.25)

    assert (first, second) == (1, 2)
    assert [s.record.payload.value for s in store.scan()] == [0.5, 0.25]
    assert store.check_integrity().healthy


def test_an_unknown_series_is_refused(store):
    """Ids come from `define_series` only."""
    with pytest.raises(ValidationError) as caught:
        store.writer().append_point(3, 1, 1.0)

    assert caught.value.code == "record_store_unknown_series"


def test_a_run_reference_that_could_leave_the_folder_is_refused(store):
    """The project becomes a folder name, so it is checked on the way in."""
    with pytest.raises(ValidationError) as caught:
        store.writer().define_series(SeriesContext("run:../../x.y", ".."), "loss")

    assert caught.value.code == "record_store_invalid_run_ref"


def test_a_read_only_store_has_no_writer(store, open_store):
    """Read-only is refused by name."""
    with pytest.raises(ReadOnlyStoreError) as caught:
        open_store(read_only=True).writer()

    assert caught.value.code == "record_store_read_only"


def test_a_new_block_of_numbers_follows_an_exhausted_one(store):
    """Numbers jump to the next block without a gap being reported."""
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    writer.append_point(series, 1, 1.0)
    writer._limit = writer._next + 1  # as if a million records had been written
    writer.append_point(series, 2, 2.0)
    third = writer.append_point(series, 3, 3.0)
    store.seal()

    assert third == 1 + 2**20
    assert [s.sequence for s in store.scan()] == [1, 2, third]
    assert [(s.segment_id, s.offset) for s in store.scan()] == [(1, 1), (1, 2), (2, 1)]
    assert store.check_integrity().issues == ()


def test_nothing_is_readable_by_others(open_store, add_points, root):
    """Folders are 0700 and files 0600, whatever the umask."""
    previous = os.umask(0)
    try:
        store = open_store()
        add_points(store, 3)
        store.seal()
        add_points(store, 3)
        modes = {path.stat().st_mode & 0o777 for path in root.rglob("*")}
    finally:
        os.umask(previous)

    assert modes <= {0o700, 0o600}


class Scalar:
    """A number of another library, as NumPy and torch have them."""

    def __init__(self, value):
        self._value = value

    def item(self):
        return self._value

    def __index__(self):
        return int(self._value)

    def __float__(self):
        return float(self._value)


def test_scalars_of_other_libraries_keep_their_kind(store):
    """An integer stays an exact integer, also as step; a float stays a float."""
    writer = store.writer()
    series = writer.define_series(SeriesContext("run:demo.run-1", "demo"), "loss")
    writer.append_point(series, 1, Scalar(2**60 + 1), Scalar(7), Scalar(0.5))
    writer.append_point(series, 1, Scalar(0.25), 8.0, 3)
    found = [stored.record.payload for stored in store.scan()]

    assert [(type(p.value), p.value, p.step, p.epoch) for p in found] == [
        (int, 2**60 + 1, 7, 0.5),
        (float, 0.25, 8, 3.0),
    ]


@pytest.mark.parametrize(
    "point",
    [
        {"value": True}, {"value": "a"}, {"value": None}, {"value": [1.0]}, {"value": 2**64},
        {"step": True}, {"step": 0.5}, {"step": float("inf")}, {"step": "1"}, {"step": 2**63},
        {"epoch": True}, {"epoch": "1"}, {"epoch": float("nan")}, {"epoch": 10**400},
        {"observed_us": "now"}, {"observed_us": None},
        {"series_id": [1]}, {"series_id": {}}, {"series_id": "0"}, {"series_id": None},
    ],
)  # fmt: skip
def test_a_point_that_does_not_fit_is_refused_by_our_error(store, point):
    """A bool is no number, and a list no series; nothing is stored, and the writer works on."""
    writer = store.writer()
    series = writer.define_series(SeriesContext("run:demo.run-1", "demo"), "loss")
    fitting = {"series_id": series, "observed_us": 1, "value": 1.0, "step": 1, "epoch": 0.5}
    for _ in range(2):
        with pytest.raises(ValidationError):
            writer.append_point(**{**fitting, **point})
        writer.append_point(**fitting)

    assert [stored.sequence for stored in store.scan()] == [1, 2]
