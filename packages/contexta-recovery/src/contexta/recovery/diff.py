"""Say how two backups differ: their files, their counts, their runs."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import ContextaError
from contexta.recovery._errors import BackupError, translated
from contexta.recovery._find import held_backup
from contexta.recovery._layout import DATABASE_NAME, layout_of
from contexta.recovery._manifest import PAYLOAD
from contexta.recovery._manifest_diff import compare_files
from contexta.recovery._progress import Reporter
from contexta.recovery._unlock import open_backup
from contexta.recovery._verify import check_entry
from contexta.recovery.models import BackupDiff, SectionDiff
from contexta.store.fs import open_private, write_all

if TYPE_CHECKING:
    from contexta.contract import Run
    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._manifest import FileEntry, Manifest
    from contexta.recovery._source import BackupSource

__all__ = ["diff_backups"]

_LEDGER = f"{PAYLOAD}/metadata/{DATABASE_NAME}"


def diff_backups(
    config: RecoveryConfig,
    before: str | Path,
    after: str | Path,
    *,
    key_file: str | Path | None = None,
) -> BackupDiff:
    """Compare two backups: what the second has, has not, or has otherwise than the first.

    Files are compared by the digests in the manifests, runs by reading the two ledgers, which
    are verified on the way; of the rest no byte is read, so damage is not looked for. Nothing is
    written into a backup, and no prune removes them meanwhile.

    Args:
        config: The resolved configuration.
        before: The name of the backup to start from, or an absolute path.
        after: Likewise the one to compare it with.
        key_file: The key of encrypted backups; `recovery.backup_key_file` by default.

    Raises:
        BackupError: `recovery_backup_not_found`, `recovery_invalid_backup_ref`,
            `recovery_manifest_invalid` when a manifest cannot be trusted,
            `recovery_key_missing`, `recovery_key_wrong`, and the codes of system failures.
        ValidationError: `recovery_invalid_text` when a name is blank.
    """
    root = layout_of(config).backups
    with translated(BackupError, "compare the backups"), ExitStack() as stack:
        refs = (before, after)
        paths = [stack.enter_context(held_backup(ref, root, BackupError)) for ref in refs]
        first, second = (_trusted(path, config, key_file) for path in paths)
        runs = _compare_runs(first, second)
    changes = compare_files(first.manifest.files, second.manifest.files)
    return BackupDiff(
        status="DEGRADED" if runs.warnings else "SUCCESS",
        warnings=runs.warnings,
        before_ref=first.source.ref,
        after_ref=second.source.ref,
        sections=tuple(SectionDiff(name, *found) for name, found in changes.items()),
        counts_before=first.manifest.counts,
        counts_after=second.manifest.counts,
        runs_added=runs.added,
        runs_removed=runs.removed,
        runs_changed=runs.changed,
    )


class _Trusted(NamedTuple):
    source: BackupSource
    manifest: Manifest

    def ledger(self) -> FileEntry | None:
        """Return the entry of the ledger; None when the workspace had none."""
        return next((entry for entry in self.manifest.files if entry.path == _LEDGER), None)


def _trusted(path: Path, config: RecoveryConfig, key_file: str | Path | None) -> _Trusted:
    source, loaded = open_backup(path, BackupError, config=config, key_file=key_file)
    if loaded.manifest is None:
        raise BackupError(
            f"{source.ref!r} cannot be compared: {loaded.problems[0].message}",
            code="recovery_manifest_invalid",
            details={
                "location": str(path),
                "problems": [problem.to_dict() for problem in loaded.problems],
            },
        )
    return _Trusted(source, loaded.manifest)


class _RunChanges(NamedTuple):
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def _compare_runs(first: _Trusted, second: _Trusted) -> _RunChanges:
    one, other = first.ledger(), second.ledger()
    if one is not None and other is not None and one.sha256 == other.sha256:
        return _RunChanges()
    old, new = _runs_of(first, one), _runs_of(second, other)
    warnings = tuple(found for found in (old, new) if isinstance(found, str))
    if isinstance(old, str) or isinstance(new, str):
        return _RunChanges(warnings=warnings)
    return _RunChanges(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(ref for ref in old.keys() & new.keys() if old[ref] != new[ref])),
    )


def _runs_of(backup: _Trusted, ledger: FileEntry | None) -> dict[str, Run] | str:
    """Return the runs of a ledger by ref, or why they are not known."""
    if ledger is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="contexta-diff-") as folder:
        path = Path(folder) / DATABASE_NAME
        fd = open_private(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        try:
            problem = check_entry(
                backup.source, ledger, lambda _, chunk: write_all(fd, chunk), Reporter()
            )
        finally:
            os.close(fd)
        if problem is not None:
            return f"The runs of {backup.source.ref} are not known: {problem.message}"
        return _listed(path, backup.source.ref)


def _listed(path: Path, ref: str) -> dict[str, Run] | str:
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    settings = MetadataStoreConfig(
        database_path=path, read_only=True, auto_create=False, auto_migrate=False
    )
    try:
        with MetadataStore(settings) as store:
            return {run.run_ref.text: run for run in store.runs.list_runs()}
    except ContextaError as error:
        return f"The runs of {ref} are not known: {error.message}"
