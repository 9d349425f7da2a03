"""Which runs are old enough to go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from contexta.contract.errors import ValidationError
from contexta.contract.time import to_epoch_us
from contexta.store.metadata._arguments import several
from contexta.store.metadata._deletion import plan_in
from contexta.store.metadata._deletion_models import DeletionBlocker
from contexta.store.metadata._filters import run_of
from contexta.store.metadata._paging import check_page
from contexta.store.metadata._refs import filter_text
from contexta.store.metadata._tables import run_tags, runs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._deletion_models import DeletionPlan
    from contexta.store.metadata._store import MetadataStore


def plan_retention(
    store: MetadataStore,
    *,
    finished_before: str | datetime | None = None,
    keep_last: int | None = None,
    keep_tagged: Iterable[str] = (),
    project_ref: StableRef | str | None = None,
) -> DeletionPlan:
    """Plan to delete finished runs by age or number; see `MetadataStore.plan_retention`."""
    if finished_before is None and keep_last is None:
        raise ValidationError(
            "Say which runs are old: pass finished_before, keep_last or both.",
            code="metadata_retention_empty",
        )
    if keep_last is not None:
        check_page("keep_last", keep_last)
    statement = _finished(keep_last)
    if finished_before is not None:
        statement = statement.where(runs.c.ended_us < to_epoch_us(finished_before))
    if project_ref is not None:
        own = filter_text(project_ref, "project", "project_ref")
        statement = statement.where(runs.c.project_ref == own)
    with store.context.database.read() as connection:
        old = connection.execute(statement.order_by(runs.c.ref)).scalars().all()
        tagged = _tagged(connection, several("keep_tagged", keep_tagged), set(old))
        return _unblocked(connection, old, tagged)


def _unblocked(
    connection: Connection, old: Sequence[str], tagged: Sequence[DeletionBlocker]
) -> DeletionPlan:
    """Plan to delete the runs that nothing stands in the way of."""
    kept = list(tagged)
    stays = {blocker.ref for blocker in tagged}
    wanted = [ref for ref in old if ref not in stays]
    while True:
        plan = plan_in(connection, wanted, recursive=True, erase=False, writer_alive=None)
        protected = {run_of(blocker.ref) for blocker in plan.blockers}
        rest = [ref for ref in wanted if ref not in protected]
        if len(rest) == len(wanted):
            kept.sort(key=lambda blocker: (blocker.ref, blocker.code, blocker.blocked_by))
            return replace(plan, kept=tuple(kept))
        kept += [blocker for blocker in plan.blockers if run_of(blocker.ref) not in rest]
        wanted = rest


def _tagged(
    connection: Connection, keys: Sequence[str], old: Collection[str]
) -> list[DeletionBlocker]:
    """Return which of the old runs have a tag that keeps them."""
    if not keys:
        return []
    statement = select(run_tags.c.run_ref, run_tags.c.key).where(run_tags.c.key.in_(keys))
    rows = connection.execute(statement.order_by(run_tags.c.run_ref, run_tags.c.key))
    return [DeletionBlocker("tag_keeps_it", ref, key) for ref, key in rows if ref in old]


def _finished(keep_last: int | None) -> Select[Any]:
    """Select runs that have ended and are not among the newest."""
    statement = select(runs.c.ref).where(runs.c.status != "open")
    if keep_last:
        rank = (
            func.row_number()
            .over(
                partition_by=runs.c.project_ref,
                order_by=(runs.c.started_us.desc(), runs.c.ref.desc()),
            )
            .label("rank")
        )
        ranked = select(runs.c.ref, rank).subquery()
        newest = select(ranked.c.ref).where(ranked.c.rank <= keep_last)
        statement = statement.where(runs.c.ref.not_in(newest))
    return statement
