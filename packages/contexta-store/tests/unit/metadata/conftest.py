"""Stores and models for the tests of the metadata plane."""

import shutil

import pytest

from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.testing import ModelFactory


@pytest.fixture
def make():
    return ModelFactory()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metadata" / "ledger.sqlite"


@pytest.fixture
def opened(path):
    """Open the ledger, any number of times; all are closed at the end."""
    stores = []

    def open_store(**settings):
        store = MetadataStore(MetadataStoreConfig(**{"database_path": path, **settings}))
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory):
    """A closed ledger without rows: to copy it takes a tenth of the time of making one."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    MetadataStore(MetadataStoreConfig(database_path=path)).close()
    return path


@pytest.fixture
def store(opened, path, empty_ledger):
    path.parent.mkdir(mode=0o700)
    shutil.copy(empty_ledger, path)
    return opened()


def stamp(microseconds):
    return f"2026-01-01T00:00:00.{microseconds:06d}Z"


def _put_many(store):
    """Put runs, stages, batches, samples, deployments, relations: twelve each, with ties."""
    make = ModelFactory()
    p = make.project()
    runs = [
        make.run(
            f"r{i:02}",
            started_at=stamp(i // 3),
            params={"lr": i / 10, "opt": "sgd" if i % 2 else "adam", "i": i},
            tags={"team": "ab"[i % 2]},
            status="failed" if i % 4 else "completed",
            ended_at=f"2026-01-02T00:00:{i:02}Z",
        )
        for i in range(12)
    ]
    stages = [make.stage(f"s{i:02}", "p.r00", order_index=None if i % 3 else i) for i in range(12)]
    batches = [
        make.batch(f"b{i:02}", f"p.r00.s{i % 2:02}", order_index=None if i % 3 else i)
        for i in range(12)
    ]
    samples = [
        make.sample(
            f"x{i:02}",
            f"p.r00.s{i % 2:02}",
            batch=f"b{i % 4:02}" if i % 3 else None,
            observed_at=stamp(i // 4),
        )
        for i in range(12)
    ]
    environments = [make.environment(f"e{i:02}", "p.r00") for i in range(12)]
    deployments = [
        make.deployment(f"d{i:02}", run_ref="run:p.r00" if i % 2 else None) for i in range(12)
    ]
    relations = [
        make.relation(f"e{i:02}", f"run:p.r{i:02}", "artifact:p.r00.m", recorded_at=stamp(11 - i))
        for i in range(12)
    ]
    claims = [make.provenance(f"c{i:02}", "e00") for i in range(12)]
    store.put_all(
        [*claims, *relations, *deployments, *environments, *samples, *batches, *stages, *runs, p]
    )


@pytest.fixture(scope="session")
def put_many():
    """Put twelve of everything into a store."""
    return _put_many


@pytest.fixture
def many(store, put_many):
    """A store with twelve of everything, to change."""
    put_many(store)
    return store


@pytest.fixture(scope="module")
def read(tmp_path_factory, put_many):
    """The same, made once for all that only read."""
    path = tmp_path_factory.mktemp("read") / "ledger.sqlite"
    with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
        put_many(store)
        yield store
