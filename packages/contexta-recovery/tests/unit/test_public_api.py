import subprocess
import sys

import contexta.recovery as recovery

NAMES_OF_1_0 = {
    "BackupError",
    "BackupPlan",
    "BackupResult",
    "ImportResult",
    "RecoveryResult",
    "ReplayBatchResult",
    "ReplayEntryResult",
    "ReplayError",
    "RestoreError",
    "RestorePlan",
    "RestoreResult",
    "create_workspace_backup",
    "plan_restore",
    "plan_workspace_backup",
    "replay_outbox",
    "restore_workspace",
}
NEW_NAMES = {
    "Backoff",
    "BackupDiff",
    "BackupProblem",
    "BackupSummary",
    "BackupVerification",
    "DeadLetter",
    "DeadLetterResult",
    "Delivery",
    "KeptBackup",
    "LostItem",
    "Progress",
    "PruneResult",
    "PullResult",
    "PushResult",
    "RehearsalDifference",
    "RehearsalResult",
    "RehearsalSide",
    "RemoteBackup",
    "ReplaySink",
    "RestorePreview",
    "SalvageResult",
    "SectionDiff",
    "StoreSink",
    "create_key_file",
    "diff_backups",
    "discard_dead_letters",
    "list_backups",
    "list_dead_letters",
    "list_remote_backups",
    "load_server_ledger",
    "prune_backups",
    "pull_backup",
    "push_backup",
    "read_key_id",
    "rehearse_restore",
    "retry_dead_letters",
    "salvage",
    "verify_backup",
    "verify_remote_backup",
    "wants_deliveries",
}


def test_the_public_names_are_exactly_these():
    assert set(recovery.__all__) == NAMES_OF_1_0 | NEW_NAMES
    assert list(recovery.__all__) == sorted(recovery.__all__)


def test_the_deep_names_of_1_0_are_the_same_objects():
    from contexta.recovery import backup, models, replay, restore

    assert backup.BackupError is recovery.BackupError
    assert backup.plan_workspace_backup is recovery.plan_workspace_backup
    assert restore.RestoreError is recovery.RestoreError
    assert restore.restore_workspace is recovery.restore_workspace
    assert replay.ReplayError is recovery.ReplayError
    assert replay.replay_outbox is recovery.replay_outbox
    assert models.RestorePlan is recovery.RestorePlan


def test_importing_recovery_loads_no_database_no_arrow_and_no_library_of_an_extra():
    code = (
        "import sys, contexta.recovery; "
        "print([m for m in ('sqlalchemy', 'pyarrow', 'duckdb', 'cryptography', 'fsspec') "
        "if m in sys.modules])"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"
