"""The three truth planes of a Contexta workspace.

* `contexta.store.metadata`: projects, runs, stages, lineage, in SQLite or PostgreSQL.
* `contexta.store.records`: events, metrics, spans and degraded records, as Parquet.
* `contexta.store.artifacts`: files and folders, stored by the SHA-256 of their content.

`contexta.store.merge` takes one workspace into another: `merge_workspaces` and `plan_merge`, also
reachable from here.

Each plane can be used alone and opens only its own folder. `contexta.store.workspace` reads and
writes the small file that marks a folder as a workspace; `contexta.store.fs` holds the durable
file operations that all planes share.

Every error is a `contexta.contract.errors.ContextaError`; those of this package derive from
`StoreError`. An error with `retryable=True` (a busy lock, a full disk) may succeed when called
again; `IntegrityError` means that bytes on disk are not what was written.

The planes load on first use: importing this package imports neither SQLAlchemy nor pyarrow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.store import artifacts, metadata, records

__all__ = ["artifacts", "metadata", "records"]
_MERGE = frozenset({"merge_workspaces", "plan_merge"})


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"contexta.store.{name}")
    if name in _MERGE:
        return getattr(import_module("contexta.store.merge"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MERGE})
