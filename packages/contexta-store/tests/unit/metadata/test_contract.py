"""The conformance kit over every database that this distribution supports."""

import pytest

from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.testing import MetadataStoreContract


class TestSqliteFile(MetadataStoreContract):
    @pytest.fixture
    def store_factory(self, tmp_path):
        path = tmp_path / "ledger.sqlite"
        return lambda **settings: MetadataStore(MetadataStoreConfig(database_path=path, **settings))


class TestMemory(MetadataStoreContract):
    shared = False

    @pytest.fixture
    def store_factory(self):
        return lambda **settings: MetadataStore(
            MetadataStoreConfig(database_path=":memory:", **settings)
        )


class TestPostgres(MetadataStoreContract):
    @pytest.fixture
    def store_factory(self, empty_schema):
        return lambda **settings: MetadataStore(MetadataStoreConfig(**empty_schema, **settings))
