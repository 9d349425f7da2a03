"""The locks of the artifact plane.

Order, where one holds several: a binding lock first, then at most one object lock. Neither is
held while bytes are copied or hashed.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from contexta.store.fs import FileLock, ensure_private_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout


@contextmanager
def binding_lock(layout: Layout, ref: str) -> Iterator[None]:
    """Hold the right to change the binding of a ref, among all processes."""
    with _locked(layout, layout.lock(ref)):
        yield


@contextmanager
def object_lock(layout: Layout, sha256: str) -> Iterator[None]:
    """Hold the right to place or remove a body, among all processes."""
    with _locked(layout, layout.object_lock(sha256)):
        yield


@contextmanager
def named_lock(layout: Layout, name: str) -> Iterator[None]:
    """Hold a lock of the whole store, among all processes."""
    with _locked(layout, layout.named_lock(name)):
        yield


@contextmanager
def _locked(layout: Layout, path: Path) -> Iterator[None]:
    ensure_private_dir(layout.locks, follow=False)
    with FileLock(path):
        yield
