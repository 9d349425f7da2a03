"""The retention methods of `ArtifactStore`: plans first, then their application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract.errors import MigrationError, ValidationError
from contexta.contract.refs import StableRef
from contexta.store.artifacts._care_methods import CareMethods
from contexta.store.artifacts._checks import artifact_ref_text
from contexta.store.artifacts._migration import ArtifactMigrationPlan, migration_plan
from contexta.store.artifacts._protection import given_references, metadata_references
from contexta.store.artifacts._retention import (
    RemovalPlan,
    RemovalPolicy,
    build_plan,
    removal_plan,
    retention_plan,
)
from contexta.store.artifacts._tombstones import load_tombstone, tombstone_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contexta.store.artifacts._protection import MetadataPlane
    from contexta.store.artifacts._remove import RemovalReport
    from contexta.store.artifacts._retention import RetentionPlan
    from contexta.store.artifacts._tombstones import Tombstone


class RetentionMethods(CareMethods):
    """What may go, what keeps the rest, and removing it."""

    def plan_retention(
        self, *, refs_to_keep: Iterable[StableRef | str] | None = None
    ) -> RetentionPlan:
        """Sort the artifacts into those listed to keep and those to review. Advice only.

        Refs that are not bound are ignored.
        """
        keep = None if refs_to_keep is None else {str(ref) for ref in refs_to_keep}
        return retention_plan(self.list_refs(), keep)

    def plan_removal(
        self,
        policy: RemovalPolicy,
        *,
        referenced_refs: Mapping[Any, Any] | Iterable[Any] = (),
        metadata_store: MetadataPlane | None = None,
        named_refs: Iterable[StableRef | str] = (),
    ) -> RemovalPlan:
        """Say what a policy would remove, and what protects the rest. Changes nothing.

        Args:
            policy: What is too old or too much.
            referenced_refs: Refs that something needs, or a mapping from ref to who needs it.
            metadata_store: Asked for references, too: relations from or to an artifact,
                deployments of its run, and its run being open.
            named_refs: Refs that go even if something refers to them; the refs that the policy
                protects stay.

        Raises:
            ValidationError: For what is no ref or no policy.
        """
        if not isinstance(policy, RemovalPolicy):
            raise ValidationError(
                f"policy must be a RemovalPolicy, not {type(policy).__name__}.",
                code="artifact_store_invalid_removal_policy",
            )
        named = {artifact_ref_text(ref) for ref in named_refs}
        entries = self._listing().entries
        guards = self._guards(referenced_refs, metadata_store)
        return removal_plan(entries, policy, guards, named)

    def plan_erasure(self, run_ref: StableRef | str) -> RemovalPlan:
        """Say what erasing every artifact of a run would remove. Changes nothing.

        Applying it leaves no byte of their content in this store: bindings with their history,
        bodies that no other run's artifact shares, quarantined bodies and packages in the export
        folder go at once, without a grace period. The tombstones keep refs and times only.
        Backups and packages elsewhere are not reached.
        """
        text = StableRef.parse(str(run_ref)).text
        entries = self._listing().entries
        going = {entry.ref: "erasure" for entry in entries if entry.run_ref == text}
        return build_plan(entries, going, {}, erase=True)

    def apply_removal_plan(
        self,
        plan: RemovalPlan,
        *,
        dry_run: bool = True,
        referenced_refs: Mapping[Any, Any] | Iterable[Any] = (),
        metadata_store: MetadataPlane | None = None,
    ) -> RemovalReport:
        """Remove what a plan names; what changed since, or is protected by now, is skipped.

        A tombstone stays for each. Bodies stay until `collect_garbage`, except for an erasure.

        Raises:
            ValidationError: `artifact_store_invalid_removal_plan`.
            ReadOnlyStoreError: `artifact_store_read_only`.
        """
        self._require_open() if dry_run else self._require_writable()
        if not isinstance(plan, RemovalPlan):
            raise ValidationError(
                f"plan must be a RemovalPlan, not {type(plan).__name__}.",
                code="artifact_store_invalid_removal_plan",
            )
        guards = {} if plan.erase else self._guards(referenced_refs, metadata_store)
        return self._remover.apply(plan, guards, dry_run=dry_run)

    def list_tombstones(self) -> tuple[Tombstone, ...]:
        """Return what was removed and is not bound again, by ref.

        Raises:
            IntegrityError: `artifact_tombstone_damaged`.
        """
        bound = set(self.list_refs())
        found = [load_tombstone(path) for path in tombstone_paths(self._layout)]
        return tuple(
            sorted(
                (item for item in found if item is not None and item.artifact_ref not in bound),
                key=lambda item: item.artifact_ref,
            )
        )

    def plan_migration(self, *, target_layout_version: str | None = None) -> ArtifactMigrationPlan:
        """Say what bringing all bindings to a layout version would take. Changes nothing."""
        target = (
            self.config.layout_version if target_layout_version is None else target_layout_version
        )
        found = {item.layout_version for item in self.list_bindings()}
        return migration_plan(found, target)

    def migrate_bindings(
        self, *, target_layout_version: str | None = None, dry_run: bool = True
    ) -> ArtifactMigrationPlan:
        """Return the plan, or without `dry_run` carry it out when there is nothing to do.

        Raises:
            MigrationError: `artifact_store_migration_not_implemented`: there is one layout.
        """
        plan = self.plan_migration(target_layout_version=target_layout_version)
        if dry_run:
            return plan
        if plan.actions[0].startswith("migrate_layout"):
            raise MigrationError(
                f"{plan.actions[0]!r} is not possible: this release knows one layout, and its "
                "label is free text. Open the store with the label that its bindings carry.",
                code="artifact_store_migration_not_implemented",
                details={"action": plan.actions[0]},
            )
        return plan.applied()

    def _guards(
        self,
        referenced_refs: Mapping[Any, Any] | Iterable[Any],
        metadata_store: MetadataPlane | None,
    ) -> dict[str, tuple[str, ...]]:
        guards = given_references(referenced_refs)
        for binding in self.list_bindings():
            deployment = binding.manifest_snapshot.deployment_execution_ref
            if deployment is not None:
                who = guards.get(binding.artifact_ref, ())
                guards[binding.artifact_ref] = (*who, str(deployment))
        if metadata_store is not None:
            for ref, who in metadata_references(metadata_store, self._listing().entries).items():
                guards[ref] = tuple(dict.fromkeys((*guards.get(ref, ()), *who)))
        return guards
