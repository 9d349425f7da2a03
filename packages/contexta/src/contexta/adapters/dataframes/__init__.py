"""Frames of the metadata plane, for inspection.

`ctx.metadata_store.pandas` and `.polars` are these adapters, bound to the ledger. A query runs
once, and only if it reads; `table` takes the names of the tables and views that the ledger has.

Errors: `DependencyError` where the library is missing, `ValidationError` for an unknown table,
`MetadataError` for SQL that the database refuses, which anything but a SELECT is.
"""

from contexta.store.metadata import FrameAdapterProtocol, PandasAdapter, PolarsAdapter

__all__ = ["FrameAdapterProtocol", "PandasAdapter", "PolarsAdapter"]
