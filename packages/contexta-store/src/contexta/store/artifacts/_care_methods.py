"""The caring methods of `ArtifactStore`: quarantine, repair, garbage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ArtifactError, NotFoundError, ValidationError
from contexta.store.artifacts._audit import read_audit
from contexta.store.artifacts._checking_methods import CheckingMethods
from contexta.store.artifacts._checks import artifact_ref_text
from contexta.store.artifacts._quarantine import take_locked
from contexta.store.artifacts._repair import RepairPlan, apply_plan, plan_of
from contexta.store.fs import translated_os_errors

if TYPE_CHECKING:
    from contexta.contract.refs import StableRef
    from contexta.store.artifacts._collect import CollectionReport
    from contexta.store.artifacts._quarantine import QuarantineEntry
    from contexta.store.artifacts._repair import RepairReport

DEFAULT_GRACE_SECONDS = 3600.0


class CareMethods(CheckingMethods):
    """What an operator does to a store, always on request."""

    def quarantine_bound_artifact(self, ref: StableRef | str) -> Path:
        """Put the body of an artifact aside; return where. Of a folder, its damaged bodies.

        The binding stays, so the ref counts as missing until the right bytes are put again.
        Other refs with the same body miss it too.

        Raises:
            NotFoundError: `artifact_store_binding_not_found`, `artifact_store_body_not_found`.
            ArtifactError: `artifact_store_not_in_store` for a reference.
        """
        self._require_writable()
        handle = self._reader.handle(artifact_ref_text(ref))
        binding = handle.binding
        if binding.location is not None:
            raise ArtifactError(
                f"{binding.artifact_ref!r} is a reference to {binding.location!r}; the store does "
                "not move files of others.",
                code="artifact_store_not_in_store",
                details={"artifact_ref": binding.artifact_ref, "path": binding.location},
            )
        hashes = [binding.hash_value or ""]
        if binding.body_kind == "tree":
            hashes = self._damaged_members(binding.artifact_ref) or hashes
        entries = self._listing().entries
        places = [
            take_locked(
                self._layout,
                self._quarantine,
                sha256,
                reason="drifted",
                refs=tuple(e.ref for e in entries if e.sha256 == sha256) or (binding.artifact_ref,),
            )
            for sha256 in hashes
        ]
        return places[0]

    def quarantine_orphan_body(self, path: str | Path) -> Path:
        """Put a body aside that no binding names; return where.

        Raises:
            ArtifactError: `artifact_store_invalid_orphan_path` outside the body area;
                `artifact_store_not_an_orphan` for one that is bound or being ingested, or while
                a damaged binding keeps that from being known.
            NotFoundError: `artifact_store_orphan_not_found`.
        """
        self._require_writable()
        given = Path(path).expanduser().absolute()
        with translated_os_errors("look at", given):
            place = given.parent.resolve() / given.name
            inside = place.is_relative_to(self._layout.objects.resolve())
            details = {"path": str(given)}
            if not inside or ".." in given.parts:
                raise ArtifactError(
                    f"{str(given)!r} does not lie below {str(self._layout.objects)!r}.",
                    code="artifact_store_invalid_orphan_path",
                    details=details,
                )
            if given.is_symlink() or not given.is_file():
                raise NotFoundError(
                    f"There is no file at {str(given)!r}.",
                    code="artifact_store_orphan_not_found",
                    details=details,
                )
        own = self._layout.objects / place.relative_to(self._layout.objects.resolve())
        with self._collector.unneeded(own.name) as unneeded:
            if not unneeded and self._verifier.is_place(own, own.name):
                raise ArtifactError(
                    f"{str(given)!r} is the body of an artifact, or may be.",
                    code="artifact_store_not_an_orphan",
                    details=details,
                )
            return self._quarantine.take(own, reason="orphan", refs=())

    def list_quarantine(self) -> tuple[QuarantineEntry, ...]:
        """Return the bodies that were put aside, oldest first.

        Raises:
            IntegrityError: `artifact_quarantine_damaged`.
        """
        self._require_open()
        return self._quarantine.entries()

    def restore_quarantined(self, entry_id: str) -> Path:
        """Move a quarantined body back to its place; return that.

        Raises:
            NotFoundError: `artifact_quarantine_entry_not_found`.
            IntegrityError: `artifact_store_hash_mismatch`: it is damaged and stays.
            ArtifactError: `artifact_quarantine_not_restorable` when it was no body.
        """
        self._require_writable()
        return self._quarantine.restore(entry_id)

    def release_quarantined(self, entry_id: str) -> int:
        """Delete a quarantined body for good; return its bytes.

        Raises:
            NotFoundError: `artifact_quarantine_entry_not_found`.
        """
        self._require_writable()
        return self._quarantine.release(entry_id)

    def build_repair_plan(self, *, dry_run: bool = True) -> RepairPlan:
        """Verify everything and say what could be done; changes nothing, whatever `dry_run` is."""
        del dry_run
        sweep = self.verify_all()
        return plan_of(sweep, self.abandoned_staging(), is_empty=not sweep.verification_records)

    def apply_repair_plan(self, plan: RepairPlan, *, dry_run: bool = True) -> RepairReport:
        """Do what a plan says; what is no longer called for is skipped and reported.

        Bodies are put aside, never deleted. Only folders of dead writers are removed.

        Raises:
            ValidationError: `artifact_store_invalid_repair_plan`; nothing was done then.
        """
        self._require_open() if dry_run else self._require_writable()
        if not isinstance(plan, RepairPlan):
            raise ValidationError(
                f"plan must be a RepairPlan, not {type(plan).__name__}.",
                code="artifact_store_invalid_repair_plan",
            )
        return apply_plan(self, self._layout, plan, dry_run=dry_run)

    def abandoned_staging(self) -> list[Path]:
        """Return the staging folders whose writers died; changes nothing."""
        self._require_open()
        return self._staging.abandoned()

    def remove_abandoned_folder(self, path: Path) -> bool:
        """Remove one staging folder if its writer died; tell whether it is gone."""
        self._require_writable()
        known = path in self._staging.abandoned()
        return known and bool(self._staging.sweep(path))

    def collect_garbage(
        self, *, grace_seconds: float = DEFAULT_GRACE_SECONDS, dry_run: bool = True
    ) -> CollectionReport:
        """Delete the bodies that no artifact needs.

        Safe beside writers, also with a grace period of 0: a put that brings the same bytes at
        the same time keeps them. While a binding or a tree is damaged, nothing is deleted.

        Args:
            grace_seconds: Bodies placed less than this ago stay.
            dry_run: Whether to report only.

        Raises:
            ValidationError: `artifact_store_invalid_number` for a negative grace period.
        """
        self._require_open() if dry_run else self._require_writable()
        if isinstance(grace_seconds, bool) or not grace_seconds >= 0:
            raise ValidationError(
                f"grace_seconds must be a number from 0, not {grace_seconds!r}.",
                code="artifact_store_invalid_number",
                details={"field_name": "grace_seconds"},
            )
        return self._collector.collect(grace_seconds=grace_seconds, dry_run=dry_run)

    def audit_log(self) -> tuple[dict[str, Any], ...]:
        """Return what repairs, removals and collections changed, oldest first."""
        self._require_open()
        return read_audit(self._layout)

    def _damaged_members(self, ref: str) -> list[str]:
        members = {member.sha256 for member in self._reader.tree(ref).members}
        bad = []
        for sha256 in sorted(members):
            looked = self._verifier.look(self._layout.body(sha256), sha256)
            if looked is not None and looked.sha256 != sha256:
                bad.append(sha256)
        return bad
