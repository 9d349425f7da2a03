"""Labels of layouts, and what moving between them would take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contexta.store.artifacts._checks import require_text

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class ArtifactMigrationPlan:
    """What bringing a store to a layout version takes.

    `actions` holds one token: `bootstrap:new_store`, `noop:layout_already_current` or
    `migrate_layout:<from>-><to>`. `source_layout_version` is None for an empty store.
    """

    source_layout_version: str | None
    target_layout_version: str
    actions: tuple[str, ...]
    dry_run: bool = True

    def applied(self) -> ArtifactMigrationPlan:
        """Return the plan as carried out."""
        return replace(self, dry_run=False)


def migration_plan(found: Collection[str], target: str) -> ArtifactMigrationPlan:
    """Return the plan for a store whose bindings carry the labels `found`."""
    require_text("target_layout_version", target)
    others = sorted(set(found) - {target})
    if not found:
        return ArtifactMigrationPlan(None, target, ("bootstrap:new_store",))
    if not others:
        return ArtifactMigrationPlan(target, target, ("noop:layout_already_current",))
    return ArtifactMigrationPlan(others[0], target, (f"migrate_layout:{others[0]}->{target}",))
