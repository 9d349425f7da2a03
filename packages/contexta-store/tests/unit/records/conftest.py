"""A store in a temporary folder, and shorthands to fill it."""

import resource

import pytest

from contexta.contract.testing import builders
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext
from contexta.store.records._writer_log import WriterLog

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
def read_all(root):
    """Read the store as a stranger does: number and record of all that a scan gives."""

    def read(**settings):
        with RecordStore(RecordStoreConfig(root, read_only=True, **settings)) as store:
            return [(found.sequence, found.record) for found in store.scan()]

    return read


@pytest.fixture
def payloads():
    """Number and payload of every record of a store."""
    return lambda store: [(found.sequence, found.record.payload) for found in store.scan()]


@pytest.fixture
def problems():
    """Column, first rows and code of each problem of a refused bulk append."""

    def of(caught):
        assert caught.value.code == "record_bulk_invalid"
        return [(p["column"], p["rows"], p["code"]) for p in caught.value.details["problems"]]

    return of


@pytest.fixture
def other(tmp_path):
    """An empty store elsewhere."""
    with RecordStore(RecordStoreConfig(tmp_path / "other", durability_mode="flush")) as handle:
        yield handle


@pytest.fixture
def leave_unsealed(monkeypatch):
    """Close without sealing, as an interpreter does that exits."""

    def left(store):
        close = WriterLog.close
        with monkeypatch.context() as patch:
            patch.setattr(WriterLog, "close", lambda writer: close(writer, seal=False))
            store.close()

    return left


@pytest.fixture
def sealed_part(store, add_points, root):
    """A store with one small part, closed."""
    add_points(store, 3)
    store.close()
    (part,) = root.rglob("part-*.parquet")
    return part


@pytest.fixture
def segment(store, add_points, root, leave_unsealed):
    """A store with one unsealed segment of a dead writer."""
    add_points(store, 3)
    leave_unsealed(store)
    (path,) = root.rglob("*.seg")
    return path


@pytest.fixture
def holed_segment(store, add_points, root, leave_unsealed):
    """An unsealed segment of ten points, the fourth of which is damaged."""
    add_points(store, 10)
    leave_unsealed(store)
    (path,) = root.rglob("*.seg")
    raw = bytearray(path.read_bytes())
    raw[-6 * 56 - 20] ^= 1
    path.write_bytes(raw)
    return path


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
