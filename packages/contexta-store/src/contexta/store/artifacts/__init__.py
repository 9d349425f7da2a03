"""The artifact plane: files and folders, stored by the SHA-256 of their content.

Open an `ArtifactStore` with a `VaultConfig`. A put copies the bytes, hashes them on the way and
binds them to a ref; equal bytes are stored once. A read hashes every byte before it hands out
the first. The functions here are the methods of the store under the same names, store first.

Errors, and what you can do:

* `NotFoundError`: the ref is not bound, or its body is gone. Putting the same bytes again mends
  a lost body.
* `IntegrityError`: a body or a binding is not what was written. Put again, or restore.
* `ConflictError`: the ref is bound to other bytes. Artifacts never change; use a new ref.
* `ArtifactError`: a claim in the manifest is wrong, and nothing was bound.
* `StoreAccessError`: the disk refuses; `retryable` says whether to try again.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.store.artifacts._config import (
        ArtifactStoreConfig,
        IngestMode,
        VaultConfig,
        VerificationMode,
    )
    from contexta.store.artifacts._functions import (
        abort_staged_ingest,
        artifact_exists,
        begin_staged_ingest,
        commit_staged_ingest,
        get_artifact,
        inspect_store,
        iter_artifact_chunks,
        list_refs,
        open_artifact,
        read_artifact_bytes,
        remove_abandoned_staging,
        verify_all,
        verify_artifact,
        write_chunk,
    )
    from contexta.store.artifacts._models import (
        ArtifactBinding,
        ArtifactHandle,
        ArtifactPutReceipt,
        IngestSession,
        TreeMember,
    )
    from contexta.store.artifacts._reports import (
        StoreSummary,
        SweepReport,
        VerificationRecord,
        VerificationReport,
        VerificationStatus,
    )
    from contexta.store.artifacts._store import (
        ArtifactStore,
    )

__all__ = [
    "ArtifactBinding",
    "ArtifactHandle",
    "ArtifactPutReceipt",
    "ArtifactStore",
    "ArtifactStoreConfig",
    "IngestMode",
    "IngestSession",
    "StoreSummary",
    "SweepReport",
    "TreeMember",
    "VaultConfig",
    "VerificationMode",
    "VerificationRecord",
    "VerificationReport",
    "VerificationStatus",
    "abort_staged_ingest",
    "artifact_exists",
    "begin_staged_ingest",
    "commit_staged_ingest",
    "get_artifact",
    "inspect_store",
    "iter_artifact_chunks",
    "list_refs",
    "open_artifact",
    "read_artifact_bytes",
    "remove_abandoned_staging",
    "verify_all",
    "verify_artifact",
    "write_chunk",
]

_HOME = {
    "ArtifactBinding": "_models",
    "ArtifactHandle": "_models",
    "ArtifactPutReceipt": "_models",
    "ArtifactStore": "_store",
    "ArtifactStoreConfig": "_config",
    "IngestMode": "_config",
    "IngestSession": "_models",
    "StoreSummary": "_reports",
    "SweepReport": "_reports",
    "TreeMember": "_models",
    "VaultConfig": "_config",
    "VerificationMode": "_config",
    "VerificationRecord": "_reports",
    "VerificationReport": "_reports",
    "VerificationStatus": "_reports",
    "abort_staged_ingest": "_functions",
    "artifact_exists": "_functions",
    "begin_staged_ingest": "_functions",
    "commit_staged_ingest": "_functions",
    "get_artifact": "_functions",
    "inspect_store": "_functions",
    "iter_artifact_chunks": "_functions",
    "list_refs": "_functions",
    "open_artifact": "_functions",
    "read_artifact_bytes": "_functions",
    "remove_abandoned_staging": "_functions",
    "verify_all": "_functions",
    "verify_artifact": "_functions",
    "write_chunk": "_functions",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"contexta.store.artifacts.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
