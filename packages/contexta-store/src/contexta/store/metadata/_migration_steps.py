"""The way from one schema version to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.metadata.migrations import STEP_REGISTRY

if TYPE_CHECKING:
    from contexta.store.metadata._migration_models import MigrationStep


def steps_between(current: str, target: str) -> tuple[MigrationStep, ...] | None:
    """Return the shortest way from one version to another; None when there is none."""
    ways: dict[str, tuple[MigrationStep, ...]] = {current: ()}
    reached = [current]
    for version in reached:
        if version == target:
            return ways[version]
        for (start, end), step in sorted(STEP_REGISTRY.items()):
            if start == version and end not in ways:
                ways[end] = (*ways[version], step)
                reached.append(end)
    return None
