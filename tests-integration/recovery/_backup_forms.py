"""The forms that a backup has, and one way to make, verify and restore each."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace as Section
from typing import Any, NamedTuple

import contexta.recovery as recovery
from contexta.recovery import (
    BackupResult,
    BackupVerification,
    RestoreResult,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
    verify_backup,
)


class Form(NamedTuple):
    """A form: a folder or one file, sealed with a key or not."""

    name: str
    is_archive: bool
    is_sealed: bool

    def configure(self, config: Section, folder: Path) -> Section:
        """Give a configuration the key of this form; made in `folder` at the first call."""
        if self.is_sealed:
            key = folder / "backup.key"
            if not key.exists():
                recovery.create_key_file(key)
            config.recovery.backup_key_file = key
        return config

    def back_up(self, config: Section, **options: Any) -> BackupResult:
        """Plan and write a backup of this form."""
        form = "archive" if self.is_archive else "directory"
        plan = plan_workspace_backup(config, form=form, **options)
        return create_workspace_backup(config, plan)


DIRECTORY = Form("directory", is_archive=False, is_sealed=False)
ARCHIVE = Form("archive", is_archive=True, is_sealed=False)
SEALED = Form("sealed", is_archive=False, is_sealed=True)
SEALED_ARCHIVE = Form("sealed-archive", is_archive=True, is_sealed=True)
ALL = (DIRECTORY, ARCHIVE, SEALED, SEALED_ARCHIVE)
CAN_SEAL = find_spec("cryptography") is not None
NEEDS_CRYPTOGRAPHY = "cryptography is not installed: contexta-recovery[encryption]"


def verify(config: Section, ref: str) -> BackupVerification:
    """Verify with the key of the configuration, when it has one."""
    return verify_backup(config, ref)


def restore(config: Section, ref: str, target: Path | None = None) -> RestoreResult:
    """Plan and apply a restore."""
    return restore_workspace(config, plan_restore(config, ref, target_workspace=target))
