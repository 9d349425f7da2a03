"""The path of version 1.0 to the adapters that give data frames."""

from contexta.store.metadata._adapters import FrameAdapterProtocol, PandasAdapter, PolarsAdapter

__all__ = ["FrameAdapterProtocol", "PandasAdapter", "PolarsAdapter"]
