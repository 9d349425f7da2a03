"""A ledger on a PostgreSQL server: into a backup as an SQLite ledger, and back to a server.

A backup is a folder that anybody can read years later, so it holds no dump of a server but the
ledger as one file. All rows are copied as they are, from one read transaction, while others
write.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError
from contexta.recovery._errors import BackupError, RestoreError
from contexta.recovery._layout import DATABASE_NAME, absolute, layout_of
from contexta.recovery._models_base import RecoveryResult
from contexta.recovery._sqlite import is_regular
from contexta.store.fs import fsync_file, open_private

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._layout import Layout
    from contexta.recovery._manifest import Manifest
    from contexta.recovery._models_restore import RestorePlan
    from contexta.store.metadata import MetadataStoreConfig

LEDGER_NOTE = "ledger_copied_from_server"
RESTORED_NOTE = "ledger_is_sqlite"


def server_ledger(config: RecoveryConfig, layout: Layout) -> MetadataStoreConfig | None:
    """Return the settings of the ledger of a workspace when it is on a server, else None.

    Args:
        config: The resolved configuration.
        layout: The workspace; another one than the configured has its ledger in its folder.
    """
    url = getattr(config.metadata, "url", None)
    on_server = url is not None or bool(getattr(config.metadata, "on_server", False))
    is_configured = os.path.realpath(layout.root) == os.path.realpath(layout_of(config).root)
    if not on_server or not is_configured:
        return None
    from contexta.store.metadata import MetadataStoreConfig

    if isinstance(config.metadata, MetadataStoreConfig):
        return config.metadata
    return MetadataStoreConfig(url=url, schema_name=getattr(config.metadata, "schema_name", None))


def copy_server_ledger(settings: MetadataStoreConfig, target: Path) -> None:
    """Copy the ledger on a server to a new file, 0600 and synced, as of one moment.

    Equal ledgers give equal bytes, so that backups of an unchanged one share the file.

    Args:
        settings: Of the server.
        target: The file; an empty one is made there, so it must not exist. A folder for the work
            is made beside it and removed.

    Raises:
        BackupError: `recovery_ledger_unreadable` when the server does not answer, holds no
            ledger, or one that this release cannot read; retryable when it may work later.
    """
    from contexta.store.metadata import MetadataStoreConfig, transfer_ledger

    with tempfile.TemporaryDirectory(prefix=".ledger-", dir=target.parent) as folder:
        copy = Path(folder) / DATABASE_NAME
        try:
            transfer_ledger(settings, MetadataStoreConfig(database_path=copy, synchronous="normal"))
        except ContextaError as error:
            raise BackupError(
                f"The ledger on the server could not be copied: {error.message} The backup would "
                "lack every project and run, so none was made.",
                code="recovery_ledger_unreadable",
                details={"reason": error.code, **(error.details or {})},
                retryable=error.retryable,
                cause=error,
            ) from error
        _compact(copy, target)
    fsync_file(target)


def _compact(source: Path, target: Path) -> None:
    """Write the database anew: without its log, and without remains of earlier rows in it."""
    os.close(open_private(target, os.O_CREAT | os.O_EXCL | os.O_RDWR))
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def load_server_ledger(
    config: RecoveryConfig, *, ledger: str | Path | None = None
) -> RecoveryResult:
    """Load an SQLite ledger into the empty schema of the server that the configuration names.

    This is the second half of restoring a workspace whose ledger is on a server: the restore
    leaves the ledger as a file in the workspace, and this puts its rows on the server, in one
    transaction. The file stays as it is.

    Args:
        config: The resolved configuration; its metadata section names the server.
        ledger: The file; `ledger.sqlite` in the metadata folder of the workspace by default.

    Returns:
        `details["rows"]` counts the rows by table.

    Raises:
        RestoreError: `recovery_no_server_ledger` when the configuration names no server,
            `recovery_ledger_missing` when there is no such file, `recovery_server_not_empty` when
            the schema holds rows already, `recovery_ledger_not_loaded` when the server or the
            file refuses. The server is as it was.
    """
    layout = layout_of(config)
    settings = server_ledger(config, layout)
    if settings is None:
        raise RestoreError(
            "The configuration names no PostgreSQL server. Set metadata.url, or open the "
            "workspace with its SQLite ledger.",
            code="recovery_no_server_ledger",
        )
    source = layout.database if ledger is None else absolute(ledger)
    if not is_regular(source):
        raise RestoreError(
            f"There is no ledger {str(source)!r}. Restore a backup first, or pass its path.",
            code="recovery_ledger_missing",
            details={"path": str(source)},
        )
    return RecoveryResult(
        "SUCCESS", notes=("ledger_loaded",), details={"rows": _load(source, settings)}
    )


def _load(source: Path, settings: MetadataStoreConfig) -> dict[str, int]:
    from contexta.store.metadata import MetadataStoreConfig, transfer_ledger

    try:
        return transfer_ledger(MetadataStoreConfig(database_path=source), settings)
    except ContextaError as error:
        is_filled = error.code == "metadata_target_not_empty"
        raise RestoreError(
            f"The ledger {str(source)!r} was not loaded: {error.message}",
            code="recovery_server_not_empty" if is_filled else "recovery_ledger_not_loaded",
            details={"path": str(source), "reason": error.code},
            retryable=error.retryable,
            cause=error,
        ) from error


def restored_ledger_notes(plan: RestorePlan, manifest: Manifest) -> tuple[str, ...]:
    """Say that a ledger from a server comes back as a file; merged projects do not."""
    is_file = LEDGER_NOTE in manifest.notes and not plan.projects
    return (RESTORED_NOTE,) if is_file else ()


def restored_ledger_warnings(config: RecoveryConfig, target: Layout) -> tuple[str, ...]:
    """Say that a restore does not touch the server that the configuration names."""
    if server_ledger(config, target) is None:
        return ()
    warning = (
        "The configuration names a ledger on a server, which was not changed. The restored one "
        f"is {str(target.database)!r}: point the configuration at it, or load it into an empty "
        "schema with load_server_ledger."
    )
    return (warning,)
