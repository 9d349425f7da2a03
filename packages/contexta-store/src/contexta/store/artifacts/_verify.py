"""Compare what is on disk with what was stored."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import ContextaError, IntegrityError, NotFoundError
from contexta.contract.time import iso_utc_now
from contexta.store.artifacts._bindings import binding_paths, load_binding
from contexta.store.artifacts._bodies import body_size, hash_body
from contexta.store.artifacts._checks import bare_sha256
from contexta.store.artifacts._reports import VerificationReport, VerificationStatus
from contexta.store.fs import translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.contract import ArtifactManifest
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._models import ArtifactBinding
    from contexta.store.artifacts._reading import BodyReader


class Bindings(NamedTuple):
    """All bindings in ref order, and the errors of those that cannot be read."""

    readable: tuple[ArtifactBinding, ...]
    damaged: tuple[tuple[Path, ContextaError], ...]


class _Found(NamedTuple):
    status: VerificationStatus
    size: int | None
    sha256: str | None
    messages: tuple[str, ...]


class Verifier:
    """The checks of one store. They read only."""

    def __init__(self, layout: Layout, reader: BodyReader, *, chunk_bytes: int) -> None:
        self._layout = layout
        self._reader = reader
        self._chunk_bytes = chunk_bytes

    def bindings(self) -> Bindings:
        """Read every binding; one that is damaged does not hide the others."""
        readable: list[ArtifactBinding] = []
        damaged: list[tuple[Path, ContextaError]] = []
        for path in sorted(binding_paths(self._layout)):
            try:
                readable.append(load_binding(path))
            except ContextaError as error:
                damaged.append((path, error))
        readable.sort(key=lambda binding: binding.artifact_ref)
        return Bindings(tuple(readable), tuple(damaged))

    def report(
        self, binding: ArtifactBinding, manifest: ArtifactManifest | None = None, *, deep: bool
    ) -> VerificationReport:
        """Check one artifact.

        Args:
            binding: What was stored.
            manifest: Whose claims count; those of the binding when None.
            deep: Whether every byte is read; otherwise only presence and size are looked at.
        """
        claims = manifest or binding.manifest_snapshot
        size = binding.size_bytes if claims.size_bytes is None else claims.size_bytes
        sha256 = binding.hash_value or ""
        if claims.hash_value is not None:
            sha256 = bare_sha256(claims.hash_value) or claims.hash_value
        look = self._look_at_tree if binding.body_kind == "tree" else self._look_at_file
        found = look(binding, size, sha256, deep=deep)
        return VerificationReport(
            artifact_ref=binding.artifact_ref,
            status=found.status,
            verified=found.status is VerificationStatus.VERIFIED,
            exists=found.status is not VerificationStatus.MISSING,
            actual_size_bytes=found.size,
            expected_size_bytes=size,
            actual_hash_value=found.sha256,
            expected_hash_value=sha256,
            checked_at=iso_utc_now(),
            messages=found.messages,
        )

    def orphans(self, bindings: Bindings) -> tuple[Path, ...]:
        """Return the bodies that no binding names; none when a binding cannot be read."""
        if bindings.damaged:
            return ()
        used: set[str] = set()
        for binding in bindings.readable:
            used.add(binding.hash_value or "")
            if binding.body_kind == "tree":
                try:
                    tree = self._reader.tree(binding.artifact_ref)
                except (IntegrityError, NotFoundError):
                    return ()  # its members cannot be told from orphans
                used.update(member.sha256 for member in tree.members)
        return tuple(sorted(path for path in self._bodies() if path.name not in used))

    def _bodies(self) -> list[Path]:
        found: list[Path] = []
        with translated_os_errors("list", self._layout.objects):
            for folder, _, names in os.walk(self._layout.objects):
                base = self._layout.objects / folder
                found.extend(base / name for name in names if not name.startswith("_"))
        return found

    def _look_at_file(
        self, binding: ArtifactBinding, size: int, sha256: str, *, deep: bool
    ) -> _Found:
        path = self._layout.body(binding.hash_value or "")
        actual = body_size(path)
        if actual is None:
            return _missing("The body is not there.")
        if not deep:
            return _compare(actual, size, None, sha256)
        actual, digest = hash_body(path, chunk_bytes=self._chunk_bytes)
        return _compare(actual, size, digest, sha256)

    def _look_at_tree(
        self, binding: ArtifactBinding, size: int, sha256: str, *, deep: bool
    ) -> _Found:
        try:
            tree = self._reader.tree(binding.artifact_ref)
        except NotFoundError:
            return _missing("The tree object is not there.")
        except IntegrityError as error:
            return _Found(VerificationStatus.HASH_MISMATCH, None, None, (error.message,))
        for member in tree.members:
            path = self._layout.body(member.sha256)
            actual = body_size(path)
            if actual is None:
                return _missing(f"The body of member {member.path!r} is not there.")
            digest = None
            if deep:
                actual, digest = hash_body(path, chunk_bytes=self._chunk_bytes)
            found = _compare(actual, member.size_bytes, digest, member.sha256)
            if found.status is not VerificationStatus.VERIFIED:
                messages = tuple(f"{member.path!r}: {message}" for message in found.messages)
                return _Found(found.status, None, None, messages)
        return _compare(tree.size_bytes, size, binding.hash_value, sha256)


def _missing(message: str) -> _Found:
    return _Found(VerificationStatus.MISSING, None, None, (message,))


def _compare(size: int, expected_size: int, sha256: str | None, expected: str) -> _Found:
    messages = []
    if size != expected_size:
        messages.append(f"The size is {size} bytes, expected {expected_size}.")
    wrong_hash = sha256 is not None and sha256 != expected
    if wrong_hash:
        messages.append(f"The SHA-256 is {sha256}, expected {expected}.")
    if size != expected_size:
        status = VerificationStatus.SIZE_MISMATCH
    elif wrong_hash:
        status = VerificationStatus.HASH_MISMATCH
    else:
        status = VerificationStatus.VERIFIED
        messages.append("Size and hash are as expected." if sha256 else "The size is as expected.")
    return _Found(status, size, sha256, tuple(messages))
