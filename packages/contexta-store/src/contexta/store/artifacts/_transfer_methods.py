"""The transferring methods of `ArtifactStore`: packages out and in, bodies to other stores."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.store.artifacts._body_store import BodyCopier
from contexta.store.artifacts._checks import artifact_ref_text, require_count
from contexta.store.artifacts._claims import manifest_of
from contexta.store.artifacts._commit import Staged
from contexta.store.artifacts._export import Exporter
from contexta.store.artifacts._import import Importer, Incoming
from contexta.store.artifacts._import_models import conflict_policy as _policy
from contexta.store.artifacts._open_store import OpenStore
from contexta.store.artifacts._package_source import Limits, package_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contexta.contract import ArtifactManifest
    from contexta.contract.refs import StableRef
    from contexta.store.artifacts._body_store import BodyStore, TransferReport
    from contexta.store.artifacts._config import VaultConfig
    from contexta.store.artifacts._import_models import ImportConflictPolicy, ImportReceipt
    from contexta.store.artifacts._package import ExportReceipt

DEFAULT_MAX_BYTES = 64 << 30
DEFAULT_MAX_ENTRIES = 100_000


class TransferMethods(OpenStore):
    """Artifacts on their way out and in."""

    def __init__(
        self, config: VaultConfig | None = None, *, quota_bytes: int | None = None
    ) -> None:
        super().__init__(config, quota_bytes=quota_bytes)
        self._exporter = Exporter(self._layout, self._reader, read_only=self.config.read_only)
        self._importer = Importer(
            self.config, self._layout, self._staging, self._committer, self._quarantine
        )

    def export_artifact(
        self,
        ref: StableRef | str,
        *,
        export_root: str | Path | None = None,
        archive: bool = False,
    ) -> ExportReceipt:
        """Write an artifact, verified, as a package that `import_export_package` takes.

        The package replaces an older one at once; readers see the old or the new.

        Args:
            ref: The artifact.
            export_root: The folder to write into, made when absent; None means the folder
                `exports` of the store. The package is `<safe ref>` in it, where `:` is `__`.
            archive: Whether to write one plain tar file, `<safe ref>.tar`, instead of a folder.

        Raises:
            NotFoundError: As `get_artifact`.
            IntegrityError: When the body is not what was stored; no package is left then.
            ReadOnlyStoreError: `artifact_store_read_only` for a folder inside a read-only store.
            ValidationError: `artifact_store_target_exists` when something else has that name.
        """
        self._require_open()
        root = None if export_root is None else Path(export_root)
        return self._exporter.export(artifact_ref_text(ref), root, archive=archive)

    def import_artifact(
        self,
        manifest: ArtifactManifest | Mapping[str, Any],
        source: str | Path,
        *,
        conflict_policy: ImportConflictPolicy | str = "error",
    ) -> ImportReceipt:
        """Store a copy of a file under the ref of a manifest, by a policy for refs that are bound.

        With the same bytes a missing or damaged body is mended. `replace` checks everything
        first and then changes the binding in one step; the old body goes to quarantine.

        Raises:
            ConflictError: `artifact_binding_conflict` with the policy `error`.
            ValidationError: `artifact_store_invalid_conflict_policy`,
                `artifact_store_missing_source`.
            ContextaError: Otherwise as `put_artifact`.
        """
        policy = _policy(conflict_policy)
        self._require_open()
        model = manifest_of(manifest)
        measured = self._ingest.measure(source)
        with ExitStack() as stack:
            session_id = self._session(stack)
            staged: Staged = measured
            if session_id is not None:
                target = self._staging.body_path(session_id)
                staged = self._ingest.copy_in(measured.path, target)
            incoming = Incoming(model, staged, measured.path.name)
            return self._importer.settle(
                incoming, policy, session_id=session_id, require_writable=self._require_writable
            )

    def import_export_package(
        self,
        package_root: str | Path,
        *,
        conflict_policy: ImportConflictPolicy | str = "error",
        max_bytes: int = DEFAULT_MAX_BYTES,
        max_entries: int = DEFAULT_MAX_ENTRIES,
    ) -> ImportReceipt:
        """Store the artifact in a package: a folder, or a plain tar file.

        A package is taken for hostile. Everything in it is listed and checked before a byte is
        stored: regular files only, names that stay inside, sizes, documents that agree, and the
        hash of every file. The binding keeps id, creation time, source name, ingest mode, layout
        label and revision of the exported one; `mapping_loss_report` names what it does not keep.

        Args:
            package_root: The package. One that Contexta 1.0 wrote is taken, too.
            conflict_policy: See `import_artifact`.
            max_bytes: Most bytes that its files may have together.
            max_entries: Most files that it may have.

        Raises:
            NotFoundError: `artifact_export_package_not_found`.
            ValidationError: `artifact_export_package_invalid`; `artifact_store_missing_source`
                when its body is not there.
            ArtifactError: `artifact_store_hash_mismatch` when a file is not what was exported.
            ConflictError: `artifact_binding_conflict` with the policy `error`.
        """
        policy = _policy(conflict_policy)
        self._require_open()
        require_count("max_bytes", max_bytes)
        require_count("max_entries", max_entries)
        path = Path(package_root).expanduser().absolute()
        with ExitStack() as stack:
            source = stack.enter_context(package_source(path, Limits(max_bytes, max_entries)))
            session_id = self._session(stack)
            incoming = self._importer.read_package(source, session_id)
            receipt = self._importer.settle(
                incoming, policy, session_id=session_id, require_writable=self._require_writable
            )
            return self._importer.loss_report(receipt, incoming, path)

    def push_bodies(
        self, body_store: BodyStore, *, refs: Iterable[StableRef | str] | None = None
    ) -> TransferReport:
        """Copy the bodies of artifacts to another store of bodies, verified, where they lack.

        Args:
            body_store: See `BodyStore`.
            refs: The artifacts; all when None. References have no body here and are skipped.

        Raises:
            ContextaError: As reading the artifact; what was copied before stays.
        """
        self._require_open()
        return self._body_copier().push(body_store, refs)

    def pull_bodies(
        self, body_store: BodyStore, *, refs: Iterable[StableRef | str] | None = None
    ) -> TransferReport:
        """Mend missing and damaged bodies from another store of bodies.

        Every byte is hashed before it counts, so that store need not be trusted.
        """
        self._require_writable()
        return self._body_copier().pull(body_store, refs)

    def _body_copier(self) -> BodyCopier:
        return BodyCopier(
            self._layout, self._catalogue, self._verifier, self._staging, self._committer
        )

    def _session(self, stack: ExitStack) -> str | None:
        """Begin a session; None for a store that only reads."""
        if self.config.read_only:
            return None
        return stack.enter_context(self._staging.session())
