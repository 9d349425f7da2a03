"""Take artifacts in from files and packages: everything is checked before anything counts.

Bodies are copied and hashed first; they are named by their hash, so a body alone changes
nothing. The binding is written last, in one step: new, or in place of the old one.
"""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import ArtifactError, StoreAccessError, ValidationError
from contexta.store.artifacts._bindings import read_stored, write_binding
from contexta.store.artifacts._bodies import body_size
from contexta.store.artifacts._claims import check_claims, differences
from contexta.store.artifacts._commit import Staged, body_place, conflict, same_bytes
from contexta.store.artifacts._config import IngestMode
from contexta.store.artifacts._import_models import (
    ImportConflictPolicy,
    ImportOutcome,
    ImportReceipt,
)
from contexta.store.artifacts._locking import binding_lock
from contexta.store.artifacts._package import MEMBERS_NAME
from contexta.store.artifacts._package_read import (
    read_head,
    require_facts,
    require_listed,
    take,
    tampered,
    tree_size,
)
from contexta.store.artifacts._quarantine import take_locked
from contexta.store.fs import translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from contexta.contract import ArtifactManifest
    from contexta.store.artifacts._bindings import StoredBinding
    from contexta.store.artifacts._commit import Committer
    from contexta.store.artifacts._config import VaultConfig
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._models import ArtifactBinding
    from contexta.store.artifacts._package import PackageHead
    from contexta.store.artifacts._package_source import PackageSource
    from contexta.store.artifacts._quarantine import Quarantine
    from contexta.store.artifacts._staging import StagingArea

_CARRIED = ("binding_id", "created_at", "source_name", "ingest_mode", "layout_version", "revision")


class Incoming(NamedTuple):
    """What is to be bound: checked, its bytes hashed, and copied unless the store only reads.

    `lacked` tells whether files of a folder artifact were missing or damaged here before.
    """

    manifest: ArtifactManifest
    staged: Staged
    name: str
    binding: ArtifactBinding | None = None
    lacked: bool = False


class Importer:
    """The imports of one store."""

    def __init__(
        self,
        config: VaultConfig,
        layout: Layout,
        staging: StagingArea,
        committer: Committer,
        quarantine: Quarantine,
    ) -> None:
        self._config = config
        self._layout = layout
        self._staging = staging
        self._committer = committer
        self._quarantine = quarantine

    def settle(
        self,
        incoming: Incoming,
        policy: ImportConflictPolicy,
        *,
        session_id: str | None,
        require_writable: Callable[[], None],
    ) -> ImportReceipt:
        """Decide by what is bound, and write what that asks for."""
        manifest, staged = incoming.manifest, incoming.staged
        mode = self._config.verification_mode
        check_claims(manifest, staged.size_bytes, staged.sha256, mode)
        ref = manifest.artifact_ref.text
        with nullcontext() if session_id is None else binding_lock(self._layout, ref):
            stored = read_stored(self._layout, ref)
            if stored is not None and same_bytes(stored.binding, staged):
                return self._same(incoming, stored, policy, session_id, require_writable)
            if stored is not None and policy is ImportConflictPolicy.SKIP:
                return ImportReceipt(ref, ImportOutcome.SKIPPED, 0)
            if stored is not None and policy is ImportConflictPolicy.ERROR:
                raise conflict(stored.binding, staged, conflict_policy=policy.value)
            if session_id is None:
                require_writable()
                raise ArtifactError("A read-only store has no session.")
            self._bring(incoming, session_id)
            aside = None if stored is None else self._put_aside(stored.binding)
            binding = self._new_binding(incoming)
            if stored is None:
                self._committer.bind(binding)
                return ImportReceipt(ref, ImportOutcome.IMPORTED, staged.size_bytes)
            write_binding(self._layout, binding)
            return ImportReceipt(
                ref, ImportOutcome.REPLACED, staged.size_bytes, quarantine_path=aside
            )

    def read_package(self, source: PackageSource, session_id: str | None) -> Incoming:
        """Check a package whole and copy its bodies; without a session they are only hashed."""
        head = read_head(source)
        if session_id is not None:
            self._require_space(sum(source.sizes.values()))
        if head.body_file not in source.sizes:
            raise ValidationError(
                f"The package has no file {head.body_file!r}, which is its body.",
                code="artifact_store_missing_source",
                details={"field_name": "source", "path": head.body_file},
            )
        require_listed(source, head)
        target = None if session_id is None else self._staging.body_path(session_id)
        binding = head.binding
        is_tree = binding is not None and binding.body_kind == "tree"
        members, lacked = self._read_members(source, head, session_id) if is_tree else ({}, False)
        raw, digest = take(source, head.body_file, target, keep=is_tree)
        size = source.sizes[head.body_file]
        require_facts(head, head.body_file, digest)
        if is_tree:
            size = tree_size(raw, head.manifest.artifact_ref.text, members)
        if binding is not None and (binding.hash_value, binding.size_bytes) != (digest, size):
            raise tampered(head.body_file, binding.hash_value or "", digest)
        staged = Staged(target or Path(head.body_file), size, digest, "tree" if is_tree else "file")
        return Incoming(head.manifest, staged, head.body_file, binding, lacked)

    def loss_report(
        self, receipt: ImportReceipt, incoming: Incoming, package_root: Path
    ) -> ImportReceipt:
        """Say what the binding here does not have of the exported one."""
        stored = read_stored(self._layout, receipt.artifact_ref)
        report: dict[str, Any] = {"package_root": str(package_root)}
        if stored is not None:
            given, bound = incoming.binding, stored.binding
            lost = [name for name in _CARRIED if given is None]
            if given is not None:
                lost = [n for n in (*_CARRIED, "body_kind", "location")
                        if getattr(given, n) != getattr(bound, n)]  # fmt: skip
                if given.revision > 1:
                    lost.append("history")
            changed = differences(incoming.manifest, bound.manifest_snapshot)
            report.update({"not_kept": tuple(sorted(lost))} if lost else {})
            report.update({"manifest_differences": changed} if changed else {})
        return replace(receipt, mapping_loss_report=report)

    def _same(
        self,
        incoming: Incoming,
        stored: StoredBinding,
        policy: ImportConflictPolicy,
        session_id: str | None,
        require_writable: Callable[[], None],
    ) -> ImportReceipt:
        """Mend what is missing or damaged; with `replace`, take the manifest over as well."""
        ref = stored.binding.artifact_ref
        if policy is ImportConflictPolicy.SKIP:
            return ImportReceipt(ref, ImportOutcome.SKIPPED, 0)
        place = body_place(self._layout, stored.binding)
        whole = not incoming.lacked and self._committer.is_whole(place, incoming.staged.sha256)
        changed = differences(incoming.manifest, stored.binding.manifest_snapshot)
        takes_over = bool(changed) and policy is ImportConflictPolicy.REPLACE
        if whole and not takes_over:
            return ImportReceipt(ref, ImportOutcome.IDEMPOTENT, 0)
        if session_id is None:
            require_writable()
            raise ArtifactError("A read-only store has no session.")
        self._bring(incoming, session_id)
        if takes_over or stored.binding.location is not None:
            manifest = incoming.manifest if takes_over else stored.binding.manifest_snapshot
            self._committer.again(manifest, stored, incoming.staged)
        size = 0 if whole else incoming.staged.size_bytes
        return ImportReceipt(ref, ImportOutcome.IDEMPOTENT, size)

    def _bring(self, incoming: Incoming, session_id: str) -> None:
        self._committer.require_room(incoming.staged)
        self._committer.place(session_id, incoming.staged.path, incoming.staged.sha256)

    def _put_aside(self, binding: ArtifactBinding) -> Path | None:
        sha256 = binding.hash_value or ""
        if binding.location is not None or body_size(self._layout.body(sha256)) is None:
            return None
        refs = (binding.artifact_ref,)
        return take_locked(
            self._layout, self._quarantine, sha256, reason="replaced", refs=refs, keep=True
        )

    def _new_binding(self, incoming: Incoming) -> ArtifactBinding:
        fresh = self._committer.new_binding(
            incoming.manifest, incoming.staged, IngestMode.COPY, incoming.name
        )
        given = incoming.binding
        if given is None:
            return fresh
        return replace(fresh, **{name: getattr(given, name) for name in _CARRIED})

    def _read_members(
        self, source: PackageSource, head: PackageHead, session_id: str | None
    ) -> tuple[dict[str, int], bool]:
        """Check the members and place those that lack here.

        Returns:
            Hash to bytes, and whether any lacked.
        """
        members: dict[str, int] = {}
        lacked = False
        for name in sorted(source.sizes):
            sha256 = name.removeprefix(f"{MEMBERS_NAME}/")
            if sha256 == name:
                continue
            target = None if session_id is None else self._staging.body_path(session_id)
            _, digest = take(source, name, target, keep=False)
            if digest != sha256:
                raise tampered(name, sha256, digest)
            require_facts(head, name, digest)
            members[sha256] = source.sizes[name]
            if session_id is not None:
                self._staging.pin(session_id, digest)
            whole = self._committer.is_whole(self._layout.body(digest), digest)
            lacked = lacked or not whole
            if session_id is None or target is None:
                continue
            if whole:
                target.unlink()
            else:
                self._committer.require_room(Staged(target, members[sha256], digest, "file"))
                self._committer.place(session_id, target, digest)
        return members, lacked

    def _require_space(self, needed: int) -> None:
        with translated_os_errors("look at", self._layout.root):
            free = shutil.disk_usage(self._layout.root).free
        if needed > free:
            raise StoreAccessError(
                f"The package needs {needed} bytes, the disk has {free}. Free some space and "
                "call again.",
                code="store_disk_full",
                details={"path": str(self._layout.root), "needed_bytes": needed},
                retryable=True,
            )
