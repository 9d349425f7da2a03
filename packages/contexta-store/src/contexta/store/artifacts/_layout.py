"""Where things lie under the root of the artifact store.

No name comes from a user: bodies are named by their hash, bindings by the hash of their ref.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one artifact store."""

    root: Path

    @property
    def objects(self) -> Path:
        """Bodies: `objects/<first two digits>/<sha256>`."""
        return self.root / "objects"

    @property
    def bindings(self) -> Path:
        """Bindings: `bindings/<first two digits>/<sha256 of the ref>.json`."""
        return self.root / "bindings"

    @property
    def tombstones(self) -> Path:
        """What was removed: `tombstones/<first two digits>/<sha256 of the ref>.json`."""
        return self.root / "tombstones"

    @property
    def quarantine(self) -> Path:
        """Bodies put aside: `quarantine/<32 hex digits>/{body,entry.json}`."""
        return self.root / "quarantine"

    @property
    def exports(self) -> Path:
        """Where packages go when no other folder is named."""
        return self.root / "exports"

    @property
    def staging(self) -> Path:
        """What is being written: one folder per ingest, locked by its writer."""
        return self.root / "staging"

    @property
    def locks(self) -> Path:
        """Locks that let one writer at a time change a binding or a body."""
        return self.root / "locks"

    @property
    def catalogue(self) -> Path:
        """The derived list of bindings."""
        return self.root / "_catalogue.json"

    @property
    def hash_log(self) -> Path:
        """Which body was hashed when; derived."""
        return self.root / "_hashed.jsonl"

    @property
    def audit(self) -> Path:
        """What repairs, removals and collections changed."""
        return self.root / "_audit.jsonl"

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
