"""The files of an artifact plane, for what works on them where no store can be opened.

Salvage takes away bindings that cannot be read and says of which artifact each was. It needs what
the store itself knows of its files: where each lies, and what a binding or a tombstone says.
Everything else asks `ArtifactStore`.

These names follow the format on disk: they change with it, and not between releases that share it.
"""

from __future__ import annotations

from contexta.store.artifacts._bindings import binding_paths, load_binding
from contexta.store.artifacts._layout import Layout
from contexta.store.artifacts._tombstones import load_tombstone, tombstone_paths

__all__ = ["Layout", "binding_paths", "load_binding", "load_tombstone", "tombstone_paths"]
