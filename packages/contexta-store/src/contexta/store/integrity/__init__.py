"""Check that the three planes of a workspace agree with each other.

Each plane checks itself: `MetadataStore.check_integrity`, `RecordStore.check_integrity`,
`ArtifactStore.verify_all`. `check_workspace` asks what none of them can know alone: whether
records and artifacts belong to runs of the ledger, whether what the ledger names is there, and
whether what was deleted is gone everywhere. It reads only, and one damaged plane never hides what
is found in another.
"""

from __future__ import annotations

from contexta.store.integrity._check import check_workspace
from contexta.store.integrity._report import WorkspaceIntegrityReport, WorkspaceIssue

__all__ = ["WorkspaceIntegrityReport", "WorkspaceIssue", "check_workspace"]
