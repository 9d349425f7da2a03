"""Errors of the three planes on disk."""

from __future__ import annotations

from contexta.contract.errors._base import ContextaError


class StoreError(ContextaError):
    """A plane of the workspace could not do what was asked; base of all store errors."""


class MetadataError(StoreError):
    """The metadata plane failed."""


class RecordError(StoreError):
    """The record plane failed."""


class ArtifactError(StoreError):
    """The artifact plane failed."""


class StoreAccessError(StoreError, OSError):
    """A store's files cannot be opened, locked, read or written."""


class ReadOnlyStoreError(StoreError, PermissionError):
    """A store that was opened for reading was asked to write."""


class SchemaVersionError(StoreError):
    """The data on disk has a format version that this release does not know."""


class MigrationError(StoreError):
    """Data could not be brought to the current format version; the old state is intact."""


class IntegrityError(StoreError):
    """Bytes on disk are not the bytes that were written."""
