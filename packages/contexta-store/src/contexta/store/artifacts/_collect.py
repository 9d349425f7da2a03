"""Remove bodies that nothing needs, beside writers that put.

A body is needed by a binding, by a tree that a binding names, or by the pin of an ingest that
is under way. Each ingest pins a body before it places it and unpins it after its binding is
written; and whoever places or removes a body holds the lock of its place. So a collector that,
under that lock, reads first the pins and then the bindings, sees every ingest: by its pin, or by
its binding, or it has not placed its bytes yet and will do so afterwards.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contexta.contract.errors import ArtifactError
from contexta.store.artifacts._audit import note_change
from contexta.store.artifacts._bodies import body_status
from contexta.store.artifacts._locking import object_lock
from contexta.store.fs import fsync_dir, translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from contexta.store.artifacts._catalogue import Catalogue
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._staging import StagingArea
    from contexta.store.artifacts._verify import Verifier


@dataclass(frozen=True, slots=True)
class CollectionReport:
    """What a collection of garbage removed, or with `dry_run` would have.

    Attributes:
        removed_paths: The bodies, sorted.
        removed_bytes: Their bytes.
        young_paths: Bodies that nothing needs, but that were placed within the grace period.
        blocked_by: Why nothing may be removed (a damaged binding, a tree that cannot be read),
            or None.
        dry_run: Whether nothing was changed.
    """

    removed_paths: tuple[Path, ...]
    removed_bytes: int
    young_paths: tuple[Path, ...] = ()
    blocked_by: str | None = None
    dry_run: bool = True


class Collector:
    """The garbage of one store."""

    def __init__(
        self, layout: Layout, catalogue: Catalogue, verifier: Verifier, staging: StagingArea
    ) -> None:
        self._layout = layout
        self._catalogue = catalogue
        self._verifier = verifier
        self._staging = staging

    def collect(self, *, grace_seconds: float, dry_run: bool) -> CollectionReport:
        """Remove unneeded bodies; see `ArtifactStore.collect_garbage`."""
        needed, blocked = self.needed()
        if blocked is not None:
            return CollectionReport((), 0, blocked_by=blocked, dry_run=dry_run)
        old: list[Path] = []
        young: list[Path] = []
        limit = time.time() - grace_seconds
        for path in self._candidates(needed):
            status = body_status(path)
            if status is not None:
                (old if status.st_ctime <= limit else young).append(path)
        sizes = {path: (body_status(path) or os.stat_result([0] * 10)).st_size for path in old}
        if dry_run:
            return CollectionReport(tuple(old), sum(sizes.values()), tuple(young))
        removed = self.remove(old, limit)
        total = sum(sizes[path] for path in removed)
        if removed:
            note_change(
                self._layout, "collect_garbage", bodies=[p.name for p in removed], bytes=total
            )
        return CollectionReport(tuple(removed), total, tuple(young), dry_run=False)

    def needed(self) -> tuple[set[str], str | None]:
        """Return the hashes that are needed now, and why they are not all known (or None).

        Pins are read before bindings: an ingest that ends in between is seen in the latter.
        """
        pinned = self._staging.pinned()
        listing = self._catalogue.listing()
        if listing.damaged:
            return pinned, listing.damaged[0][1].message
        used, unknown = self._verifier.needed(listing.entries)
        return used | pinned, unknown

    @contextmanager
    def unneeded(self, sha256: str) -> Iterator[bool]:
        """Hold the place of a body and tell whether nothing needs it."""
        with object_lock(self._layout, sha256):
            needed, blocked = self.needed()
            yield blocked is None and sha256 not in needed

    def remove(self, paths: Iterable[Path], limit: float | None = None) -> list[Path]:
        """Remove bodies that are still unneeded, and not placed after `limit`; return them.

        Raises:
            ArtifactError: `artifact_store_collection_blocked`: a binding was damaged meanwhile.
        """
        shards: dict[str, list[Path]] = defaultdict(list)
        for path in paths:
            shards[path.name[:2]].append(path)
        removed: list[Path] = []
        for shard, members in sorted(shards.items()):
            with object_lock(self._layout, shard):
                needed, blocked = self.needed()
                if blocked is not None:
                    raise ArtifactError(
                        f"Collection stopped: {blocked}",
                        code="artifact_store_collection_blocked",
                        details={"reason": blocked, "removed_count": len(removed)},
                    )
                gone = [
                    path
                    for path in members
                    if self._is_unneeded(path, needed) and _remove_older(path, limit)
                ]
            for folder in {path.parent for path in gone}:
                fsync_dir(folder)
            removed += gone
        return removed

    def _is_unneeded(self, path: Path, needed: set[str]) -> bool:
        return path.name not in needed or not self._verifier.is_place(path, path.name)

    def _candidates(self, needed: set[str]) -> list[Path]:
        return [path for path in self._verifier.bodies() if self._is_unneeded(path, needed)]


def _remove_older(path: Path, limit: float | None) -> bool:
    with translated_os_errors("remove", path):
        try:
            status = path.lstat()
            # The status changes when bytes are placed, also over others with the same hash.
            if limit is not None and status.st_ctime > limit:
                return False
            path.unlink()
        except FileNotFoundError:
            return False
    return True
