"""From a staged file to a body and a binding.

Order: the body is pinned, moved to its place by hash and made durable; only then is the binding
written. A crash before that leaves no artifact; after it, everything that the binding names is
on disk. One writer at a time changes the binding of a ref, so of two racing puts one wins.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import ConflictError, IntegrityError, NotFoundError
from contexta.contract.time import iso_utc_now
from contexta.store.artifacts._bindings import (
    StoredBinding,
    binding_names,
    read_stored,
    write_binding,
)
from contexta.store.artifacts._bodies import body_missing, body_size, hash_body, publish
from contexta.store.artifacts._claims import check_claims, differences
from contexta.store.artifacts._locking import binding_lock, object_lock
from contexta.store.artifacts._models import ArtifactBinding, ArtifactPutReceipt, BindingRevision
from contexta.store.artifacts._tombstones import forget_tombstone

if TYPE_CHECKING:
    from contexta.contract import ArtifactManifest
    from contexta.store.artifacts._config import IngestMode, VaultConfig
    from contexta.store.artifacts._hash_log import HashLog
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._quota import Quota
    from contexta.store.artifacts._staging import StagingArea


class Staged(NamedTuple):
    """Bytes that were hashed: a synced file in staging, or for a reference a file elsewhere."""

    path: Path
    size_bytes: int
    sha256: str
    body_kind: str


class Committer:
    """Places bodies and writes bindings of one store."""

    def __init__(
        self,
        config: VaultConfig,
        layout: Layout,
        staging: StagingArea,
        hash_log: HashLog,
        quota: Quota,
    ) -> None:
        self._config = config
        self._layout = layout
        self._staging = staging
        self._hash_log = hash_log
        self._quota = quota

    def place(self, session_id: str, staged: Path, sha256: str) -> None:
        """Move a staged file to its place, safe from collection until the session ends."""
        self._staging.pin(session_id, sha256)
        self._hash_log.note(sha256, publish(self._layout, staged, sha256))

    def require_room(self, staged: Staged) -> None:
        """Refuse what the quota has no room for."""
        if staged.body_kind != "reference":
            self._quota.require(staged.path, staged.sha256)

    def commit(
        self,
        manifest: ArtifactManifest,
        staged: Staged,
        *,
        session_id: str,
        mode: IngestMode,
        name: str,
        keep_source: bool = False,
    ) -> tuple[ArtifactPutReceipt, bool]:
        """Place and bind; return the receipt and whether the ref was free before.

        With `keep_source`, the staged file stays where it is when there is nothing to mend.
        """
        check_claims(manifest, staged.size_bytes, staged.sha256, self._config.verification_mode)
        self.require_room(staged)
        with binding_lock(self._layout, manifest.artifact_ref.text):
            stored = self.bound(manifest.artifact_ref.text, staged)
            path = self._bring(staged, session_id, keep=keep_source and stored is not None)
            if stored is not None:
                return self.again(manifest, stored, staged), False
            binding = self.new_binding(manifest, staged, mode, name)
            self.bind(binding)
        return ArtifactPutReceipt(binding, path, staged.size_bytes), True

    def bind_present(
        self,
        manifest: ArtifactManifest,
        staged: Staged,
        *,
        session_id: str,
        mode: IngestMode,
        name: str,
    ) -> ArtifactBinding:
        """Bind a ref to a body that lies at its place already."""
        check_claims(manifest, staged.size_bytes, staged.sha256, self._config.verification_mode)
        ref = manifest.artifact_ref.text
        self._staging.pin(session_id, staged.sha256)
        with binding_lock(self._layout, ref):
            with object_lock(self._layout, staged.sha256):
                # Whoever collects after this sees the pin; whoever did before is seen here.
                if body_size(staged.path) is None:
                    raise body_missing(ref, staged.path)
            stored = self.bound(ref, staged)
            if stored is not None:
                return self.again(manifest, stored, staged).binding
            binding = self.new_binding(manifest, staged, mode, name)
            self.bind(binding)
            return binding

    def bound(self, ref: str, staged: Staged) -> StoredBinding | None:
        """Return the binding when it names the same bytes; None when a new one is to be written.

        A damaged binding file is replaced when it still names the hash of these bytes.

        Raises:
            ConflictError: `artifact_binding_conflict`.
        """
        try:
            stored = read_stored(self._layout, ref)
        except IntegrityError:
            if binding_names(self._layout, ref, staged.sha256):
                return None
            raise
        if stored is None:
            return None
        if same_bytes(stored.binding, staged):
            return stored
        raise conflict(stored.binding, staged)

    def again(
        self, manifest: ArtifactManifest, stored: StoredBinding, staged: Staged
    ) -> ArtifactPutReceipt:
        """Write down what a repeated put changes: the manifest, a body for a reference."""
        binding = stored.binding
        changed = differences(manifest, binding.manifest_snapshot)
        history = stored.history
        if changed:
            before = BindingRevision(binding.revision, binding.manifest_snapshot, iso_utc_now())
            history = (*history, before)
            binding = replace(
                binding,
                artifact_kind=manifest.artifact_kind,
                manifest_snapshot=manifest,
                revision=binding.revision + 1,
            )
        if binding.body_kind == "reference" and staged.body_kind == "file":
            binding = replace(binding, body_kind="file", location=None)
        elif binding.body_kind == "reference" and body_size(self.path_of(binding)) is None:
            binding = replace(binding, location=str(staged.path))
        if binding != stored.binding:
            write_binding(self._layout, binding, history)
        return ArtifactPutReceipt(binding, self.path_of(binding), 0, changed)

    def bind(self, binding: ArtifactBinding) -> None:
        """Write the binding of a ref that was free; it is no longer a removed one."""
        write_binding(self._layout, binding)
        forget_tombstone(self._layout, binding.artifact_ref)

    def new_binding(
        self, manifest: ArtifactManifest, staged: Staged, mode: IngestMode, name: str
    ) -> ArtifactBinding:
        """Build the binding of staged bytes."""
        return ArtifactBinding(
            artifact_ref=manifest.artifact_ref.text,
            artifact_kind=manifest.artifact_kind,
            binding_id=f"binding-{uuid.uuid4().hex}",
            source_name=name,
            ingest_mode=mode.value,
            size_bytes=staged.size_bytes,
            hash_algorithm="sha256",
            hash_value=staged.sha256,
            layout_version=self._config.layout_version,
            created_at=iso_utc_now(),
            manifest_snapshot=manifest,
            body_kind=staged.body_kind,
            location=str(staged.path) if staged.body_kind == "reference" else None,
        )

    def path_of(self, binding: ArtifactBinding) -> Path:
        """Return where the body of a binding lies."""
        return body_place(self._layout, binding)

    def is_whole(self, path: Path, sha256: str) -> bool:
        """Tell whether a body is there with the right bytes; hashes it."""
        if body_size(path) is None:
            return False
        return hash_body(path, chunk_bytes=self._config.chunk_size_bytes)[1] == sha256

    def _bring(self, staged: Staged, session_id: str, *, keep: bool) -> Path:
        if staged.body_kind == "reference":
            return staged.path
        path = self._layout.body(staged.sha256)
        self._staging.pin(session_id, staged.sha256)
        if not (keep and self.is_whole(path, staged.sha256)):
            # Fresh bytes replace whatever is there, and so mend it.
            self.place(session_id, staged.path, staged.sha256)
        return path


def body_place(layout: Layout, binding: ArtifactBinding) -> Path:
    """Return where the body of a binding lies: in the store, or for a reference elsewhere."""
    if binding.location is not None:
        return Path(binding.location)
    return layout.body(binding.hash_value or "")


def same_bytes(binding: ArtifactBinding, staged: Staged) -> bool:
    """Tell whether a binding names the staged bytes; a reference and its copy are the same."""
    kinds = {binding.body_kind, staged.body_kind}
    return (
        binding.size_bytes == staged.size_bytes
        and binding.hash_value == staged.sha256
        and (len(kinds) == 1 or "tree" not in kinds)
    )


def conflict(binding: ArtifactBinding, staged: Staged, **more: str) -> ConflictError:
    """Build the error for a ref that is bound to other bytes."""
    return ConflictError(
        f"{binding.artifact_ref!r} is bound to other bytes. An artifact never changes; use a new "
        "ref.",
        code="artifact_binding_conflict",
        details={
            "artifact_ref": binding.artifact_ref,
            "bound_hash_value": binding.hash_value,
            "given_hash_value": staged.sha256,
            **more,
        },
    )


def unbound(ref: str, **details: str | None) -> NotFoundError:
    """Build the error for a ref under which nothing is stored."""
    removed = details.get("removed_at")
    text = f"; it was removed at {removed} ({details.get('reason')})" if removed else ""
    return NotFoundError(
        f"Nothing is stored under {ref!r}{text}.",
        code="artifact_store_binding_not_found",
        details={"artifact_ref": ref, **details},
    )
