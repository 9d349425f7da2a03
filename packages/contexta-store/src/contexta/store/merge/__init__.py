"""Merge one workspace into another: runs trained on ten machines become one.

`merge_workspaces(source, target)` takes everything of the source that the target does not have;
`plan_merge` tells the same without writing. The source is only read. It may be a copy that was
made while its writers were running: what is readable is taken, the rest is in the report.

What counts as the same:

* A run is the same when its ref, its start and the instant at which it was first stored are; the
  last two stay with it through copies, restores and merges. Deployments, relations and
  provenance likewise. Projects are shared by name.
* A record is the same when its writer and the number that the writer gave it are. Writer ids are
  unique in the world, so it does not matter through how many workspaces it came.
* A body is its SHA-256.

The same entity with other content goes forward, never back. Another entity under a ref that is
taken gets the next free suffix (`run:p.x-2`), and all that lies below it or names it follows.
What was deleted in the target does not come back unless asked.

Merging again takes what is new and nothing twice; a merge that was killed is completed by
running it again. Two merges into one target follow each other.

Errors, raised before anything changes:

* `NotFoundError` `workspace_not_found`: the source is no workspace.
* `ValidationError` `merge_same_workspace`, `merge_nested_workspace`: one folder in the other.
* `ConfigurationError` `merge_target_ledger_missing`: the target has records, but its ledger is not
  in its folder; say where it is.
* `SchemaVersionError`: a newer release wrote one of the two; `details` names the file.
* `ConflictError` `merge_names_taken`: with `rename=False`; `details` lists the refs.
* `IntegrityError` `merge_ledger_damaged`, `merge_target_damaged`: repair the target first, for
  nobody could tell what it has already.
* `StoreAccessError`: the disk refuses, or another merge holds the lock for too long.
"""

from __future__ import annotations

from contexta.store.merge._merge import merge_workspaces, plan_merge
from contexta.store.merge._report import (
    MergeConflict,
    MergeCounts,
    MergeDamage,
    MergeRename,
    MergeReport,
    MergeSkip,
)

__all__ = [
    "MergeConflict",
    "MergeCounts",
    "MergeDamage",
    "MergeRename",
    "MergeReport",
    "MergeSkip",
    "merge_workspaces",
    "plan_merge",
]
