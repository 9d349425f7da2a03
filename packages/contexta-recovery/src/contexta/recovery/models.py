"""Plans and results of backup, restore, replay and import.

All are frozen. Constructors check what they are given and raise `ValidationError`
(`recovery_invalid_text`, `recovery_invalid_bool`, `recovery_invalid_number`). Mappings inside are
read-only and sorted by key. `to_dict()` gives JSON-safe data: paths as text, tuples as lists.
"""

from __future__ import annotations

from contexta.recovery._models_backup import (
    BackupPlan,
    BackupProblem,
    BackupResult,
    BackupSummary,
    BackupVerification,
)
from contexta.recovery._models_base import RecoveryResult
from contexta.recovery._models_catalog import BackupDiff, KeptBackup, PruneResult, SectionDiff
from contexta.recovery._models_replay import ReplayBatchResult, ReplayEntryResult
from contexta.recovery._models_restore import ImportResult, RestorePlan, RestoreResult
from contexta.recovery._models_salvage import LostItem, SalvageResult

__all__ = [
    "BackupDiff",
    "BackupPlan",
    "BackupProblem",
    "BackupResult",
    "BackupSummary",
    "BackupVerification",
    "ImportResult",
    "KeptBackup",
    "LostItem",
    "PruneResult",
    "RecoveryResult",
    "ReplayBatchResult",
    "ReplayEntryResult",
    "RestorePlan",
    "RestoreResult",
    "SalvageResult",
    "SectionDiff",
]
