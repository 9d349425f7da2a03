"""Back up a workspace, verify the backup, restore it, and replay failed deliveries.

A backup is a folder with a manifest of every byte; it is taken while writers run. A restore
refuses what does not verify and never removes anything before its replacement is whole and on
disk. Each operation can be killed at any moment and called again.

Make a plan, look at it, run it: `plan_workspace_backup` and `create_workspace_backup`,
`plan_restore` and `restore_workspace`. `list_backups`, `verify_backup` and `diff_backups` only
read, and `rehearse_restore` compares what a backup answers with what the workspace answers now;
`prune_backups` removes what a retention rule does not keep, never the last good backup.
`salvage` makes a new workspace of what still reads of a damaged backup or workspace.
`replay_outbox` delivers what capture could not; `list_dead_letters`, `retry_dead_letters` and
`discard_dead_letters` handle what it gave up. `create_key_file` makes the key of encrypted
backups. `push_backup`, `list_remote_backups`, `verify_remote_backup` and `pull_backup` keep copies
elsewhere, at a URL that you give.

What you can do about errors, all `RecoveryError`:

* `BackupError`: nothing was published; free space or fix permissions, then call again.
* `RestoreError`: the target is as it was. `recovery_backup_damaged`: choose another backup;
  `recovery_target_in_use`: close every context on the target.
* `ReplayError`: no entry was lost; fix the argument, then call again.
"""

from __future__ import annotations

from contexta.recovery._backoff import Backoff
from contexta.recovery._delivery import Delivery
from contexta.recovery._errors import BackupError, ReplayError, RestoreError
from contexta.recovery._models_rehearsal import (
    RehearsalDifference,
    RehearsalResult,
    RehearsalSide,
)
from contexta.recovery._models_restore import RestorePreview
from contexta.recovery._progress import Progress
from contexta.recovery._salvage import salvage
from contexta.recovery._server_ledger import load_server_ledger
from contexta.recovery._sinks import ReplaySink, wants_deliveries
from contexta.recovery.backup import create_workspace_backup, plan_workspace_backup
from contexta.recovery.catalog import list_backups, verify_backup
from contexta.recovery.dead_letters import (
    DeadLetter,
    DeadLetterResult,
    discard_dead_letters,
    list_dead_letters,
    retry_dead_letters,
)
from contexta.recovery.diff import diff_backups
from contexta.recovery.keys import create_key_file, read_key_id
from contexta.recovery.models import (
    BackupDiff,
    BackupPlan,
    BackupProblem,
    BackupResult,
    BackupSummary,
    BackupVerification,
    ImportResult,
    KeptBackup,
    LostItem,
    PruneResult,
    RecoveryResult,
    ReplayBatchResult,
    ReplayEntryResult,
    RestorePlan,
    RestoreResult,
    SalvageResult,
    SectionDiff,
)
from contexta.recovery.prune import prune_backups
from contexta.recovery.rehearse import rehearse_restore
from contexta.recovery.remote import (
    PullResult,
    PushResult,
    RemoteBackup,
    list_remote_backups,
    pull_backup,
    push_backup,
    verify_remote_backup,
)
from contexta.recovery.replay import replay_outbox
from contexta.recovery.restore import plan_restore, restore_workspace
from contexta.recovery.store_sink import StoreSink

__all__ = [
    "Backoff",
    "BackupDiff",
    "BackupError",
    "BackupPlan",
    "BackupProblem",
    "BackupResult",
    "BackupSummary",
    "BackupVerification",
    "DeadLetter",
    "DeadLetterResult",
    "Delivery",
    "ImportResult",
    "KeptBackup",
    "LostItem",
    "Progress",
    "PruneResult",
    "PullResult",
    "PushResult",
    "RecoveryResult",
    "RehearsalDifference",
    "RehearsalResult",
    "RehearsalSide",
    "RemoteBackup",
    "ReplayBatchResult",
    "ReplayEntryResult",
    "ReplayError",
    "ReplaySink",
    "RestoreError",
    "RestorePlan",
    "RestorePreview",
    "RestoreResult",
    "SalvageResult",
    "SectionDiff",
    "StoreSink",
    "create_key_file",
    "create_workspace_backup",
    "diff_backups",
    "discard_dead_letters",
    "list_backups",
    "list_dead_letters",
    "list_remote_backups",
    "load_server_ledger",
    "plan_restore",
    "plan_workspace_backup",
    "prune_backups",
    "pull_backup",
    "push_backup",
    "read_key_id",
    "rehearse_restore",
    "replay_outbox",
    "restore_workspace",
    "retry_dead_letters",
    "salvage",
    "verify_backup",
    "verify_remote_backup",
    "wants_deliveries",
]
