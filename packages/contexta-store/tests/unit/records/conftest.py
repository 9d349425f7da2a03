"""A store in a temporary folder, and shorthands to fill it."""

import resource

import pytest

from contexta.contract.testing import builders
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

START_US = 1_700_000_000_000_000


@pytest.fixture
def root(tmp_path):
    """Folder of the store."""
    return tmp_path / "records"


@pytest.fixture
def open_store(root):
    """Open handles of the store; they are closed at the end."""
    handles = []

    def opened(**settings):
        values = {"durability_mode": "flush", **settings}
        handle = RecordStore(RecordStoreConfig(root, **values))
        handles.append(handle)
        return handle

    yield opened
    for handle in handles:
        handle.close()


@pytest.fixture
def store(open_store):
    """An open, empty store."""
    return open_store()


@pytest.fixture
def add_points():
    """Append `count` points 0, 1, 2… of one series."""

    def added(store, count, *, run="run:demo.run-1", key="loss", project="demo"):
        writer = store.writer()
        series = writer.define_series(SeriesContext(run, project), key)
        return [
            writer.append_point(series, START_US + step, step / 8, step) for step in range(count)
        ]

    return added


@pytest.fixture
def metric():
    """Build a metric record with a number in its reference."""

    def built(number=1, run="run-1", **payload):
        envelope = builders.record_envelope(
            "metric",
            run_ref=f"run:demo.{run}",
            stage_execution_ref=f"stage:demo.{run}.train",
            record_ref=f"record:demo.{run}.m{number}",
        )
        fields = {"metric_key": "loss", "value": float(number), "value_type": "float", **payload}
        return builders.metric_record(envelope=envelope, payload=builders.metric_payload(**fields))

    return built


@pytest.fixture
def small_files():
    """Let no file of this process grow beyond a size, as a full disk would not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limited(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft if size is None else size, hard))

    yield limited
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
