"""The path of version 1.0 to the frame and SQL adapters of the metadata store."""

from contexta.store.metadata._adapters import (
    DuckDBAdapter,
    FrameAdapterProtocol,
    PandasAdapter,
    PolarsAdapter,
)

__all__ = ["DuckDBAdapter", "FrameAdapterProtocol", "PandasAdapter", "PolarsAdapter"]
