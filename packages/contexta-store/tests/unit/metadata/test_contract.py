"""The conformance kit over every database that this distribution supports."""

import shutil

import pytest
from sqlalchemy import text

from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.testing import MetadataStoreContract


class Breakable(MetadataStoreContract):
    def break_row(self, store, ref):
        with store._backend.write() as connection:
            connection.execute(
                text("UPDATE ledger_runs SET name = 'flipped' WHERE ref = :ref"), {"ref": ref}
            )


class TestSqliteFile(Breakable):
    @pytest.fixture
    def store_factory(self, tmp_path, empty_ledger):
        path = tmp_path / "ledger.sqlite"
        shutil.copy(empty_ledger, path)
        return lambda **settings: MetadataStore(MetadataStoreConfig(database_path=path, **settings))


class TestMemory(Breakable):
    shared = False

    @pytest.fixture
    def store_factory(self):
        return lambda **settings: MetadataStore(
            MetadataStoreConfig(database_path=":memory:", **settings)
        )


class TestPostgres(Breakable):
    @pytest.fixture
    def store_factory(self, empty_schema):
        return lambda **settings: MetadataStore(MetadataStoreConfig(**empty_schema, **settings))
