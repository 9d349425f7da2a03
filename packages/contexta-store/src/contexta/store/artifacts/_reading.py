"""Bodies by ref: found, verified, then handed out."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from contexta.contract.errors import ArtifactError, IntegrityError, NotFoundError, ValidationError
from contexta.store.artifacts._bindings import read_binding
from contexta.store.artifacts._bodies import body_damaged, body_missing, body_size, open_body
from contexta.store.artifacts._commit import body_place, unbound
from contexta.store.artifacts._models import ArtifactHandle
from contexta.store.artifacts._tombstones import removal_facts
from contexta.store.artifacts._trees import MAX_TREE_BYTES, Tree, decode
from contexta.store.fs import (
    copy_hashed,
    ensure_private_dir,
    fsync_dir,
    open_private,
    temporary_name,
    translated_os_errors,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._models import ArtifactBinding


class Body(NamedTuple):
    """Where a body lies and what it hashes to."""

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
            raise unbound(ref, **removal_facts(self._layout, ref))
        return binding

    def handle(self, ref: str) -> ArtifactHandle:
        """Return binding and path; the body must be there, it is not read.

        Raises:
            NotFoundError: `artifact_store_binding_not_found`, `artifact_store_body_not_found`.
        """
        binding = self.binding(ref)
        path = body_place(self._layout, binding)
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
        return self.tree_object(handle.binding.hash_value or "", ref)

    def tree_object(self, sha256: str, ref: str) -> Tree:
        """Return the verified tree object with a hash; `ref` is for messages."""
        path = self._layout.body(sha256)
        if (body_size(path) or 0) > MAX_TREE_BYTES:
            raise ArtifactError(
                f"The tree object of {ref!r} is larger than {MAX_TREE_BYTES} bytes.",
                code="artifact_tree_too_large",
                details={"artifact_ref": ref},
            )
        with (
            self._open(ref, Body(path, sha256), verify=True) as file,
            translated_os_errors("read the body", path),
        ):
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
        if handle.binding.body_kind != "tree":
            self.copy_out(ref, body_of(handle), target)
            fsync_dir(target.parent)
            return
        tree = self.tree(ref)
        ensure_private_dir(target)
        for folder in tree.folders:
            ensure_private_dir(target / folder, follow=False)
        for member in tree.members:
            body = Body(self._layout.body(member.sha256), member.sha256)
            self.copy_out(ref, body, target / member.path)
        for folder in ("", *tree.folders):
            fsync_dir(target / folder)

    def read(self, ref: str, *, member: str | None, verify: bool) -> bytes:
        """Return a whole body, hashed as it is read."""
        body = self._resolve(ref, member)
        with (
            self._open(ref, body, verify=False) as file,
            translated_os_errors("read the body", body.path),
        ):
            data = file.read()
        if verify:
            require_same(ref, body, hashlib.sha256(data).hexdigest())
        return data

    def chunks(
        self, ref: str, *, member: str | None, verify: bool, size: int, start: int, stop: int | None
    ) -> Iterator[bytes]:
        """Yield a stretch of a body, after hashing all of it.

        Raises:
            IntegrityError: `artifact_store_body_changed` when it is written to meanwhile.
        """
        body = self._resolve(ref, member)
        with (
            self._open(ref, body, verify=verify) as file,
            translated_os_errors("read the body", body.path),
        ):
            before = os.fstat(file.fileno())
            file.seek(start)
            left = before.st_size if stop is None else stop - start
            while left > 0 and (chunk := file.read(min(size, left))):
                if verify and _stamp(os.fstat(file.fileno())) != _stamp(before):
                    raise _changed(ref, body.path)
                left -= len(chunk)
                yield chunk

    def copy_out(self, ref: str, body: Body, target: Path) -> None:
        """Copy a body to a new file, which appears only when every byte was right."""
        temporary = target.with_name(temporary_name())
        with (
            self._open(ref, body, verify=False) as source,
            translated_os_errors("write", target),
        ):
            fd = open_private(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            try:
                try:
                    copied = copy_hashed(source.fileno(), fd, chunk_bytes=self._chunk_bytes)
                    os.fsync(fd)
                finally:
                    os.close(fd)
                require_same(ref, body, copied.sha256)
                os.replace(temporary, target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise

    def _open(self, ref: str, body: Body, *, verify: bool) -> BinaryIO:
        return open_body(
            body.path, body.sha256, ref=ref, verify=verify, chunk_bytes=self._chunk_bytes
        )

    def _resolve(self, ref: str, member: str | None) -> Body:
        handle = self.handle(ref)
        is_tree = handle.binding.body_kind == "tree"
        if member is None:
            if is_tree:
                raise ArtifactError(
                    f"{ref!r} is a folder. Name one of its files with member=, or extract it.",
                    code="artifact_store_member_required",
                    details={"artifact_ref": ref},
                )
            return body_of(handle)
        for item in self.tree(ref).members:
            if item.path == member:
                return Body(self._layout.body(item.sha256), item.sha256)
        raise NotFoundError(
            f"{ref!r} has no file {member!r}.",
            code="artifact_store_member_not_found",
            details={"artifact_ref": ref, "member": member},
        )


def require_same(ref: str, body: Body, actual: str) -> None:
    """Raise `IntegrityError` `artifact_store_hash_mismatch` unless the bytes hash as stored."""
    if actual != body.sha256:
        raise body_damaged(ref, body.path, body.sha256, actual)


def body_of(handle: ArtifactHandle) -> Body:
    """Return where the body of an artifact lies and what it hashes to."""
    return Body(handle.path, handle.binding.hash_value or "")


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def _changed(ref: str, path: Path) -> IntegrityError:
    return IntegrityError(
        f"The body of {ref!r} was written to while it was read. Read it again; if it is damaged, "
        "put the artifact again with the right bytes.",
        code="artifact_store_body_changed",
        details={"artifact_ref": ref, "path": str(path)},
    )
