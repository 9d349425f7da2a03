"""The artifact plane as one object."""

from __future__ import annotations

from contexta.store.artifacts._reading_methods import ReadingMethods
from contexta.store.artifacts._retention_methods import RetentionMethods
from contexta.store.artifacts._transfer_methods import TransferMethods
from contexta.store.artifacts._writing_methods import WritingMethods


class ArtifactStore(WritingMethods, ReadingMethods, RetentionMethods, TransferMethods):
    """Files and folders by ref, stored once per content, verified on every read.

    Safe for any number of threads and processes. A confirmed put is on disk. Bodies are
    read-only and never change.

    Args:
        config: Where and how; see `VaultConfig`.
        quota_bytes: Most bytes that the bodies may take, each counted once; None means no limit.

    Raises:
        ValidationError: `artifact_store_missing_root_path` without a root.
        ReadOnlyStoreError: `artifact_store_missing_root` when read-only and absent.
    """
