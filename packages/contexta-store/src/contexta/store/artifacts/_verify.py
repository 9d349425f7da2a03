"""Compare what is on disk with what was stored."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import ArtifactError, IntegrityError, NotFoundError
from contexta.contract.time import iso_utc_now
from contexta.store.artifacts._bodies import body_status, hash_body
from contexta.store.artifacts._checks import bare_sha256
from contexta.store.artifacts._commit import body_place
from contexta.store.artifacts._reports import VerificationReport, VerificationStatus
from contexta.store.fs import translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from contexta.contract import ArtifactManifest
    from contexta.store.artifacts._catalogue import Catalogue, CatalogueEntry, Listing
    from contexta.store.artifacts._hash_log import HashedBody, HashLog
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._models import ArtifactBinding
    from contexta.store.artifacts._reading import BodyReader


class Looked(NamedTuple):
    """A body that was looked at: its size, and its SHA-256 where that is known."""

    size: int
    sha256: str | None


class Found(NamedTuple):
    """What looking at one artifact found."""

    status: VerificationStatus
    size: int | None
    sha256: str | None
    messages: tuple[str, ...]


class Verifier:
    """The checks of one store. They read only; what was found right is noted in the hash log."""

    def __init__(
        self,
        layout: Layout,
        reader: BodyReader,
        catalogue: Catalogue,
        hash_log: HashLog,
        *,
        chunk_bytes: int,
    ) -> None:
        self._layout = layout
        self._reader = reader
        self._catalogue = catalogue
        self._hash_log = hash_log
        self._chunk_bytes = chunk_bytes
        self._members: dict[str, frozenset[str]] = {}

    def look(self, path: Path, sha256: str) -> Looked | None:
        """Read every byte of a body; None when it is not there."""
        if body_status(path) is None:
            return None
        status, actual = hash_body(path, chunk_bytes=self._chunk_bytes)
        after = body_status(path)
        if actual == sha256 and after is not None and self.is_place(path, sha256):
            same = (after.st_ino, after.st_mtime_ns) == (status.st_ino, status.st_mtime_ns)
            if same:
                self._hash_log.note(sha256, after)
        return Looked(status.st_size, actual)

    def report(
        self,
        binding: ArtifactBinding,
        manifest: ArtifactManifest | None = None,
        look: Callable[[Path, str], Looked | None] | None = None,
    ) -> VerificationReport:
        """Check one artifact.

        Args:
            binding: What was stored.
            manifest: Whose claims count; those of the binding when None.
            look: Looks at one body; reads all of it when None.
        """
        claims = manifest or binding.manifest_snapshot
        size = binding.size_bytes if claims.size_bytes is None else claims.size_bytes
        sha256 = binding.hash_value or ""
        if claims.hash_value is not None:
            sha256 = bare_sha256(claims.hash_value) or claims.hash_value
        found = self.examine(binding, size, sha256, look or self.look)
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

    def examine(
        self,
        binding: ArtifactBinding,
        size: int,
        sha256: str,
        look: Callable[[Path, str], Looked | None],
    ) -> Found:
        """Compare an artifact with a size and a hash."""
        if binding.body_kind == "tree":
            return self._examine_tree(binding, size, sha256, look)
        path = body_place(self._layout, binding)
        looked = look(path, binding.hash_value or "")
        if looked is None:
            where = f" at {str(path)!r}" if binding.location is not None else ""
            return missing(f"The body is not there{where}.")
        return compare(looked.size, size, looked.sha256, sha256)

    def needed(self, entries: Iterable[CatalogueEntry]) -> tuple[set[str], str | None]:
        """Return the hashes of all bodies that bindings need.

        Returns:
            The hashes, and why they are not all known: None when they are.
        """
        used: set[str] = set()
        trees: set[str] = set()
        for entry in entries:
            if entry.body_kind == "reference":
                continue
            used.add(entry.sha256)
            if entry.body_kind == "tree" and entry.sha256 not in trees:
                trees.add(entry.sha256)
                try:
                    used |= self.members(entry.sha256, entry.ref)
                except (IntegrityError, NotFoundError, ArtifactError) as error:
                    return used, error.message  # its members cannot be told from orphans
        return used, None

    def members(self, sha256: str, ref: str) -> frozenset[str]:
        """Return the hashes of the files in a tree; a tree never changes, so it is read once."""
        if sha256 not in self._members:
            tree = self._reader.tree_object(sha256, ref)
            self._members[sha256] = frozenset(member.sha256 for member in tree.members)
        return self._members[sha256]

    def orphans(self, listing: Listing, pinned: set[str]) -> tuple[Path, ...]:
        """Return the files in the body area that nothing needs; none when that is not known."""
        if listing.damaged:
            return ()
        used, unknown = self.needed(listing.entries)
        if unknown is not None:
            return ()
        used |= pinned
        return tuple(
            path
            for path in self.bodies()
            if path.name not in used or path != self._layout.body(path.name)
        )

    def bodies(self) -> list[Path]:
        """Return the files in the body area, sorted."""
        found: list[Path] = []
        with translated_os_errors("list", self._layout.objects):
            for folder, _, names in os.walk(self._layout.objects):
                base = self._layout.objects / folder
                found.extend(base / name for name in names if not name.startswith("_"))
        return sorted(found)

    def is_place(self, path: Path, sha256: str) -> bool:
        """Tell whether a path is the place of a body in the store."""
        return path == self._layout.body(sha256)

    def recorded(self, known: dict[str, HashedBody], path: Path, sha256: str) -> Looked | None:
        """Look at a body without reading it, if it is still the file that was hashed."""
        status = body_status(path)
        if status is None:
            return None
        entry = known.get(sha256)
        if entry is not None and path == self._layout.body(sha256) and entry.describes(status):
            return Looked(status.st_size, sha256)
        return Looked(status.st_size, None)

    def _examine_tree(
        self,
        binding: ArtifactBinding,
        size: int,
        sha256: str,
        look: Callable[[Path, str], Looked | None],
    ) -> Found:
        try:
            tree = self._reader.tree(binding.artifact_ref)
        except NotFoundError:
            return missing("The tree object is not there.")
        except IntegrityError as error:
            return Found(VerificationStatus.HASH_MISMATCH, None, None, (error.message,))
        for member in tree.members:
            looked = look(self._layout.body(member.sha256), member.sha256)
            if looked is None:
                return missing(f"The body of member {member.path!r} is not there.")
            found = compare(looked.size, member.size_bytes, looked.sha256, member.sha256)
            if found.status is not VerificationStatus.VERIFIED:
                messages = tuple(f"{member.path!r}: {message}" for message in found.messages)
                return Found(found.status, None, None, messages)
        return compare(tree.size_bytes, size, binding.hash_value, sha256)


def missing(message: str) -> Found:
    """Return what is found where no body is."""
    return Found(VerificationStatus.MISSING, None, None, (message,))


def compare(size: int, expected_size: int, sha256: str | None, expected: str) -> Found:
    """Compare size and hash (None: not known) with the expected ones."""
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
    return Found(status, size, sha256, tuple(messages))
