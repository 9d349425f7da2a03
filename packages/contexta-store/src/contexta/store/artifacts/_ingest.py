"""From a source to a stored body and a binding.

Order of every put: bytes are copied into staging and hashed on the way, synced, compared with
the claims, moved to their place by hash, and only then is the binding written. A crash before
that last step leaves no artifact; after it, everything that the binding names is on disk.
"""

from __future__ import annotations

import hashlib
import os
import stat
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import ArtifactError, ConflictError, IntegrityError, ValidationError
from contexta.contract.time import iso_utc_now
from contexta.store.artifacts._bindings import (
    binding_lock,
    binding_names,
    read_binding,
    write_binding,
)
from contexta.store.artifacts._bodies import publish
from contexta.store.artifacts._claims import check_claims, differences, invalid_mode
from contexta.store.artifacts._config import IngestMode
from contexta.store.artifacts._models import ArtifactBinding, ArtifactPutReceipt, TreeMember
from contexta.store.artifacts._sources import (
    remove_empty_folders,
    remove_files,
    require_unchanged,
)
from contexta.store.artifacts._trees import Tree, walk
from contexta.store.fs import (
    copy_hashed,
    open_private,
    sha256_file,
    translated_os_errors,
    write_all,
)

if TYPE_CHECKING:
    from contexta.contract import ArtifactManifest
    from contexta.store.artifacts._config import VaultConfig
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._staging import StagingArea


class _Staged(NamedTuple):
    """A synced file in staging, and what it holds."""

    path: Path
    size_bytes: int
    sha256: str
    body_kind: str


class Ingest:
    """The puts of one store."""

    def __init__(self, config: VaultConfig, layout: Layout, staging: StagingArea) -> None:
        self._config = config
        self._layout = layout
        self._staging = staging

    def put(
        self,
        manifest: ArtifactManifest,
        source: str | Path,
        *,
        mode: IngestMode | str | None,
        source_name: str | None,
    ) -> ArtifactPutReceipt:
        """Store a file or folder; see `ArtifactStore.put_artifact`."""
        chosen = self._mode(mode)
        path, status = _look(source)
        name = source_name or path.name or path.resolve().name
        if stat.S_ISDIR(status.st_mode):
            return self._put_tree(manifest, path, chosen, name)
        if not stat.S_ISREG(status.st_mode):
            raise _invalid_source(path, "it is neither a file nor a folder")
        if chosen is IngestMode.ADOPT:
            return self._adopt(manifest, path, name)
        with self._staging.session() as target:
            staged = self._copy(path, target)
            if chosen is IngestMode.MOVE:
                require_unchanged(path, status)
            receipt, is_new = self._commit(manifest, staged, chosen, name)
        if chosen is IngestMode.MOVE and is_new:
            remove_files([path])
        return receipt

    def bind_existing(self, manifest: ArtifactManifest, body: Path) -> ArtifactBinding:
        """Bind a ref to a body that lies at its place; see `ArtifactStore.bind_artifact`."""
        path, status = _look(body)
        if not stat.S_ISREG(status.st_mode):
            raise _invalid_source(path, "it is not a file")
        sha256 = sha256_file(path, chunk_bytes=self._config.chunk_size_bytes)
        expected = self._layout.body(sha256)
        if path.resolve() != expected.resolve():
            raise ArtifactError(
                f"{str(path)!r} is not the place of a body with its content; that is "
                f"{str(expected)!r}.",
                code="artifact_store_noncanonical_body_path",
                details={"path": str(path), "expected_path": str(expected)},
            )
        staged = _Staged(path, status.st_size, sha256, "file")
        check_claims(manifest, staged.size_bytes, sha256, self._config.verification_mode)
        with binding_lock(self._layout, manifest.artifact_ref.text):
            bound = self._bound(manifest, staged)
            if bound is not None:
                return bound
            return self._bind(manifest, staged, IngestMode.ADOPT, path.name)

    def _mode(self, mode: IngestMode | str | None) -> IngestMode:
        if mode is None:
            return self._config.default_ingest_mode
        if isinstance(mode, str):
            try:
                return IngestMode(mode.strip().lower())
            except ValueError as error:
                raise invalid_mode(mode) from error
        raise invalid_mode(mode)

    def _copy(self, source: Path, target: Path) -> _Staged:
        """Copy a file into staging; what was hashed is what was written."""
        with translated_os_errors("copy", source):
            source_fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            try:
                target_fd = open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
                try:
                    copied = copy_hashed(
                        source_fd, target_fd, chunk_bytes=self._config.chunk_size_bytes
                    )
                    os.fsync(target_fd)
                finally:
                    os.close(target_fd)
            finally:
                os.close(source_fd)
        return _Staged(target, copied.size_bytes, copied.sha256, "file")

    def _adopt(self, manifest: ArtifactManifest, path: Path, name: str) -> ArtifactPutReceipt:
        resolved = path.resolve()
        session = self._staging.session_of(resolved)
        if session is None or path.is_symlink():
            raise ValidationError(
                f"{str(path)!r} cannot be adopted: it is not at a path that this store gave out. "
                "Use create_staging_path or a staged ingest, or mode 'move'.",
                code="artifact_store_invalid_adopt_source",
                details={"path": str(path)},
            )
        fd = open_private(resolved, os.O_RDONLY)
        with translated_os_errors("sync", resolved):
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        sha256 = sha256_file(resolved, chunk_bytes=self._config.chunk_size_bytes)
        staged = _Staged(resolved, resolved.stat().st_size, sha256, "file")
        receipt, is_new = self._commit(manifest, staged, IngestMode.ADOPT, name)
        if is_new:
            self._staging.end(session)
        return receipt

    def _put_tree(
        self, manifest: ArtifactManifest, source: Path, mode: IngestMode, name: str
    ) -> ArtifactPutReceipt:
        if mode is IngestMode.ADOPT:
            raise _invalid_source(source, "a folder is stored with mode 'copy' or 'move'")
        files, folders = walk(source)
        before = [(path, _look(path)[1]) for _, path in files]
        members: list[TreeMember] = []
        for relative, path in files:
            with self._staging.session() as target:
                staged = self._copy(path, target)
                publish(self._layout, staged.path, staged.sha256)
            members.append(TreeMember(relative, staged.size_bytes, staged.sha256))
        tree = Tree(tuple(members), folders)
        with self._staging.session() as target:
            staged = _write_tree(target, tree)
            if mode is IngestMode.MOVE:
                for path, status in before:
                    require_unchanged(path, status)
            receipt, is_new = self._commit(manifest, staged, mode, name)
        if mode is IngestMode.MOVE and is_new:
            remove_files([path for _, path in files])
            remove_empty_folders(source, folders)
        return receipt

    def _commit(
        self, manifest: ArtifactManifest, staged: _Staged, mode: IngestMode, name: str
    ) -> tuple[ArtifactPutReceipt, bool]:
        """Publish and bind; return the receipt and whether the ref was free before."""
        check_claims(manifest, staged.size_bytes, staged.sha256, self._config.verification_mode)
        with binding_lock(self._layout, manifest.artifact_ref.text):
            bound = self._bound(manifest, staged)
            path = self._layout.body(staged.sha256)
            # An adopted source must stay where it is when there is nothing to do; otherwise the
            # fresh copy replaces whatever is there, and so mends it.
            done = bound is not None and mode is IngestMode.ADOPT and _is_intact(path, staged)
            if not done:
                path = publish(self._layout, staged.path, staged.sha256)
            if bound is not None:
                changed = differences(manifest, bound.manifest_snapshot)
                return ArtifactPutReceipt(bound, path, 0, changed), False
            binding = self._bind(manifest, staged, mode, name)
        return ArtifactPutReceipt(binding, path, staged.size_bytes), True

    def _bound(self, manifest: ArtifactManifest, staged: _Staged) -> ArtifactBinding | None:
        """Return the binding when it names the same bytes; None when a new one is to be written.

        A damaged binding file is replaced when it still names the hash of these bytes.
        """
        ref = manifest.artifact_ref.text
        try:
            bound = read_binding(self._layout, ref)
        except IntegrityError:
            if binding_names(self._layout, ref, staged.sha256):
                return None
            raise
        if bound is None:
            return None
        same = (bound.size_bytes, bound.hash_value, bound.body_kind)
        if same == (staged.size_bytes, staged.sha256, staged.body_kind):
            return bound
        raise ConflictError(
            f"{ref!r} is bound to other bytes. An artifact never changes; use a new ref.",
            code="artifact_binding_conflict",
            details={
                "artifact_ref": ref,
                "bound_hash_value": bound.hash_value,
                "given_hash_value": staged.sha256,
            },
        )

    def _bind(
        self, manifest: ArtifactManifest, staged: _Staged, mode: IngestMode, name: str
    ) -> ArtifactBinding:
        binding = ArtifactBinding(
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
        )
        write_binding(self._layout, binding)
        return binding


def _look(source: str | Path) -> tuple[Path, os.stat_result]:
    if not isinstance(source, str | os.PathLike):
        raise ValidationError(
            f"source must be a path, not {type(source).__name__}.",
            code="artifact_store_invalid_source",
            details={"field_name": "source", "path": repr(source)[:200]},
        )
    path = Path(source).expanduser().absolute()
    with translated_os_errors("look at", path):
        try:
            return path, path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ValidationError(
                f"There is nothing at {str(path)!r} to store.",
                code="artifact_store_missing_source",
                details={"field_name": "source", "path": str(path)},
            ) from error


def _write_tree(target: Path, tree: Tree) -> _Staged:
    content = tree.encode()
    fd = open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    with translated_os_errors("write", target):
        try:
            write_all(fd, content)
            os.fsync(fd)
        finally:
            os.close(fd)
    return _Staged(target, tree.size_bytes, hashlib.sha256(content).hexdigest(), "tree")


def _is_intact(path: Path, staged: _Staged) -> bool:
    return path.is_file() and sha256_file(path) == staged.sha256


def _invalid_source(path: Path, reason: str) -> ValidationError:
    return ValidationError(
        f"{str(path)!r} cannot be stored: {reason}.",
        code="artifact_store_invalid_source",
        details={"field_name": "source", "path": str(path)},
    )
