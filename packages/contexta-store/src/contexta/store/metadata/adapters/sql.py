"""The path of version 1.0 to the adapter that runs SQL."""

from contexta.store.metadata._adapters import DuckDBAdapter

__all__ = ["DuckDBAdapter"]
