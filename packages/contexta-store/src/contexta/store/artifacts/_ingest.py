"""From a source to staging.

Bytes are copied into staging, hashed on the way and synced; what was hashed is what was written.
`Committer` does the rest: claims, place, binding.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import ArtifactError, ValidationError
from contexta.store.artifacts._claims import invalid_mode
from contexta.store.artifacts._commit import Staged
from contexta.store.artifacts._config import IngestMode
from contexta.store.artifacts._models import TreeMember
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
    from contexta.store.artifacts._commit import Committer
    from contexta.store.artifacts._config import VaultConfig
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._models import ArtifactBinding, ArtifactPutReceipt
    from contexta.store.artifacts._staging import StagingArea


class Ingest:
    """The puts of one store."""

    def __init__(
        self, config: VaultConfig, layout: Layout, staging: StagingArea, committer: Committer
    ) -> None:
        self._config = config
        self._layout = layout
        self._staging = staging
        self._committer = committer

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
        with self._staging.session() as session_id:
            staged = self.copy_in(path, self._staging.body_path(session_id))
            if chosen is IngestMode.MOVE:
                require_unchanged(path, status)
            receipt, is_new = self._committer.commit(
                manifest, staged, session_id=session_id, mode=chosen, name=name
            )
        if chosen is IngestMode.MOVE and is_new:
            remove_files([path])
        return receipt

    def bind_existing(
        self, manifest: ArtifactManifest, body: Path, *, source_name: str | None
    ) -> ArtifactBinding:
        """Bind a ref to a body that lies at its place; see `ArtifactStore.bind_artifact`."""
        staged = self.measure(body)
        expected = self._layout.body(staged.sha256)
        if staged.path.resolve() != expected.resolve():
            raise ArtifactError(
                f"{str(staged.path)!r} is not the place of a body with its content; that is "
                f"{str(expected)!r}. Put the file, or reference it where it is.",
                code="artifact_store_noncanonical_body_path",
                details={"path": str(staged.path), "expected_path": str(expected)},
            )
        with self._staging.session() as session_id:
            return self._committer.bind_present(
                manifest,
                staged,
                session_id=session_id,
                mode=IngestMode.ADOPT,
                name=source_name or body.name,
            )

    def reference(
        self, manifest: ArtifactManifest, source: str | Path, *, source_name: str | None
    ) -> ArtifactPutReceipt:
        """Bind a file that stays where it is; see `ArtifactStore.reference_artifact`."""
        path, status = _look(source)
        measured = self.measure(path)
        real = path.resolve()
        if real.is_relative_to(self._layout.root.resolve()):
            raise _invalid_source(path, "it lies inside the store; put it or bind it instead")
        require_unchanged(path, status)
        staged = measured._replace(path=real, body_kind="reference")
        with self._staging.session() as session_id:
            return self._committer.commit(
                manifest,
                staged,
                session_id=session_id,
                mode=IngestMode.ADOPT,
                name=source_name or path.name,
            )[0]

    def _mode(self, mode: IngestMode | str | None) -> IngestMode:
        if mode is None:
            return self._config.default_ingest_mode
        if isinstance(mode, str):
            try:
                return IngestMode(mode.strip().lower())
            except ValueError as error:
                raise invalid_mode(mode) from error
        raise invalid_mode(mode)

    def measure(self, source: str | Path) -> Staged:
        """Hash a file where it is."""
        path, status = _look(source)
        if not stat.S_ISREG(status.st_mode):
            raise _invalid_source(path, "it is not a file")
        sha256 = sha256_file(path, chunk_bytes=self._config.chunk_size_bytes)
        return Staged(path, status.st_size, sha256, "file")

    def copy_in(self, source: Path, target: Path) -> Staged:
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
        return Staged(target, copied.size_bytes, copied.sha256, "file")

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
        staged = Staged(resolved, resolved.stat().st_size, sha256, "file")
        receipt, is_new = self._committer.commit(
            manifest,
            staged,
            session_id=session,
            mode=IngestMode.ADOPT,
            name=name,
            keep_source=True,
        )
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
        with self._staging.session() as session_id:
            target = self._staging.body_path(session_id)
            for relative, path in files:
                staged = self.copy_in(path, target)
                self._committer.require_room(staged)
                self._committer.place(session_id, staged.path, staged.sha256)
                members.append(TreeMember(relative, staged.size_bytes, staged.sha256))
            staged = write_tree(target, Tree(tuple(members), folders))
            if mode is IngestMode.MOVE:
                for path, status in before:
                    require_unchanged(path, status)
            receipt, is_new = self._committer.commit(
                manifest, staged, session_id=session_id, mode=mode, name=name
            )
        if mode is IngestMode.MOVE and is_new:
            remove_files([path for _, path in files])
            remove_empty_folders(source, folders)
        return receipt


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
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:
            # ValueError: a NUL or a lone surrogate, which no file can have in its name.
            raise ValidationError(
                f"There is nothing at {str(path)!r} to store.",
                code="artifact_store_missing_source",
                details={"field_name": "source", "path": str(path)},
            ) from error


def write_tree(target: Path, tree: Tree) -> Staged:
    """Write a tree object into staging."""
    content = tree.encode()
    fd = open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    with translated_os_errors("write", target):
        try:
            write_all(fd, content)
            os.fsync(fd)
        finally:
            os.close(fd)
    return Staged(target, tree.size_bytes, hashlib.sha256(content).hexdigest(), "tree")


def _invalid_source(path: Path, reason: str) -> ValidationError:
    return ValidationError(
        f"{str(path)!r} cannot be stored: {reason}.",
        code="artifact_store_invalid_source",
        details={"field_name": "source", "path": str(path)},
    )
