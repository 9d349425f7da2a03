"""The merge as a whole: check, then metadata, records and artifacts, each complete by itself."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from contexta.contract.time import iso_utc_now
from contexta.store.merge._places import checked_places
from contexta.store.merge._report import Account

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from contexta.store.merge._report import MergeReport
    from contexta.store.metadata import MetadataStoreConfig


def merge_workspaces(
    source: str | Path,
    target: str | Path,
    *,
    dry_run: bool = False,
    rename: bool = True,
    actor: str | None = None,
    include_deleted: bool = False,
    projects: Collection[str] | None = None,
    source_ledger: MetadataStoreConfig | None = None,
    target_ledger: MetadataStoreConfig | None = None,
) -> MergeReport:
    """Take into `target` what `source` has and it has not.

    The source is only read, and may be a copy that was made while it was written to. The target
    may be in use meanwhile; its writers wait while the metadata is merged. Killed at any point,
    the target is whole, and merging again completes it: the metadata comes in one transaction,
    the records in one step, each artifact in one. What of the source cannot be read is reported
    and left out, and does not hold up the rest. Bit rot in the target is not looked for.

    Args:
        source: A workspace folder.
        target: A workspace folder; made when it does not exist.
        dry_run: Whether to write nothing and tell what would happen.
        rename: Whether incoming entities under refs that are taken get a suffix; otherwise such
            a merge is refused as a whole.
        actor: Who is named in the history of changed entities; the login name when None.
        include_deleted: Whether what was deleted in the target comes back.
        projects: Names of the projects that come, with their runs, records, artifacts and
            deployments, and the relations that touch them; all when None. The others may be
            merged later.
        source_ledger: Where the metadata of the source is, when it is not in its folder: on a
            server, for example.
        target_ledger: The same for the target.

    Returns:
        What was taken, renamed, left out, and found damaged.

    Raises:
        NotFoundError, ValidationError, ConfigurationError, SchemaVersionError, ConflictError,
            IntegrityError: See the package; nothing was changed.
        StoreAccessError: `store_lock_timeout` when another merge into the target takes more than
            an hour; otherwise when the disk refuses.
    """
    from contexta.store.merge._choice import checked_projects
    from contexta.store.merge._run import MergeRun
    from contexta.store.metadata._history import login_name

    started = time.monotonic()
    places = checked_places(source, target, create=not dry_run)
    account = Account()
    with ExitStack() as stack:
        run = MergeRun(
            *places,
            account,
            stack,
            write=not dry_run,
            rename=rename,
            actor=actor or login_name(),
            include_deleted=include_deleted,
            projects=checked_projects(projects),
            source_ledger=source_ledger,
            target_ledger=target_ledger,
        )
        run.run()
        report = account.report(
            places=(str(places[0].root), str(places[1].root)),
            ids=(places[0].workspace_id, places[1].workspace_id),
            dry_run=dry_run,
            seconds=time.monotonic() - started,
        )
        if not dry_run:
            run.finish(report, iso_utc_now())
    return report


def plan_merge(
    source: str | Path,
    target: str | Path,
    *,
    rename: bool = True,
    include_deleted: bool = False,
    projects: Collection[str] | None = None,
    source_ledger: MetadataStoreConfig | None = None,
    target_ledger: MetadataStoreConfig | None = None,
) -> MergeReport:
    """Tell what `merge_workspaces` would do; writes nothing. Arguments and errors are the same."""
    return merge_workspaces(
        source,
        target,
        dry_run=True,
        rename=rename,
        include_deleted=include_deleted,
        projects=projects,
        source_ledger=source_ledger,
        target_ledger=target_ledger,
    )
