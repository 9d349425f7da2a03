"""For those who write a store, or test with one.

`MetadataStoreContract` is what every metadata store must do, as a class of pytest tests. Derive
from it and say how to open a store:

    class TestMyStore(MetadataStoreContract):
        @pytest.fixture
        def store_factory(self, tmp_path):
            return lambda **settings: MyStore(tmp_path, **settings)

It needs pytest, which this distribution does not depend on; nothing outside of this package
imports it. `throwaway_postgres` starts a PostgreSQL server for as long as the tests run, and
`ModelFactory` builds valid models with short arguments; both work without pytest.

Errors: `DependencyError` `testing_postgres_missing` when no server is installed, and
`StoreAccessError` `testing_postgres_failed` when it does not start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.store.testing._metadata_contract import MetadataStoreContract
    from contexta.store.testing._models import ModelFactory
    from contexta.store.testing._postgres_server import (
        ThrowawayPostgres,
        find_postgres_programs,
        throwaway_postgres,
    )

__all__ = [
    "MetadataStoreContract",
    "ModelFactory",
    "ThrowawayPostgres",
    "find_postgres_programs",
    "throwaway_postgres",
]

_HOME = {
    "MetadataStoreContract": "_metadata_contract",
    "ModelFactory": "_models",
    "ThrowawayPostgres": "_postgres_server",
    "find_postgres_programs": "_postgres_server",
    "throwaway_postgres": "_postgres_server",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"contexta.store.testing.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
