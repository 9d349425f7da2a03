"""Look at every artifact of a store: each body once, several at a time."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError, IntegrityError, NotFoundError
from contexta.store.artifacts._bindings import load_binding
from contexta.store.artifacts._bodies import body_size
from contexta.store.artifacts._commit import body_place
from contexta.store.artifacts._reports import (
    StoreSummary,
    SweepProgress,
    SweepReport,
    VerificationStatus,
)
from contexta.store.artifacts._verify import Found, Looked, compare, missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contexta.store.artifacts._catalogue import CatalogueEntry, Listing
    from contexta.store.artifacts._hash_log import HashedBody, HashLog
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._models import ArtifactBinding
    from contexta.store.artifacts._reading import BodyReader
    from contexta.store.artifacts._verify import Verifier

DRIFT = frozenset({VerificationStatus.SIZE_MISMATCH, VerificationStatus.HASH_MISMATCH})
_FEW_BYTES = 4 << 20


class Sweeper:
    """Sweeps and counts over one store."""

    def __init__(
        self, layout: Layout, reader: BodyReader, verifier: Verifier, hash_log: HashLog
    ) -> None:
        self._layout = layout
        self._reader = reader
        self._verifier = verifier
        self._hash_log = hash_log

    def sweep(
        self,
        listing: Listing,
        pinned: set[str],
        *,
        workers: int | None,
        progress: Callable[[SweepProgress], None] | None,
        max_age_seconds: float | None,
    ) -> SweepReport:
        """Verify every artifact; see `ArtifactStore.verify_all`."""
        bindings, damaged = self._bindings(listing)
        looked = self._hash_bodies(bindings, workers, progress, max_age_seconds)

        def look(path: Path, sha256: str) -> Looked | None:
            return looked[path] if path in looked else self._verifier.look(path, sha256)

        records = [self._verifier.report(item, look=look).to_record() for item in bindings]
        complete = listing._replace(damaged=damaged)
        self._hash_log.condense(path.name for path in looked)
        return SweepReport(
            verification_records=tuple(records),
            missing_refs=tuple(
                item.artifact_ref for item in records if item.status is VerificationStatus.MISSING
            ),
            drifted_refs=tuple(item.artifact_ref for item in records if item.status in DRIFT),
            orphan_paths=self._verifier.orphans(complete, pinned),
            damaged_bindings=tuple(path for path, _ in damaged),
        )

    def count(self, listing: Listing, pinned: set[str], *, deep: bool) -> StoreSummary:
        """Count what is stored; see `ArtifactStore.inspect_store`."""
        damaged = listing.damaged
        if deep:
            report = self.sweep(listing, pinned, workers=None, progress=None, max_age_seconds=None)
            statuses = [item.status for item in report.verification_records]
            orphans, unverified, oldest = len(report.orphan_paths), 0, None
            known = {item.artifact_ref for item in report.verification_records}
            entries = tuple(entry for entry in listing.entries if entry.ref in known)
            bad = len(report.damaged_bindings)
        else:
            entries, bad = listing.entries, len(damaged)
            looks = _Looks(self._verifier, self._hash_log)
            statuses = [self._quick(entry, looks).status for entry in entries]
            orphans = len(self._verifier.orphans(listing, pinned))
            unverified, oldest = looks.unverified, looks.oldest
        kinds: dict[str, int] = {}
        for entry in entries:
            kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
        return StoreSummary(
            artifact_count=len(entries),
            total_size_bytes=sum(entry.size_bytes for entry in entries),
            kinds=kinds,
            verified_count=statuses.count(VerificationStatus.VERIFIED) - unverified,
            missing_count=statuses.count(VerificationStatus.MISSING),
            drift_count=sum(status in DRIFT for status in statuses),
            orphan_count=orphans,
            damaged_binding_count=bad,
            deep=deep,
            unverified_count=unverified,
            oldest_check_at=oldest,
        )

    def _quick(self, entry: CatalogueEntry, looks: _Looks) -> Found:
        if entry.claims_differ or entry.body_kind != "file":
            try:
                binding = self._reader.binding(entry.ref)
            except (NotFoundError, IntegrityError) as error:
                return missing(error.message)
            report = self._verifier.report(binding, look=looks.look)
            if binding.body_kind == "reference" and report.verified:
                looks.unverified += 1
            return Found(report.status, None, None, report.messages)
        looked = looks.look(self._layout.body(entry.sha256), entry.sha256)
        if looked is None:
            return missing("The body is not there.")
        return compare(looked.size, entry.size_bytes, looked.sha256, entry.sha256)

    def _bindings(
        self, listing: Listing
    ) -> tuple[list[ArtifactBinding], tuple[tuple[Path, ContextaError], ...]]:
        """Read every binding file: the list may be older than a bit that rotted."""
        bindings: list[ArtifactBinding] = []
        damaged = list(listing.damaged)
        for entry in listing.entries:
            path = self._layout.binding(entry.ref)
            try:
                bindings.append(load_binding(path))
            except ContextaError as error:
                if os.path.lexists(path):
                    damaged.append((path, error))
        return bindings, tuple(damaged)

    def _hash_bodies(
        self,
        bindings: list[ArtifactBinding],
        workers: int | None,
        progress: Callable[[SweepProgress], None] | None,
        max_age_seconds: float | None,
    ) -> dict[Path, Looked | None]:
        wanted = self._wanted(bindings)
        looked: dict[Path, Looked | None] = {}
        if max_age_seconds is not None:
            known = _recent(self._hash_log.known(), max_age_seconds)
            for path, sha256 in wanted.items():
                found = self._verifier.recorded(known, path, sha256)
                if found is not None and found.sha256 is not None:
                    looked[path] = found
        sizes = {path: body_size(path) or 0 for path in wanted if path not in looked}
        total = sum(sizes.values())
        count = workers or min(4, os.cpu_count() or 1)
        done_bytes = 0

        def step(path: Path, found: Looked | None) -> None:
            nonlocal done_bytes
            looked[path] = found
            done_bytes += sizes[path]
            if progress is not None:
                done = len(looked) - (len(wanted) - len(sizes))
                progress(SweepProgress(done, len(sizes), done_bytes, total))

        if count == 1 or total < _FEW_BYTES:
            for path in sizes:
                step(path, self._verifier.look(path, wanted[path]))
            return looked
        # Here, as it cannot be imported where a program that ends writes its last artifacts.
        from concurrent.futures import ThreadPoolExecutor, as_completed

        with ThreadPoolExecutor(count) as pool:
            futures = {pool.submit(self._verifier.look, p, wanted[p]): p for p in sizes}
            for future in as_completed(futures):
                step(futures[future], future.result())
        return looked

    def _wanted(self, bindings: list[ArtifactBinding]) -> dict[Path, str]:
        wanted: dict[Path, str] = {}
        for binding in bindings:
            sha256 = binding.hash_value or ""
            if binding.body_kind != "tree":
                wanted[body_place(self._layout, binding)] = sha256
                continue
            try:
                tree = self._reader.tree(binding.artifact_ref)
            except (NotFoundError, IntegrityError):
                continue  # its report says so
            for member in tree.members:
                wanted[self._layout.body(member.sha256)] = member.sha256
        return wanted


class _Looks:
    """Looks of one count: bodies that are as they were hashed are not read."""

    def __init__(self, verifier: Verifier, hash_log: HashLog) -> None:
        self._verifier = verifier
        self._hash_log = hash_log
        self._known = hash_log.known()
        self.unverified = 0
        self.oldest: str | None = None

    def look(self, path: Path, sha256: str) -> Looked | None:
        found = self._verifier.recorded(self._known, path, sha256)
        if found is None or not self._verifier.is_place(path, sha256):
            return found
        if found.sha256 is None:
            found = self._verifier.look(path, sha256)
            self._known = self._hash_log.known()
        entry = self._known.get(sha256)
        if entry is not None:
            self.oldest = entry.at if self.oldest is None else min(self.oldest, entry.at)
        return found


def _recent(known: dict[str, HashedBody], max_age_seconds: float) -> dict[str, HashedBody]:
    limit = datetime.now(UTC) - timedelta(seconds=max_age_seconds)
    return {
        name: entry
        for name, entry in known.items()
        if datetime.fromisoformat(entry.at.replace("Z", "+00:00")) >= limit
    }
