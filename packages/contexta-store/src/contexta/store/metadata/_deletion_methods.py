"""Deleting as methods of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.metadata import _tombstones
from contexta.store.metadata._paging import check_page
from contexta.store.metadata._refs import ref_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Connection

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._context import StoreContext
    from contexta.store.metadata._deletion_models import DeletionPlan, DeletionReport
    from contexta.store.metadata._paging import Page
    from contexta.store.metadata._tombstones import Tombstone


class DeletionMethods:
    """The half of `MetadataStore` that takes entities away and tells of it.

    Planning and deleting load when they are called: who only reads does not pay for them.
    """

    _context: StoreContext

    @property
    def context(self) -> StoreContext:
        """What the parts of this package share; not for scripts."""
        return self._context

    def plan_deletion(
        self: Any,
        refs: Iterable[StableRef | str],
        *,
        recursive: bool = True,
        erase: bool = False,
        writer_alive: Callable[[str], bool] | None = None,
    ) -> DeletionPlan:
        """Plan to delete entities. Reads only; print `plan.lines` before you apply it.

        With an entity go: what belongs to it, the relations from it and to it, unless another
        stored entity stands for them, and what is asserted about these. In the way stand:
        deployments of its runs, relations from and evidence of entities that stay, and open runs
        that a writer keeps alive.

        Args:
            refs: What to delete, of any kinds.
            recursive: False lets whatever belongs to an entity stand in the way instead.
            erase: For personal data: relations and assertions that name an entity go as well,
                whoever stands for them, and applying removes the bytes from the files.
            writer_alive: Tells whether a writer id (see `RunRepository.open_run_writers`) is of
                a living writer. None: every one counts as alive.

        Raises:
            NotFoundError: `metadata_row_not_found`, naming all refs that are not stored.
            ValidationError: `metadata_deletion_empty` without refs.
        """
        from contexta.store.metadata._deletion import plan_deletion

        return plan_deletion(
            self, refs, recursive=recursive, erase=erase, writer_alive=writer_alive
        )

    def apply_deletion(
        self: Any, plan: DeletionPlan, *, reason: str | None = None
    ) -> DeletionReport:
        """Delete what a plan names, all of it in one transaction, and set tombstones.

        The tombstone of a row and its history tell that it was there, when it changed state, and
        who deleted it; names, parameters and tags go. The revision goes on if the ref is put
        again. Records and artifacts of the runs are left to their planes, backups to you.

        Args:
            plan: As planned; a plan that is older than a change of its rows is refused.
            reason: Kept in the tombstones.

        Raises:
            ConflictError: `metadata_deletion_blocked` or `metadata_plan_stale`; nothing is
                deleted then.
            ReadOnlyStoreError: `metadata_store_read_only`.
        """
        from contexta.store.metadata._deletion import apply_deletion

        return apply_deletion(self, plan, reason=reason)

    def plan_retention(
        self: Any,
        *,
        finished_before: str | datetime | None = None,
        keep_last: int | None = None,
        keep_tagged: Iterable[str] = (),
        project_ref: StableRef | str | None = None,
    ) -> DeletionPlan:
        """Plan to delete finished runs that are old; without any, a plan that deletes nothing.

        Open runs are never among them. Runs that are old enough and that something holds, such as
        a deployment, a relation or a tag to keep, are left out: `plan.kept` tells which and why.

        Args:
            finished_before: Only runs that ended before this instant.
            keep_last: Not the newest so many runs of each project, by start.
            keep_tagged: Not the runs that have one of these tags, whatever its value.
            project_ref: Only runs of this project.

        Raises:
            ValidationError: `metadata_retention_empty` without age and number.
        """
        from contexta.store.metadata._retention import plan_retention

        return plan_retention(
            self,
            finished_before=finished_before,
            keep_last=keep_last,
            keep_tagged=keep_tagged,
            project_ref=project_ref,
        )

    def remove_deleted_bytes(self: Any) -> bool:
        """Rewrite the files of the ledger without what was deleted from them.

        An erasure does so by itself; call it again when it could not finish.

        Returns:
            False when a reader keeps the log from being emptied: call again when it is done. On
            a server nothing is done: old row versions go with its own VACUUM.
        """
        if self._context.database.dialect != "sqlite":
            return False
        self.vacuum()
        return bool(self.checkpoint())

    def find_tombstone(self, ref: StableRef | str) -> Tombstone | None:
        """Return the last deletion of a ref; None when it never was deleted."""
        wanted = ref_text(ref)
        with self._context.database.read() as connection:
            return _tombstones.last_tombstone(connection, wanted, self._context.damage)

    def list_tombstones(
        self, *, kind: str | None = None, limit: int | None = None, after: str | None = None
    ) -> tuple[Tombstone, ...]:
        """Return deletions, oldest first; of one kind of ref, such as `run`, when given."""
        with self._context.database.read() as connection:
            return self._tombstones(connection, kind, limit, after).items

    def page_tombstones(
        self, *, kind: str | None = None, limit: int = 100, after: str | None = None
    ) -> Page[Tombstone]:
        """Return the same, with the cursor of the page behind it."""
        check_page("limit", limit, least=1)
        with self._context.database.read() as connection:
            return self._tombstones(connection, kind, limit, after)

    def _tombstones(
        self, connection: Connection, kind: str | None, limit: int | None, after: str | None
    ) -> Page[Tombstone]:
        return _tombstones.tombstone_page(
            connection, self._context.damage, kind=kind, limit=limit, after=after
        )
