"""The metadata plane: projects, runs, stages, samples, deployments, lineage.

Open a `MetadataStore` with a `MetadataStoreConfig`, then use its repositories: `store.runs`,
`store.stages` and so on. Every put is one transaction; threads and processes may share a ledger.

Errors, and what you can do:

* `NotFoundError`: a ref or a parent is not stored. Put the parent first.
* `StoreAccessError`: the file is missing, foreign, busy, or the disk refuses. `retryable` says
  whether the same call may work later.
* `ReadOnlyStoreError`: the store was opened read-only.
* `SchemaVersionError`: another release wrote the file; nothing was changed.
* `IntegrityError`: a row is damaged. Lists leave such rows out and report them in
  `store.damage()`; `store.check_integrity()` finds all of them.

Importing this package, or the settings, does not import SQLAlchemy; opening a store does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.store.metadata._adapters import (
        DuckDBAdapter,
        FrameAdapterProtocol,
        PandasAdapter,
        PolarsAdapter,
    )
    from contexta.store.metadata._config import MetadataStoreConfig
    from contexta.store.metadata._damage import DamagedRow
    from contexta.store.metadata._history import LifecycleChange
    from contexta.store.metadata._integrity import IntegrityReport, check_integrity
    from contexta.store.metadata._issues import IntegrityIssue
    from contexta.store.metadata._schema import SchemaInspection, inspect_schema
    from contexta.store.metadata._snapshot import RunSnapshot, build_run_snapshot
    from contexta.store.metadata._store import MetadataStore
    from contexta.store.metadata._tables import CURRENT_METADATA_STORE_SCHEMA_VERSION

__all__ = [
    "CURRENT_METADATA_STORE_SCHEMA_VERSION",
    "DamagedRow",
    "DuckDBAdapter",
    "FrameAdapterProtocol",
    "IntegrityIssue",
    "IntegrityReport",
    "LifecycleChange",
    "MetadataStore",
    "MetadataStoreConfig",
    "PandasAdapter",
    "PolarsAdapter",
    "RunSnapshot",
    "SchemaInspection",
    "build_run_snapshot",
    "check_integrity",
    "inspect_schema",
]

_HOME = {
    "CURRENT_METADATA_STORE_SCHEMA_VERSION": "_tables",
    "DamagedRow": "_damage",
    "DuckDBAdapter": "_adapters",
    "FrameAdapterProtocol": "_adapters",
    "IntegrityIssue": "_issues",
    "IntegrityReport": "_integrity",
    "LifecycleChange": "_history",
    "MetadataStore": "_store",
    "MetadataStoreConfig": "_config",
    "PandasAdapter": "_adapters",
    "PolarsAdapter": "_adapters",
    "RunSnapshot": "_snapshot",
    "SchemaInspection": "_schema",
    "build_run_snapshot": "_snapshot",
    "check_integrity": "_integrity",
    "inspect_schema": "_schema",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"contexta.store.metadata.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
