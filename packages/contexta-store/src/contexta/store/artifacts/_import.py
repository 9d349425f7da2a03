"""Take artifacts in from files and packages: everything is checked before anything counts.

Bodies are copied and hashed first; they are named by their hash, so a body alone changes
nothing. The binding is written last, in one step: new, or in place of the old one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import ArtifactError, StoreAccessError, ValidationError
from contexta.store.artifacts._bindings import read_stored, write_binding
from contexta.store.artifacts._bodies import body_size
from contexta.store.artifacts._checks import require_count, require_text
from contexta.store.artifacts._claims import check_claims, differences
from contexta.store.artifacts._commit import Staged, body_place, conflict, same_bytes
from contexta.store.artifacts._config import IngestMode
from contexta.store.artifacts._locking import binding_lock
from contexta.store.artifacts._package import (
    HASHES_NAME,
    MAX_DOCUMENT_BYTES,
    MAX_HASHES_BYTES,
    MEMBERS_NAME,
    METADATA_NAME,
    PackageHead,
    invalid,
    parse_head,
    parse_metadata,
)
from contexta.store.artifacts._quarantine import take_locked
from contexta.store.artifacts._trees import MAX_TREE_BYTES, decode
from contexta.store.fs import open_private, translated_os_errors, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from contexta.contract import ArtifactManifest
    from contexta.store.artifacts._bindings import StoredBinding
    from contexta.store.artifacts._commit import Committer
    from contexta.store.artifacts._config import VaultConfig
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._models import ArtifactBinding
    from contexta.store.artifacts._package_source import PackageSource
    from contexta.store.artifacts._quarantine import Quarantine
    from contexta.store.artifacts._staging import StagingArea

_CHUNK_BYTES = 1 << 20
_CARRIED = ("binding_id", "created_at", "source_name", "ingest_mode", "layout_version", "revision")


class ImportOutcome(StrEnum):
    """What an import did."""

    IMPORTED = "imported"
    SKIPPED = "skipped"
    REPLACED = "replaced"
    IDEMPOTENT = "idempotent"


class ImportConflictPolicy(StrEnum):
    """What an import does when its ref is bound to other bytes."""

    ERROR = "error"
    SKIP = "skip"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class ImportReceipt:
    """The result of an import.

    Attributes:
        artifact_ref: The artifact.
        outcome: What was done.
        bytes_written: Bytes of the artifact when a body was stored or mended, else 0.
        mapping_loss_report: Read-only, keys sorted. For a package: `package_root`; `not_kept`,
            the fields of the exported binding that the binding here does not have, where there
            are any; `manifest_differences`, likewise of the manifest. Empty for a plain file.
        quarantine_path: Where the replaced body lies, if one was there.
    """

    artifact_ref: str
    outcome: ImportOutcome
    bytes_written: int
    mapping_loss_report: Mapping[str, Any] | None = None
    quarantine_path: Path | None = None

    def __post_init__(self) -> None:
        require_text("artifact_ref", self.artifact_ref)
        require_count("bytes_written", self.bytes_written)
        report = dict(sorted((self.mapping_loss_report or {}).items()))
        object.__setattr__(self, "mapping_loss_report", MappingProxyType(report))


class Incoming(NamedTuple):
    """What is to be bound: checked, its bytes hashed, and copied unless the store only reads."""

    manifest: ArtifactManifest
    staged: Staged
    name: str
    binding: ArtifactBinding | None = None
    members: tuple[str, ...] = ()


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
        _require_listed(source, head)
        target = None if session_id is None else self._staging.body_path(session_id)
        binding = head.binding
        is_tree = binding is not None and binding.body_kind == "tree"
        members = self._read_members(source, head, session_id) if is_tree else {}
        raw, digest = _take(source, head.body_file, target, keep=is_tree)
        size = source.sizes[head.body_file]
        _require_facts(head, head.body_file, digest)
        if is_tree:
            size = _tree_size(raw, manifest_ref(head), members)
        if binding is not None and (binding.hash_value, binding.size_bytes) != (digest, size):
            raise _tampered(head.body_file, binding.hash_value or "", digest)
        staged = Staged(target or Path(head.body_file), size, digest, "tree" if is_tree else "file")
        return Incoming(head.manifest, staged, head.body_file, binding, tuple(members))

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
        whole = self._committer.is_whole(place, incoming.staged.sha256) and all(
            self._committer.is_whole(self._layout.body(name), name) for name in incoming.members
        )
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
            self._committer.again(manifest, stored, incoming.staged, place)
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
    ) -> dict[str, int]:
        members: dict[str, int] = {}
        for name in sorted(source.sizes):
            sha256 = name.removeprefix(f"{MEMBERS_NAME}/")
            if sha256 == name:
                continue
            target = None if session_id is None else self._staging.body_path(session_id)
            _, digest = _take(source, name, target, keep=False)
            if digest != sha256:
                raise _tampered(name, sha256, digest)
            _require_facts(head, name, digest)
            if session_id is not None and target is not None:
                size = source.sizes[name]
                self._committer.require_room(Staged(target, size, digest, "file"))
                self._committer.place(session_id, target, digest)
            members[sha256] = source.sizes[name]
        return members

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


def conflict_policy(value: object) -> ImportConflictPolicy:
    """Return a policy given as a member or as text in any case.

    Raises:
        ValidationError: `artifact_store_invalid_conflict_policy`.
    """
    if isinstance(value, str):
        text = str(getattr(value, "value", value)).strip().lower()
        if text in set(ImportConflictPolicy):
            return ImportConflictPolicy(text)
    raise ValidationError(
        f"{value!r} is not a conflict policy; use error, skip or replace.",
        code="artifact_store_invalid_conflict_policy",
        details={"value": repr(value)},
    )


def read_head(source: PackageSource) -> PackageHead:
    """Read and check the documents of a package."""
    metadata = parse_metadata(_document(source, METADATA_NAME, MAX_DOCUMENT_BYTES))
    manifest = _document(source, metadata["manifest_file"], MAX_DOCUMENT_BYTES)
    binding = hashes = None
    if metadata["binding_file"] in source.sizes:
        binding = _document(source, metadata["binding_file"], MAX_DOCUMENT_BYTES)
    if HASHES_NAME in source.sizes:
        hashes = _document(source, HASHES_NAME, MAX_HASHES_BYTES)
    head = parse_head(metadata, manifest, binding, hashes)
    for name, raw in ((metadata["manifest_file"], manifest), (metadata["binding_file"], binding)):
        if raw is not None:
            _require_facts(head, name, hashlib.sha256(raw).hexdigest())
    return head


def manifest_ref(head: PackageHead) -> str:
    """Return the ref of the artifact in a package."""
    return head.manifest.artifact_ref.text


def _document(source: PackageSource, name: str, most: int) -> bytes:
    if name not in source.sizes:
        raise invalid(f"it has no {name!r}")
    if source.sizes[name] > most:
        raise invalid(f"{name!r} is larger than {most} bytes")
    with source.open(name) as file, translated_os_errors("read", name):
        return file.read(source.sizes[name])


def _require_listed(source: PackageSource, head: PackageHead) -> None:
    """Refuse files that the package does not name, and facts that are not those of its files."""
    if head.hashes is None:
        if any(name.startswith(f"{MEMBERS_NAME}/") for name in source.sizes):
            raise invalid(f"it has members but no {HASHES_NAME}")
        return
    listed = set(head.hashes) | {HASHES_NAME}
    stray = sorted(source.sizes.keys() ^ listed)
    if stray:
        raise invalid(f"{HASHES_NAME} and the files differ in {', '.join(map(repr, stray[:5]))}")
    for name, facts in head.hashes.items():
        if source.sizes[name] != facts.size_bytes:
            raise invalid(
                f"{name!r} has {source.sizes[name]} bytes, {HASHES_NAME} says {facts.size_bytes}"
            )
    with source.open(METADATA_NAME) as file, translated_os_errors("read", METADATA_NAME):
        raw = file.read(source.sizes[METADATA_NAME])
    _require_facts(head, METADATA_NAME, hashlib.sha256(raw).hexdigest())


def _require_facts(head: PackageHead, name: str, digest: str) -> None:
    facts = None if head.hashes is None else head.hashes.get(name)
    if facts is not None and facts.sha256 != digest:
        raise _tampered(name, facts.sha256, digest)


def _take(
    source: PackageSource, name: str, target: Path | None, *, keep: bool
) -> tuple[bytes, str]:
    """Copy a file of a package (or only hash it); return its bytes when kept, and its hash."""
    if keep and source.sizes[name] > MAX_TREE_BYTES:
        raise invalid(f"{name!r} is larger than {MAX_TREE_BYTES} bytes")
    fd = None if target is None else open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    try:
        with source.open(name) as file, translated_os_errors("copy", name):
            kept, digest = _pump(file, fd, source.sizes[name], name, keep=keep)
            if fd is not None:
                os.fsync(fd)
    finally:
        if fd is not None:
            os.close(fd)
    return kept, digest


def _pump(
    file: IO[bytes], fd: int | None, size: int, name: str, *, keep: bool
) -> tuple[bytes, str]:
    """Read exactly as many bytes as were announced."""
    digest = hashlib.sha256()
    kept: list[bytes] = []
    left = size
    while left:
        chunk = file.read(min(_CHUNK_BYTES, left))
        if not chunk:
            raise invalid(f"{name!r} is shorter than announced")
        digest.update(chunk)
        left -= len(chunk)
        if fd is not None:
            write_all(fd, chunk)
        if keep:
            kept.append(chunk)
    return b"".join(kept), digest.hexdigest()


def _tree_size(raw: bytes, ref: str, members: Mapping[str, int]) -> int:
    tree = decode(raw, ref)
    wanted = {member.sha256: member.size_bytes for member in tree.members}
    if wanted != dict(members):
        raise invalid("its members are not those that its tree names")
    return tree.size_bytes


def _tampered(name: str, expected: str, actual: str) -> ArtifactError:
    return ArtifactError(
        f"{name!r} in the package is not what was exported: its SHA-256 is {actual}, not "
        f"{expected}. Nothing was imported.",
        code="artifact_store_hash_mismatch",
        details={"file": name, "expected_hash_value": expected, "actual_hash_value": actual},
    )
