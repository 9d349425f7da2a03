"""The artifact plane: files and folders, stored by the SHA-256 of their content.

Open an `ArtifactStore` with a `VaultConfig`. A put copies the bytes, hashes them on the way and
binds them to a ref; equal bytes are stored once. A read hashes every byte before it hands out
the first. The functions here are the methods of the store under the same names, store first.

Care is taken on request only: `verify_all` finds, `build_repair_plan` proposes,
`apply_repair_plan` puts aside, a put or an import of the right bytes mends. `plan_removal` says
what may go and what keeps the rest, `apply_removal_plan` unbinds it, `collect_garbage` frees the
bytes. `export_artifact` and `import_export_package` carry artifacts between stores.

Errors, and what you can do:

* `NotFoundError`: the ref is not bound, or its body is gone. Putting the same bytes again mends
  a lost body.
* `IntegrityError`: a body or a binding is not what was written. Put again, or restore.
* `ConflictError`: the ref is bound to other bytes. Artifacts never change; use a new ref.
* `ArtifactError`: a claim in the manifest is wrong, and nothing was bound.
* `ValidationError`: an argument, or a package that is not taken; nothing was imported.
* `StoreAccessError`: the disk refuses; `retryable` says whether to try again.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.store.artifacts._body_store import (
        BodyStore,
        FolderBodyStore,
        TransferReport,
    )
    from contexta.store.artifacts._collect import (
        CollectionReport,
    )
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
        export_artifact,
        get_artifact,
        import_artifact,
        import_export_package,
        inspect_store,
        iter_artifact_chunks,
        list_refs,
        migrate_bindings,
        open_artifact,
        plan_migration,
        plan_retention,
        quarantine_bound_artifact,
        quarantine_orphan_body,
        read_artifact_bytes,
        refresh_verification,
        remove_abandoned_staging,
        verify_all,
        verify_artifact,
        write_chunk,
    )
    from contexta.store.artifacts._import_models import (
        ImportConflictPolicy,
        ImportOutcome,
        ImportReceipt,
    )
    from contexta.store.artifacts._migration import (
        ArtifactMigrationPlan,
    )
    from contexta.store.artifacts._models import (
        ArtifactBinding,
        ArtifactHandle,
        ArtifactPutReceipt,
        BindingRevision,
        IngestSession,
        TreeMember,
    )
    from contexta.store.artifacts._package import (
        PACKAGE_FORMAT_VERSION,
        ExportReceipt,
    )
    from contexta.store.artifacts._quarantine import (
        QuarantineEntry,
    )
    from contexta.store.artifacts._remove import (
        RemovalReport,
    )
    from contexta.store.artifacts._repair import (
        RepairPlan,
        RepairReport,
    )
    from contexta.store.artifacts._reports import (
        StoreSummary,
        SweepProgress,
        SweepReport,
        VerificationRecord,
        VerificationReport,
        VerificationStatus,
    )
    from contexta.store.artifacts._retention import (
        ProtectedItem,
        RemovalItem,
        RemovalPlan,
        RemovalPolicy,
        RetentionAction,
        RetentionCandidate,
        RetentionPlan,
    )
    from contexta.store.artifacts._store import (
        ArtifactStore,
    )
    from contexta.store.artifacts._tombstones import (
        Tombstone,
    )

__all__ = [  # noqa: RUF022 - sorted as text
    "ArtifactBinding",
    "ArtifactHandle",
    "ArtifactMigrationPlan",
    "ArtifactPutReceipt",
    "ArtifactStore",
    "ArtifactStoreConfig",
    "BindingRevision",
    "BodyStore",
    "CollectionReport",
    "ExportReceipt",
    "FolderBodyStore",
    "ImportConflictPolicy",
    "ImportOutcome",
    "ImportReceipt",
    "IngestMode",
    "IngestSession",
    "PACKAGE_FORMAT_VERSION",
    "ProtectedItem",
    "QuarantineEntry",
    "RemovalItem",
    "RemovalPlan",
    "RemovalPolicy",
    "RemovalReport",
    "RepairPlan",
    "RepairReport",
    "RetentionAction",
    "RetentionCandidate",
    "RetentionPlan",
    "StoreSummary",
    "SweepProgress",
    "SweepReport",
    "Tombstone",
    "TransferReport",
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
    "export_artifact",
    "get_artifact",
    "import_artifact",
    "import_export_package",
    "inspect_store",
    "iter_artifact_chunks",
    "list_refs",
    "migrate_bindings",
    "open_artifact",
    "plan_migration",
    "plan_retention",
    "quarantine_bound_artifact",
    "quarantine_orphan_body",
    "read_artifact_bytes",
    "refresh_verification",
    "remove_abandoned_staging",
    "verify_all",
    "verify_artifact",
    "write_chunk",
]

_HOME = {
    "ArtifactBinding": "_models",
    "ArtifactHandle": "_models",
    "ArtifactMigrationPlan": "_migration",
    "ArtifactPutReceipt": "_models",
    "ArtifactStore": "_store",
    "ArtifactStoreConfig": "_config",
    "BindingRevision": "_models",
    "BodyStore": "_body_store",
    "CollectionReport": "_collect",
    "ExportReceipt": "_package",
    "FolderBodyStore": "_body_store",
    "ImportConflictPolicy": "_import_models",
    "ImportOutcome": "_import_models",
    "ImportReceipt": "_import_models",
    "IngestMode": "_config",
    "IngestSession": "_models",
    "PACKAGE_FORMAT_VERSION": "_package",
    "ProtectedItem": "_retention",
    "QuarantineEntry": "_quarantine",
    "RemovalItem": "_retention",
    "RemovalPlan": "_retention",
    "RemovalPolicy": "_retention",
    "RemovalReport": "_remove",
    "RepairPlan": "_repair",
    "RepairReport": "_repair",
    "RetentionAction": "_retention",
    "RetentionCandidate": "_retention",
    "RetentionPlan": "_retention",
    "StoreSummary": "_reports",
    "SweepProgress": "_reports",
    "SweepReport": "_reports",
    "Tombstone": "_tombstones",
    "TransferReport": "_body_store",
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
    "export_artifact": "_functions",
    "get_artifact": "_functions",
    "import_artifact": "_functions",
    "import_export_package": "_functions",
    "inspect_store": "_functions",
    "iter_artifact_chunks": "_functions",
    "list_refs": "_functions",
    "migrate_bindings": "_functions",
    "open_artifact": "_functions",
    "plan_migration": "_functions",
    "plan_retention": "_functions",
    "quarantine_bound_artifact": "_functions",
    "quarantine_orphan_body": "_functions",
    "read_artifact_bytes": "_functions",
    "refresh_verification": "_functions",
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
