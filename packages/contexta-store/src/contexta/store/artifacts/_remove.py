"""Apply removal plans: a tombstone first, then the binding; the bodies are left to collection.

A kill between the two leaves the artifact bound; its tombstone counts only without a binding,
and applying the plan again finishes it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contexta.contract.errors import IntegrityError
from contexta.contract.time import iso_utc_now
from contexta.store.artifacts._audit import note_change
from contexta.store.artifacts._bindings import read_binding
from contexta.store.artifacts._locking import binding_lock
from contexta.store.artifacts._names import safe_ref
from contexta.store.artifacts._retention import NAMED
from contexta.store.artifacts._tombstones import Tombstone, read_tombstone, write_tombstone
from contexta.store.fs import fsync_dir, translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from contexta.store.artifacts._catalogue import Catalogue
    from contexta.store.artifacts._collect import Collector
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._models import ArtifactBinding
    from contexta.store.artifacts._quarantine import Quarantine
    from contexta.store.artifacts._retention import RemovalItem, RemovalPlan
    from contexta.store.artifacts._verify import Verifier

_ERASED = "erased on request"


@dataclass(frozen=True, slots=True)
class RemovalReport:
    """What applying a removal plan did, or with `dry_run` would have done.

    Attributes:
        removed_refs: In ref order.
        skipped: Pairs of ref and reason: changed since the plan, gone, or protected by now.
        erased_paths: For an erasure, the files that were deleted, relative to the store.
        kept_bodies: For an erasure, pairs of hash and a ref outside the plan that needs it.
        dry_run: Whether nothing was changed.
    """

    removed_refs: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    erased_paths: tuple[str, ...] = ()
    kept_bodies: tuple[tuple[str, str], ...] = ()
    dry_run: bool = True


class Remover:
    """Removes artifacts of one store."""

    def __init__(
        self,
        layout: Layout,
        catalogue: Catalogue,
        verifier: Verifier,
        collector: Collector,
        quarantine: Quarantine,
    ) -> None:
        self._layout = layout
        self._catalogue = catalogue
        self._verifier = verifier
        self._collector = collector
        self._quarantine = quarantine

    def apply(
        self, plan: RemovalPlan, protected_by: Mapping[str, tuple[str, ...]], *, dry_run: bool
    ) -> RemovalReport:
        """Remove what a plan names, as far as that still holds; see `apply_removal_plan`."""
        removed: list[str] = []
        skipped: list[tuple[str, str]] = []
        bodies: dict[str, str] = {}
        for item in plan.remove:
            with binding_lock(self._layout, item.artifact_ref):
                binding, reason = self._current(plan, item, protected_by)
                if binding is not None:
                    if plan.erase:
                        bodies.update(self._bodies(_tombstone(plan, item, binding)))
                    if not dry_run:
                        self._unbind(plan, item, binding)
                elif plan.erase and self._begun(plan, item.artifact_ref, bodies):
                    reason = None  # a kill stopped this plan before the bodies were gone
            if reason is None:
                removed.append(item.artifact_ref)
            else:
                skipped.append((item.artifact_ref, reason))
        report = RemovalReport(tuple(removed), tuple(skipped), dry_run=dry_run)
        if plan.erase:
            report = self._erase(plan, report, bodies)
        if not dry_run:
            note_change(
                self._layout,
                "apply_removal_plan",
                plan=plan.plan_id,
                removed=removed,
                skipped=skipped,
                erase=plan.erase,
            )
        return report

    def _current(
        self, plan: RemovalPlan, item: RemovalItem, protected_by: Mapping[str, tuple[str, ...]]
    ) -> tuple[ArtifactBinding | None, str | None]:
        """Return the binding that is to go, or None and why it stays."""
        try:
            binding = read_binding(self._layout, item.artifact_ref)
        except IntegrityError as error:
            return None, error.message
        if binding is None:
            return None, "it is gone"
        if (binding.binding_id, binding.revision) != (item.binding_id, item.revision):
            return None, "it changed since it was planned"
        who = protected_by.get(item.artifact_ref)
        if who and item.reason != NAMED and not plan.erase:
            return None, f"protected by {', '.join(who)}"
        return binding, None

    def _unbind(self, plan: RemovalPlan, item: RemovalItem, binding: ArtifactBinding) -> None:
        write_tombstone(self._layout, _tombstone(plan, item, binding))
        path = self._layout.binding(item.artifact_ref)
        with translated_os_errors("remove the binding", path):
            path.unlink()
        fsync_dir(path.parent)

    def _begun(self, plan: RemovalPlan, ref: str, bodies: dict[str, str]) -> bool:
        tombstone = read_tombstone(self._layout, ref)
        if tombstone is None or tombstone.plan_id != plan.plan_id or tombstone.hash_value is None:
            return False
        bodies.update(self._bodies(tombstone))
        return True

    def _bodies(self, tombstone: Tombstone) -> dict[str, str]:
        """Return the hashes of an artifact's bodies, each with its ref; members come first."""
        sha256, ref = tombstone.hash_value or "", tombstone.artifact_ref
        if tombstone.body_kind == "reference":
            return {}
        found: dict[str, str] = {}
        if tombstone.body_kind == "tree" and self._layout.body(sha256).exists():
            found.update(dict.fromkeys(sorted(self._verifier.members(sha256, ref)), ref))
        return {**found, sha256: ref}

    def _erase(
        self, plan: RemovalPlan, report: RemovalReport, bodies: Mapping[str, str]
    ) -> RemovalReport:
        """Delete bodies, quarantined bodies and exports of refs, except what others need."""
        refs = set(report.removed_refs)
        kept: dict[str, str] = {}
        for entry in self._catalogue.listing().entries:
            if entry.ref not in refs:
                needed, _ = self._verifier.needed([entry])
                kept.update(dict.fromkeys(needed & bodies.keys(), entry.ref))
        going = [self._layout.body(name) for name in bodies if name not in kept]
        aside = [
            item
            for item in self._quarantine.entries()
            if set(item.artifact_refs) & refs
            or (item.hash_value in bodies and item.hash_value not in kept)
        ]
        packages = [path for ref in sorted(refs) for path in package_places(self._layout, ref)]
        paths = [path for path in going if path.exists()] + [item.path for item in aside] + packages
        if not report.dry_run:
            # Trees last: while one is there, a second attempt knows the files in it.
            trees = self._trees(refs)
            self._collector.remove([path for path in going if path not in trees])
            self._collector.remove([path for path in going if path in trees])
            for item in aside:
                self._quarantine.release(item.entry_id)
            for path in packages:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            self._catalogue.forget()
            for ref in refs:
                bare = Tombstone(ref, iso_utc_now(), _ERASED, plan.plan_id)
                write_tombstone(self._layout, bare)
        erased = tuple(path.relative_to(self._layout.root).as_posix() for path in paths)
        return replace(report, erased_paths=erased, kept_bodies=tuple(sorted(kept.items())))

    def _trees(self, refs: Collection[str]) -> set[Path]:
        stones = [read_tombstone(self._layout, ref) for ref in refs]
        return {
            self._layout.body(stone.hash_value or "")
            for stone in stones
            if stone is not None and stone.body_kind == "tree"
        }


def package_places(layout: Layout, ref: str) -> list[Path]:
    """Return the packages of a ref in the export folder of the store."""
    places = [layout.exports / safe_ref(ref), layout.exports / f"{safe_ref(ref)}.tar"]
    return [path for path in places if path.exists()]


def _tombstone(plan: RemovalPlan, item: RemovalItem, binding: ArtifactBinding) -> Tombstone:
    return Tombstone(
        item.artifact_ref,
        iso_utc_now(),
        _ERASED if plan.erase else item.reason,
        plan.plan_id,
        artifact_kind=binding.artifact_kind,
        size_bytes=binding.size_bytes,
        hash_value=binding.hash_value,
        binding_id=binding.binding_id,
        body_kind=binding.body_kind,
    )
