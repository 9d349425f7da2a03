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
