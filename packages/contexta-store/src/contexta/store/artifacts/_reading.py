"""Bodies by ref: found, verified, then handed out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from contexta.contract.errors import ArtifactError, NotFoundError, ValidationError
from contexta.store.artifacts._bindings import read_binding
from contexta.store.artifacts._bodies import body_missing, body_size, open_body
from contexta.store.artifacts._models import ArtifactHandle
from contexta.store.artifacts._trees import MAX_TREE_BYTES, Tree, decode
from contexta.store.fs import (
    copy_hashed,
    ensure_private_dir,
    fsync_dir,
    open_private,
    translated_os_errors,
)

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._models import ArtifactBinding


class _Body(NamedTuple):
    path: Path
    sha256: str


class BodyReader:
    """Reads of one store."""

    def __init__(self, layout: Layout, *, chunk_bytes: int) -> None:
        self._layout = layout
        self._chunk_bytes = chunk_bytes

    def binding(self, ref: str) -> ArtifactBinding:
        """Return the binding of a ref.

        Raises:
            NotFoundError: `artifact_store_binding_not_found`.
        """
        binding = read_binding(self._layout, ref)
        if binding is None:
            raise NotFoundError(
                f"Nothing is stored under {ref!r}.",
                code="artifact_store_binding_not_found",
                details={"artifact_ref": ref},
            )
        return binding

    def handle(self, ref: str) -> ArtifactHandle:
        """Return binding and path; the body must be there, it is not read.

        Raises:
            NotFoundError: `artifact_store_binding_not_found`, `artifact_store_body_not_found`.
        """
        binding = self.binding(ref)
        path = self._layout.body(binding.hash_value or "")
        if body_size(path) is None:
            raise body_missing(ref, path)
        return ArtifactHandle(binding, path)

    def tree(self, ref: str) -> Tree:
        """Return the verified content list of a folder artifact.

        Raises:
            ArtifactError: `artifact_store_not_a_tree` when it is a file.
        """
        handle = self.handle(ref)
        if handle.binding.body_kind != "tree":
            raise ArtifactError(
                f"{ref!r} is a file, not a folder.",
                code="artifact_store_not_a_tree",
                details={"artifact_ref": ref},
            )
        if (body_size(handle.path) or 0) > MAX_TREE_BYTES:
            raise ArtifactError(
                f"The tree object of {ref!r} is larger than {MAX_TREE_BYTES} bytes.",
                code="artifact_tree_too_large",
                details={"artifact_ref": ref},
            )
        with self._open(ref, _body_of(handle), verify=True) as file:
            return decode(file.read(), ref)

    def open(self, ref: str, *, member: str | None, verify: bool) -> BinaryIO:
        """Open a body, or one file of a folder, after hashing all of it."""
        return self._open(ref, self._resolve(ref, member), verify=verify)

    def extract(self, ref: str, target: Path) -> None:
        """Copy an artifact, verified, to a path that does not exist yet."""
        handle = self.handle(ref)
        if os.path.lexists(target):
            raise ValidationError(
                f"{str(target)!r} exists. Name a path that does not.",
                code="artifact_store_target_exists",
                details={"path": str(target)},
            )
        if handle.binding.body_kind == "file":
            self._copy_out(ref, _body_of(handle), target)
            fsync_dir(target.parent)
            return
        tree = self.tree(ref)
        ensure_private_dir(target)
        for folder in tree.folders:
            ensure_private_dir(target / folder, follow=False)
        for member in tree.members:
            body = _Body(self._layout.body(member.sha256), member.sha256)
            self._copy_out(ref, body, target / member.path)
        for folder in ("", *tree.folders):
            fsync_dir(target / folder)

    def _copy_out(self, ref: str, body: _Body, target: Path) -> None:
        with self._open(ref, body, verify=True) as source:
            fd = open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            with translated_os_errors("write", target):
                try:
                    copy_hashed(source.fileno(), fd, chunk_bytes=self._chunk_bytes)
                    os.fsync(fd)
                finally:
                    os.close(fd)

    def _open(self, ref: str, body: _Body, *, verify: bool) -> BinaryIO:
        return open_body(
            body.path, body.sha256, ref=ref, verify=verify, chunk_bytes=self._chunk_bytes
        )

    def _resolve(self, ref: str, member: str | None) -> _Body:
        handle = self.handle(ref)
        is_tree = handle.binding.body_kind == "tree"
        if member is None:
            if is_tree:
                raise ArtifactError(
                    f"{ref!r} is a folder. Name one of its files with member=, or extract it.",
                    code="artifact_store_member_required",
                    details={"artifact_ref": ref},
                )
            return _body_of(handle)
        for item in self.tree(ref).members:
            if item.path == member:
                return _Body(self._layout.body(item.sha256), item.sha256)
        raise NotFoundError(
            f"{ref!r} has no file {member!r}.",
            code="artifact_store_member_not_found",
            details={"artifact_ref": ref, "member": member},
        )


def _body_of(handle: ArtifactHandle) -> _Body:
    return _Body(handle.path, handle.binding.hash_value or "")
