"""Give a salvaged workspace a ledger that passes its check.

In this order: the ledger of the source, its damaged rows put aside by the store's own repairs and
filled from the nearest earlier backup; when SQLite itself cannot read it, the ledger of that
backup with every row of the damaged file that proves itself by its digest; without a backup, a
new ledger with those rows. What is still missing is made from the records (`_salvage_rebuild`).
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import ContextaError, SchemaVersionError, StoreAccessError
from contexta.recovery._inspect import LEDGER_DAMAGE
from contexta.recovery._layout import DATABASE_NAME
from contexta.recovery._models_salvage import LostItem
from contexta.recovery._salvage_graft import graft_rows
from contexta.recovery._sqlite import SIDECAR_SUFFIXES, is_regular
from contexta.store.fs import ensure_private_dir

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.recovery._salvage_earlier import Earlier
    from contexta.recovery._salvage_losses import Losses
    from contexta.store.metadata import MetadataStore

METADATA = "metadata"
LEDGER = f"{METADATA}/{DATABASE_NAME}"
OWN, REBUILT = "source", "rebuilt"
_ROUNDS = 4
_SYSTEM_CODES = frozenset(
    {
        "metadata_store_busy",
        "store_disk_full",
        "store_io_failed",
        "store_lock_timeout",
        "store_permission_denied",
    }
)
_ASIDE = "ledger-damaged.sqlite"


class Ledger(NamedTuple):
    """Which ledger the copy has now.

    Attributes:
        source: `source`, the name of an earlier backup, or `rebuilt`.
        as_of: When that backup was made, UTC text; None otherwise.
    """

    source: str
    as_of: str | None = None


class _Row(NamedTuple):
    """A row that was put aside."""

    table: str
    ref: str


def mend_ledger(
    database: Path, losses: Losses, earlier: Earlier, *, expected: bool = True
) -> Ledger:
    """Make the ledger at a path one that opens and whose rows all verify.

    Args:
        database: The copy of the ledger; it may be damaged or absent.
        losses: Receives the rows that were lost.
        earlier: The backups that the ledger or its rows may be taken from.
        expected: Whether the source had one.

    Raises:
        SchemaVersionError: A newer release wrote it.
        StoreError: When the copy cannot be written.
    """
    known = losses.at(METADATA, LEDGER)
    trusted = known is None
    if is_regular(database) and (aside := _mended(database, trusted=trusted)) is not None:
        if known is not None and not aside:
            losses.mended(METADATA, LEDGER, "verified_row_by_row")
            losses.warnings.append(f"{known.message} Every row that is in it verifies.")
        _fill_rows(database, aside, earlier, losses)
        return Ledger(OWN)
    damaged = _put_aside(database)
    if damaged is None and known is None and not expected:
        _create(database)
        return Ledger(OWN)
    manifest = earlier.take_ledger(database)
    while manifest is not None and _mended(database) is None:
        database.unlink()
        manifest = earlier.take_ledger(database)
    if manifest is None:
        _create(database)
    rescued = 0 if damaged is None else graft_rows(damaged, database)
    if rescued:
        losses.note(f"ledger_rows_rescued:{rescued}")
        _mended(database)
    is_missing = damaged is None and (known is None or known.reason == "file_missing")
    what = "is missing" if is_missing else "is damaged, so that SQLite cannot read it"
    how = "Its rows were made anew from the records."
    if manifest is not None:
        how = f"It was taken from the backup {manifest.backup_ref!r} of {manifest.created_at}."
    losses.add(
        LostItem(
            plane=METADATA,
            place=LEDGER,
            reason=known.reason if known else "ledger_lost",
            message=f"{LEDGER!r} {what}. {how}"
            + (f" {rescued} rows of it prove themselves and were kept." if rescued else ""),
            certain=False,
        )
    )
    if manifest is None:
        return Ledger(REBUILT)
    return Ledger(manifest.backup_ref, manifest.created_at)


def _mended(database: Path, *, trusted: bool = True) -> list[_Row] | None:
    """Repair a ledger in place; return the rows put aside, None when it cannot be used.

    One that cannot be used is as it was: its rows are still to be read. With bytes that are known
    to be damaged, a version that is too new is damage like any other.
    """
    try:
        if _is_whole(database):
            return []
        work = ensure_private_dir(database.with_name("_mend.tmp"))
        try:
            return _repaired_copy(database, work / database.name)
        finally:
            shutil.rmtree(work)
    except SchemaVersionError as error:
        if trusted and "supported_version" in (error.details or {}):
            raise
    except ContextaError as error:
        if error.code in _SYSTEM_CODES:  # the disk, not the ledger: nothing may be concluded
            raise
    return None


def _repaired_copy(database: Path, copy: Path) -> list[_Row] | None:
    """Repair a copy of a ledger and put it in its place; None, and no change, when it fails."""
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    for suffix in ("", "-wal"):
        part = database.with_name(database.name + suffix)
        if is_regular(part):
            shutil.copyfile(part, copy.with_name(copy.name + suffix))
    config = MetadataStoreConfig(database_path=copy, auto_create=False, auto_migrate=True)
    aside: list[_Row] = []
    with MetadataStore(config) as store:
        for _ in range(_ROUNDS):
            if not _is_damaged(store):
                break
            aside += _repair(store)
        else:
            return None
    for suffix in SIDECAR_SUFFIXES:
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    os.replace(copy, database)
    return aside


def _is_whole(database: Path) -> bool:
    """Look without changing a byte; a ledger of an older version has to be migrated first."""
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    config = MetadataStoreConfig(database_path=database, auto_create=False, read_only=True)
    try:
        with MetadataStore(config) as store:
            return not _is_damaged(store)
    except SchemaVersionError:
        return False


def _is_damaged(store: MetadataStore) -> bool:
    issues = store.check_integrity(full=True).issues
    for issue in issues:
        code = str((issue.details or {}).get("code"))
        if issue.code == "check_failed" and code in _SYSTEM_CODES:
            raise StoreAccessError(issue.message, code=code, retryable=True)
    return any(issue.code in LEDGER_DAMAGE for issue in issues)


def _repair(store: MetadataStore) -> list[_Row]:
    result = store.apply_repairs(store.plan_repairs(), dry_run=False)
    return [
        _Row(change.table, str(change.before["ref"]))
        for change in result.changes
        if change.action == "quarantine_row" and change.before and "ref" in change.before
    ]


def _put_aside(database: Path) -> Path | None:
    """Move a ledger that cannot be read to `backups/` beside it; return where it is."""
    for suffix in (*SIDECAR_SUFFIXES, "-lock"):
        if suffix != "-wal":
            database.with_name(database.name + suffix).unlink(missing_ok=True)
    log = database.with_name(f"{database.name}-wal")
    if not is_regular(database):
        log.unlink(missing_ok=True)
        return None
    aside = database.parent / "backups" / _ASIDE
    ensure_private_dir(aside.parent)
    if is_regular(log):
        os.replace(log, aside.with_name(f"{aside.name}-wal"))
    os.replace(database, aside)
    return aside


def _create(database: Path) -> None:
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    ensure_private_dir(database.parent)
    MetadataStore(MetadataStoreConfig(database_path=database)).close()


def _fill_rows(database: Path, aside: list[_Row], earlier: Earlier, losses: Losses) -> None:
    """Take rows that were put aside from the nearest earlier backup that has them."""
    if not aside:
        return
    wanted = {row.ref for row in aside}
    scratch = database.with_name("_earlier.tmp")
    manifest = earlier.take_ledger(scratch)
    if manifest is not None:
        graft_rows(scratch, database, wanted)
        scratch.unlink()
        _mended(database)
    present = _present(database, wanted)
    for row in aside:
        text = f"The row of {row.ref!r} in {row.table.removeprefix('ledger_')!r} is damaged."
        if row.ref in present and manifest is not None:
            text += f" It is as the backup {manifest.backup_ref!r} had it."
        runs = run_of_ref(row.ref)
        losses.add(
            LostItem(
                plane=METADATA,
                place=row.ref,
                reason="row_older" if row.ref in present else "row_damaged",
                message=text,
                run_refs=(runs,) if runs else (),
                certain=bool(runs),
                count=1,
            )
        )


def _present(database: Path, refs: set[str]) -> set[str]:
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    config = MetadataStoreConfig(database_path=database, auto_create=False)
    with MetadataStore(config) as store:
        return refs & set(store.list_registered_refs())


def run_of_ref(ref: str) -> str | None:
    """Return the run that a ref is of or lies below; None for those of projects and others."""
    kind, _, value = ref.partition(":")
    parts = value.split(".")
    if kind not in ("run", "stage", "batch", "sample", "op", "environment", "artifact", "record"):
        return None
    if len(parts) < 2 or not all(part.replace("-", "").isalnum() for part in parts[:2]):
        return None
    return f"run:{parts[0]}.{parts[1]}"


def open_ledger(database: Path) -> Any:
    """Open the mended ledger for writing."""
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    return MetadataStore(
        MetadataStoreConfig(database_path=database, auto_create=False, actor="salvage")
    )
