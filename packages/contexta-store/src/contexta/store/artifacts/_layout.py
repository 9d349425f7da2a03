"""Where things lie under the root of the artifact store.

No name comes from a user: bodies are named by their hash, bindings by the hash of their ref.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one artifact store."""

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
    def staging(self) -> Path:
        """What is being written: one folder per ingest, locked by its writer."""
        return self.root / "staging"

    @property
    def locks(self) -> Path:
        """Locks that let one writer at a time change a binding."""
        return self.root / "locks"

    def body(self, sha256: str) -> Path:
        """Return the place of a body."""
        return self.objects / sha256[:2] / sha256

    def binding(self, ref: str) -> Path:
        """Return the place of the binding of a ref."""
        name = _ref_hash(ref)
        return self.bindings / name[:2] / f"{name}.json"

    def lock(self, ref: str) -> Path:
        """Return the lock that guards the binding of a ref (and of some others)."""
        return self.locks / f"{_ref_hash(ref)[:2]}.lock"


def _ref_hash(ref: str) -> str:
    return hashlib.sha256(ref.encode()).hexdigest()
