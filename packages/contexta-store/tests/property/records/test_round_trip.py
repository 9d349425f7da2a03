"""Whatever an append accepts, a scan gives back equal."""

import os
import tempfile
from contextlib import contextmanager

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.contract.testing import strategies
from contexta.store.records import RecordStore, RecordStoreConfig, ScanFilter, SeriesContext

RECORDS = st.one_of(
    strategies.structured_event_records(),
    strategies.metric_records(),
    strategies.trace_span_records(),
    strategies.degraded_records(),
)
EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
SETTINGS = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@contextmanager
def new_store():
    # In memory where there is such a folder: what is proven here is not durability.
    folder = tempfile.TemporaryDirectory(dir=next(filter(os.path.isdir, ["/dev/shm"]), None))
    with folder as root, RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
        yield store


@SETTINGS
@given(st.lists(RECORDS, min_size=1, max_size=6))
def test_what_an_append_accepts_a_scan_gives_back_from_the_log_and_from_parts(records):
    """ "Whatever an append accepts, a scan gives back": unsealed, sealed, and exported."""
    with new_store() as store:
        result = store.append_many(records)
        live = [stored.record for stored in store.scan()]
        store.seal()
        sealed = [stored.record for stored in store.scan()]
        healthy = store.check_integrity().healthy

    assert result.rejected == ()
    assert live == records
    assert sealed == records
    assert healthy


@SETTINGS
@given(
    value=st.one_of(st.floats(), st.integers(-(2**63), 2**63 - 1)),
    step=st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    epoch=st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    observed_us=st.integers(-(10**15), 10**16),
)
def test_a_point_comes_back_with_the_very_number_that_was_given(value, step, epoch, observed_us):
    """ "NaN and infinities are doubles like any other", and integers stay exact."""
    with new_store() as store:
        writer = store.writer()
        series = writer.define_series(SeriesContext("run:p.r", "p"), "loss")
        writer.append_point(series, observed_us, value, step, epoch)
        live = [stored.record.payload for stored in store.scan()]
        store.seal()
        sealed = [stored.record.payload for stored in store.scan(ScanFilter(key="loss"))]

    assert sealed == live
    assert [(type(p.value), repr(p.value), p.step, p.epoch) for p in live] == [
        (type(value), repr(value), step, epoch)
    ]
