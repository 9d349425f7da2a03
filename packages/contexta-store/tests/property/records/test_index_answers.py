"""The index never changes an answer: not with parts, compaction, live tails, ties or NaN."""

import math
import os
import tempfile
from contextlib import contextmanager

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
SETTINGS = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
RUNS = ("run:p.a", "run:p.b", "run:q.a")
KEYS = ("acc", "loss")
STAGES = (None, "train")
AGGREGATIONS = ("last", "first", "min", "max", "mean", "count")

VALUES = st.one_of(
    st.floats(-1e100, 1e100),
    st.integers(-3, 3).map(float),
    st.integers(0, 5).map(lambda n: 1e9 + n / 1000),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0]),
)
POINTS = st.tuples(
    st.sampled_from(RUNS),
    st.sampled_from(KEYS),
    st.sampled_from(STAGES),
    st.integers(0, 6),  # few instants, so that many points have the same
    VALUES,
    st.one_of(st.none(), st.integers(0, 9)),
)
BURSTS = st.tuples(POINTS, st.sampled_from([1, 2, 63, 64, 65, 90]))
STEPS = st.lists(
    st.one_of(BURSTS, BURSTS, st.sampled_from(["seal", "seal", "compact", "ask"])),
    min_size=1,
    max_size=25,
)


@contextmanager
def stores():
    """The same store with the index, read-only, and without."""
    folder = tempfile.TemporaryDirectory(dir=next(filter(os.path.isdir, ["/dev/shm"]), None))
    with folder as root, RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
        reader = RecordStore(RecordStoreConfig(root, read_only=True))
        plain = RecordStore(RecordStoreConfig(root, enable_indexes=False))
        with reader, plain:
            yield store, reader, plain


def follow(store, steps):
    """Do the steps; return the values by run, stage and key."""
    writer = store.writer()
    values = {}
    for step in steps:
        if step == "seal":
            store.seal()
        elif step == "compact":
            store.compact(full=True)
        elif step == "ask":
            store.metric_summaries()
        else:
            (run, key, stage, observed, value, number), count = step
            place = None if stage is None else f"stage:{run[4:]}.{stage}"
            context = SeriesContext(run, run[4:].split(".")[0], stage_execution_ref=place)
            series = writer.define_series(context, key, unit=key)
            for _ in range(count):
                writer.append_point(series, observed, value, number)
                values.setdefault((run, place, key), []).append(value)
    return values


def exact(summaries):
    """Everything but mean and spread, comparable also for NaN."""
    return [
        repr([getattr(s, name) for name in s.__dataclass_fields__ if name not in ("mean", "m2")])
        for s in summaries
    ]


def is_close(found, expected, scale):
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= 1e-12 * scale


@SETTINGS
@given(STEPS)
def test_summaries_are_those_of_a_store_without_index(steps):
    """Counts, first, last and extremes exactly; mean and spread to 1e-12 of what went in."""
    with stores() as (store, reader, plain):
        values = follow(store, steps)
        expected = plain.metric_summaries()
        answers = [one.metric_summaries() for one in (store, reader, store)]
        some = [one.metric_summaries(RUNS[:1], KEYS[:1]) for one in (store, reader)]
        whole = [s for s in expected if s.run_ref == RUNS[0] and s.metric_key == KEYS[0]]

    for found in answers:
        assert exact(found) == exact(expected)
        for mine, other in zip(found, expected, strict=True):
            finite = [
                abs(v)
                for v in values[mine.run_ref, mine.stage_execution_ref, mine.metric_key]
                if math.isfinite(v)
            ]
            assert mine.count == other.count
            assert is_close(mine.mean, other.mean, max(finite, default=0))
            assert is_close(mine.m2, other.m2, sum(v * v for v in finite))
    assert [exact(found) for found in some] == [exact(whole)] * 2


@SETTINGS
@given(STEPS)
def test_tables_and_names_are_those_of_a_store_without_index(steps):
    """Series, values by run, counts, keys and runs: the same rows in the same order."""
    with stores() as (store, reader, plain):
        follow(store, steps)

        def asked(one):
            series = {(r, k): one.series(r, k).to_pylist() for r in RUNS for k in KEYS}
            staged = one.series(RUNS[0], KEYS[0], stage_execution_ref="stage:p.a.train").to_pylist()
            values = {
                name: one.last_values(KEYS[0], aggregation=name).to_pylist()
                for name in AGGREGATIONS
                if name != "mean"
            }
            counts = {run: one.record_counts(run) for run in RUNS}
            rows = one.arrow("metric", run_refs=RUNS[:1], columns=["sequence", "value"])
            names = (one.run_refs(), one.metric_keys(), one.metric_keys(RUNS[1:2]))
            return repr([series, staged, values, counts, rows.to_pylist(), names])

        expected = asked(plain)
        answers = [asked(one) for one in (store, reader, store)]

    assert answers == [expected] * 3
