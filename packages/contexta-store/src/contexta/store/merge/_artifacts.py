"""Merge the artifacts: bodies by hash, then the bindings that name them."""

# ruff: noqa: SLF001 - a merge works below the public calls of the stores, beside them

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract import ArtifactManifest
from contexta.contract.errors import ContextaError, SchemaVersionError
from contexta.store.artifacts._bindings import (
    StoredBinding,
    binding_paths,
    read_stored,
    write_binding,
)
from contexta.store.artifacts._bodies import hash_body
from contexta.store.artifacts._layout import Layout
from contexta.store.artifacts._locking import binding_lock
from contexta.store.artifacts._tombstones import forget_tombstone, read_tombstone
from contexta.store.artifacts._trees import decode
from contexta.store.fs import copy_hashed, open_private, translated_os_errors
from contexta.store.merge._places import note_or_raise
from contexta.store.merge._renames import Renames, run_of
from contexta.store.merge._report import MergeDamage

if TYPE_CHECKING:
    from collections.abc import Collection

    from contexta.store.artifacts import ArtifactBinding, ArtifactStore
    from contexta.store.merge._report import Account

_CHUNK_BYTES = 1 << 20
_PRIVATE = 0o400
_MAX_TREE_BYTES = 256 << 20


class ArtifactMerge:
    """One merge of one artifact store into another.

    Args:
        source: Folder of the source's store.
        target: The open store; only read when `write` is off.
        renames: Refs that differ in the target.
        left_out: Runs of the source that do not come.
        account: Where to count.
        include_deleted: Whether what was removed in the target comes back.
    """

    def __init__(
        self,
        source: Path,
        target: ArtifactStore,
        renames: Renames,
        left_out: Collection[str],
        account: Account,
        *,
        include_deleted: bool,
    ) -> None:
        self._source = Layout(source)
        self._store = target
        self._target = target._layout
        self._renames = renames
        self._left_out = left_out
        self._account = account
        self._include_deleted = include_deleted
        self._done: set[str] = set()

    def run(self, *, write: bool) -> None:
        """Take every artifact that the target lacks.

        Raises:
            SchemaVersionError: A newer release wrote a binding.
            StoreAccessError: When the target refuses; what was taken before stays.
        """
        for path in sorted(binding_paths(self._source)):
            try:
                stored = self._read(path)
            except ContextaError as error:
                note_or_raise(self._account, "artifacts", error)
                continue
            self._take(stored, write=write)

    def _read(self, path: Path) -> StoredBinding:
        from contexta.store.artifacts._bindings import load_binding

        stored = read_stored(self._source, load_binding(path).artifact_ref)
        if stored is None:
            raise SchemaVersionError(f"{str(path)!r} is not the binding of its ref.")
        return stored

    def _take(self, stored: StoredBinding, *, write: bool) -> None:
        old = stored.binding.artifact_ref
        if run_of(old) in self._left_out:
            self._account.count("artifacts", "binding", "skipped")
            return
        incoming = self._renamed(stored)
        ref = incoming.binding.artifact_ref
        try:
            here = read_stored(self._target, ref)
        except SchemaVersionError:
            raise
        except ContextaError:
            here = None  # the copy mends it
        if here is not None:
            self._again(here.binding, incoming.binding, old)
            return
        removed = read_tombstone(self._target, ref)
        if removed is not None and not self._include_deleted:
            text = f"it was removed in the target at {removed.removed_at}"
            self._account.skip("artifacts", "binding", old, "deleted_in_target", text)
            return
        hashes = self._hashes(incoming.binding, old)
        if hashes is not None:
            self._bring(incoming, hashes, old, write=write)

    def _renamed(self, stored: StoredBinding) -> StoredBinding:
        if not self._renames:
            return stored
        binding = stored.binding
        manifest = self._manifest(binding.manifest_snapshot)
        ref = self._renames.ref(binding.artifact_ref)
        history = tuple(
            replace(item, manifest=self._manifest(item.manifest)) for item in stored.history
        )
        renamed = replace(binding, artifact_ref=ref, manifest_snapshot=manifest)
        return StoredBinding(renamed, history)

    def _manifest(self, manifest: ArtifactManifest) -> ArtifactManifest:
        return ArtifactManifest.model_validate(self._renames.content(manifest.to_dict()))

    def _again(self, here: ArtifactBinding, incoming: ArtifactBinding, old: str) -> None:
        if here.hash_value == incoming.hash_value:
            self._account.count("artifacts", "binding", "same")
            return
        text = "the target has other bytes under this ref, which stay"
        self._account.skip("artifacts", "binding", old, "binding_conflict", text)

    def _hashes(self, binding: ArtifactBinding, old: str) -> list[str] | None:
        """Return the bodies that a binding needs, itself last; None when a tree is damaged."""
        if binding.location is not None or binding.hash_value is None:
            return []
        if binding.body_kind != "tree":
            return [binding.hash_value]
        path = self._source.body(binding.hash_value)
        try:
            if self._damage_of(binding.hash_value) is not None:
                raise FileNotFoundError(path)
            with path.open("rb") as file:
                tree = decode(file.read(_MAX_TREE_BYTES), old)
        except (ContextaError, OSError):
            self._lose(old, f"{str(path)!r}, which lists its files, is missing or damaged")
            return None
        return [*dict.fromkeys(member.sha256 for member in tree.members), binding.hash_value]

    def _bring(self, incoming: StoredBinding, hashes: list[str], old: str, *, write: bool) -> None:
        binding = incoming.binding
        wanted = [sha256 for sha256 in hashes if sha256 not in self._done]
        lacking = [sha256 for sha256 in wanted if not self._has(sha256)]
        for sha256 in lacking:
            reason = self._damage_of(sha256)
            if reason is not None:
                self._lose(old, reason)
                return
        if write:
            with self._store._staging.session() as session_id:
                for sha256 in hashes:
                    self._store._staging.pin(session_id, sha256)
                for sha256 in lacking:
                    if not self._place(session_id, sha256):
                        self._lose(old, f"the body {sha256} changed while it was read")
                        return
                with binding_lock(self._target, binding.artifact_ref):
                    write_binding(self._target, binding, incoming.history)
                    forget_tombstone(self._target, binding.artifact_ref)
        else:
            sizes = [self._source.body(sha256).stat().st_size for sha256 in lacking]
            self._account.copied_bytes += sum(sizes)
        self._done.update(hashes)
        self._account.count("artifacts", "body", "new", len(lacking))
        self._account.count("artifacts", "body", "same", len(wanted) - len(lacking))
        self._account.count("artifacts", "binding", "new")

    def _has(self, sha256: str) -> bool:
        return bool(self._store._committer.is_whole(self._target.body(sha256), sha256))

    def _damage_of(self, sha256: str) -> str | None:
        """Return why a body of the source cannot be taken; every byte of it is read."""
        path = self._source.body(sha256)
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                return f"{str(path)!r} is not a regular file"
            actual = hash_body(path, chunk_bytes=_CHUNK_BYTES)[1]
        except (FileNotFoundError, NotADirectoryError):
            return f"the body {str(path)!r} is missing"
        except ContextaError as error:
            return error.message
        return None if actual == sha256 else f"the body {str(path)!r} is damaged"

    def _place(self, session_id: str, sha256: str) -> bool:
        staged = self._store._staging.body_path(session_id)
        source = self._source.body(sha256)
        size = self._link(source, staged)
        if size is None:
            size = self._copy(source, staged, sha256)
            if size is None:
                return False
            self._account.copied_bytes += size
        else:
            self._account.linked_bytes += size
        self._store._committer.place(session_id, staged, sha256)
        return True

    def _link(self, source: Path, staged: Path) -> int | None:
        """Share the file, where nobody can write to it through the other name; else None."""
        status = source.lstat()
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) != _PRIVATE:
            return None
        try:
            os.link(source, staged, follow_symlinks=False)
        except OSError:  # another file system, or one without links: the copy says what is wrong
            return None
        return status.st_size

    def _copy(self, source: Path, staged: Path, sha256: str) -> int | None:
        come = open_private(source, os.O_RDONLY)
        try:
            into = open_private(staged, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            try:
                with translated_os_errors("copy", source):
                    copied = copy_hashed(come, into, chunk_bytes=_CHUNK_BYTES)
                    os.fsync(into)
            finally:
                os.close(into)
        finally:
            os.close(come)
        return copied.size_bytes if copied.sha256 == sha256 else None

    def _lose(self, ref: str, reason: str) -> None:
        self._account.skip("artifacts", "binding", ref, "body_missing", reason)
        text = f"{ref!r} did not come: {reason}."
        self._account.damage.append(MergeDamage("artifacts", "body_missing", text))
