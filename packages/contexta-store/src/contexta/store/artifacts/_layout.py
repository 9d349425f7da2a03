"""Where things lie under the root of the artifact store.

No name comes from a user: bodies are named by their hash, bindings by the hash of their ref.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Layout:
    """The folders and files of one artifact store.

    Attributes:
        root: The folder of the store.
        objects: Bodies: `objects/<first two digits>/<sha256>`.
        bindings: Bindings: `bindings/<first two digits>/<sha256 of the ref>.json`.
        tombstones: What was removed: `tombstones/<first two digits>/<sha256 of the ref>.json`.
        quarantine: Bodies put aside: `quarantine/<32 hex digits>/{body,entry.json}`.
        exports: Where packages go when no other folder is named.
        staging: What is being written: one folder per ingest, locked by its writer.
        locks: Locks that let one writer at a time change a binding or a body.
        catalogue: The derived list of bindings.
        hash_log: Which body was hashed when; derived.
        audit: What repairs, removals and collections changed.
    """

    __slots__ = (
        "audit",
        "bindings",
        "catalogue",
        "exports",
        "hash_log",
        "locks",
        "objects",
        "quarantine",
        "root",
        "staging",
        "tombstones",
    )

    def __init__(self, root: Path) -> None:
        # Joined once: a put asks for these forty times.
        self.root = root
        self.objects = root / "objects"
        self.bindings = root / "bindings"
        self.tombstones = root / "tombstones"
        self.quarantine = root / "quarantine"
        self.exports = root / "exports"
        self.staging = root / "staging"
        self.locks = root / "locks"
        self.catalogue = root / "_catalogue.json"
        self.hash_log = root / "_hashed.jsonl"
        self.audit = root / "_audit.jsonl"

    def body(self, sha256: str) -> Path:
        """Return the place of a body."""
        return self.objects / sha256[:2] / sha256

    def binding(self, ref: str) -> Path:
        """Return the place of the binding of a ref."""
        name = _ref_hash(ref)
        return self.bindings / name[:2] / f"{name}.json"

    def tombstone(self, ref: str) -> Path:
        """Return the place of the tombstone of a ref."""
        name = _ref_hash(ref)
        return self.tombstones / name[:2] / f"{name}.json"

    def lock(self, ref: str) -> Path:
        """Return the lock that guards the binding of a ref (and of some others)."""
        return self.locks / f"{_ref_hash(ref)[:2]}.lock"

    def object_lock(self, sha256: str) -> Path:
        """Return the lock that guards the place of a body (and of some others)."""
        return self.locks / f"objects-{sha256[:2]}.lock"

    def named_lock(self, name: str) -> Path:
        """Return a lock of the whole store."""
        return self.locks / f"{name}.lock"


def _ref_hash(ref: str) -> str:
    return hashlib.sha256(ref.encode()).hexdigest()
