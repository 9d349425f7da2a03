"""What cannot be read back is refused, and one bad definition never hides other records."""

import json

import pytest

from contexta.contract.errors import ValidationError
from contexta.store.records import SeriesContext
from contexta.store.records import _frames as frames
from contexta.store.records._layout import SegmentId

CONTEXT = SeriesContext("run:demo.run-1", "demo")
YEAR_ONE_US = -62_135_596_800_000_000
YEAR_9999_END_US = 253_402_300_799_999_999


@pytest.mark.parametrize(
    "fields",
    [
        {"key": ""},
        {"key": 3},
        {"key": None},
        {"key": ["a"]},
        {"key": "a\nb"},
        {"key": "a" * 1000},
        {"unit": 3},
        {"unit": ""},
        {"tags": {"a": 1}},
        {"tags": {1: "a"}},
        {"tags": ["a"]},
        {"aggregation_scope": "nonsense"},
        {"subject_ref": "nothing"},
        {"context": CONTEXT._replace(stage_execution_ref=3)},
        {"context": CONTEXT._replace(stage_execution_ref="nothing")},
        {"context": CONTEXT._replace(trace_id="")},
        {"context": CONTEXT._replace(run_ref=None)},
    ],
    ids=str,
)
def test_a_series_that_could_not_be_read_back_is_refused(store, fields):
    """Accepted means readable; before, one such call made the whole store unreadable."""
    writer = store.writer()
    values = {"context": CONTEXT, "key": "loss", **fields}
    with pytest.raises(ValidationError):
        writer.define_series(values.pop("context"), values.pop("key"), **values)
    writer.append_point(writer.define_series(CONTEXT, "loss"), 1, 1.0)
    store.seal()

    assert [s.sequence for s in store.scan()] == [1]


@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
@pytest.mark.parametrize(
    ("observed_us", "epoch"),
    [
        (YEAR_ONE_US - 1, None),
        (YEAR_9999_END_US + 1, None),
        (2**63, None),
        ("now", None),
        (1, float("nan")),
        (1, float("inf")),
    ],
)
def test_a_point_that_could_not_be_read_back_is_refused(store, observed_us, epoch, first):
    """Times outside of the years 1 to 9999 and epochs without a finite value."""
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    if not first:
        writer.append_point(series, YEAR_ONE_US, 1.0)
    with pytest.raises(ValidationError):
        writer.append_point(series, observed_us, 1.0, 1, epoch)
    writer.append_point(series, YEAR_9999_END_US, 1.0)

    assert len(list(store.scan())) == (1 if first else 2)
    assert store.check_integrity().healthy


@pytest.mark.parametrize(
    "definition", [{}, {"key": "x"}, {"run_ref": "run:demo.x", "project": "demo", "key": 3}]
)
def test_a_definition_that_says_nothing_usable_costs_only_its_own_points(store, definition):
    """The other records of the segment are read, live and sealed, and the loss is named."""
    writer = store.writer()
    good = writer.define_series(CONTEXT, "good")
    bad = writer.define_series(CONTEXT, "bad")
    writer.append_point(good, 1, 1.0)
    writer._series[bad] = definition  # as a faulty or later writer would store it
    writer.append_point(bad, 2, 2.0)
    writer.append_point(good, 3, 3.0)
    live = store.replay(mode="tolerant")
    store.seal()
    sealed = store.replay(mode="tolerant")

    assert [s.sequence for s in live.records] == [1, 3]
    assert [s.sequence for s in sealed.records] == [1, 3]
    assert [(g.start_sequence, g.end_sequence) for g in live.known_gaps] == [(2, 2)]
    assert [(g.start_sequence, g.end_sequence) for g in sealed.known_gaps] == [(2, 2)]


def test_a_look_at_one_new_point_does_not_cost_all_series(store, monkeypatch):
    """Only the series of the new points are built; 10,000 of them took 0.3 s a look."""
    from contexta.store.records import _tables

    writer = store.writer()
    series = [writer.define_series(CONTEXT, f"k{n}") for n in range(50)]
    for number in series:
        writer.append_point(number, 1, 1.0)
    before = store.arrow("metric").num_rows
    built, series_of = [], _tables.series_of
    monkeypatch.setattr(_tables, "series_of", lambda d: built.append(d) or series_of(d))
    writer.append_point(series[7], 2, 2.0)
    keys = store.arrow("metric", columns=["metric_key"])["metric_key"].to_pylist()

    assert before == 50
    assert [document["key"] for document in built] == ["k7"]
    assert keys == [*(f"k{n}" for n in range(50)), "k7"]


def test_a_definition_is_stored_as_the_documented_json(store):
    """The check of a series changes nothing of what is written."""
    writer = store.writer()
    writer.append_point(writer.define_series(CONTEXT, "loss", tags={"b": "2", "a": "1"}), 1, 1.0)
    raw = store._layout.segment(SegmentId(writer.writer_id, 1)).read_bytes()
    start = frames.SEGMENT_HEADER_BYTES + frames.HEADER_BYTES + 4
    length = frames.HEADER.unpack_from(raw, frames.SEGMENT_HEADER_BYTES)[3]

    assert json.loads(raw[start : start + length - 4]) == {
        "aggregation_scope": "step",
        "key": "loss",
        "producer_ref": "sdk.python.local",
        "project": "demo",
        "run_ref": "run:demo.run-1",
        "schema_version": "1.0.0",
        "tags": {"a": "1", "b": "2"},
        "value_type": "float",
    }
