"""Delete and erase: planned, printed, then applied in one transaction.

A plan reads, and changes nothing. Applying it plans once more inside the write transaction and
goes on only when both are the same, so what was printed is what goes. Records and artifacts are
of other planes: they are named, never touched.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from sqlalchemy import select

from contexta.contract.errors import ConflictError, ValidationError
from contexta.store.metadata import _tables as t
from contexta.store.metadata._archive import missing_refs, not_stored
from contexta.store.metadata._arguments import a_text, several
from contexta.store.metadata._deletion_closure import ORDER, Closure
from contexta.store.metadata._deletion_models import (
    DeletionBlocker,
    DeletionPlan,
    DeletionReport,
)
from contexta.store.metadata._deletion_rows import bury, named_elsewhere
from contexta.store.metadata._lookup import REFS, among, chunks
from contexta.store.metadata._refs import parse_ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection, Table

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._store import MetadataStore

    WriterAlive = Callable[[str], bool]


def plan_deletion(
    store: MetadataStore,
    refs: Iterable[StableRef | str],
    *,
    recursive: bool = True,
    erase: bool = False,
    writer_alive: WriterAlive | None = None,
) -> DeletionPlan:
    """Plan to delete entities; see `MetadataStore.plan_deletion`."""
    roots = [parse_ref(ref) for ref in several("refs", refs)]
    if not roots:
        raise ValidationError("Name at least one ref to delete.", code="metadata_deletion_empty")
    with store.context.database.read() as connection:
        missing = missing_refs(connection, roots)
        if missing:
            raise not_stored(missing)
        names = sorted({ref.text for ref in roots})
        return plan_in(connection, names, recursive, erase, writer_alive)


def apply_deletion(
    store: MetadataStore, plan: DeletionPlan, *, reason: str | None = None
) -> DeletionReport:
    """Delete what a plan names; see `MetadataStore.apply_deletion`."""
    if reason is not None:
        a_text("reason", reason)
    if plan.blocked:
        raise ConflictError(
            f"The plan cannot be applied: {plan.blockers[0].line}.",
            code="metadata_deletion_blocked",
            details={"blockers": [item.line for item in plan.blockers[:20]]},
        )
    context = store.context
    with context.database.write() as connection:
        now = plan_in(connection, plan.roots, plan.recursive, plan.erase, lambda _: False)
        if now.digest != plan.digest:
            raise ConflictError(
                "The ledger has changed since the plan was made; nothing was deleted. Plan "
                "again, and read the new plan.",
                code="metadata_plan_stale",
                details={"roots": list(plan.roots)},
            )
        bury(connection, now, actor=context.actor, reason=reason)
    return DeletionReport(
        deleted=tuple(ref for ref, _ in now.rows),
        counts=now.counts,
        untouched=now.untouched,
        runs=now.runs,
        bytes_removed=store.remove_deleted_bytes() if plan.erase else None,
    )


def plan_in(
    connection: Connection,
    roots: Sequence[str],
    recursive: bool,
    erase: bool,
    writer_alive: WriterAlive | None,
) -> DeletionPlan:
    """Plan inside a transaction; every root is stored."""
    closure = Closure(connection, recursive=recursive, erase=erase)
    by_kind: dict[str, list[str]] = {}
    for root in roots:
        by_kind.setdefault(root.partition(":")[0], []).append(root)
    for kind, refs in by_kind.items():
        closure.add(t.TABLE_OF_REF_KIND[kind], refs)
    closure.finish()
    rows: list[tuple[str, int]] = []
    counts: dict[str, int] = {}
    for table in ORDER:
        found = _revisions(connection, table, closure.going[table.name])
        if found:
            counts[table.name.removeprefix("ledger_")] = len(found)
            rows += found
    runs = tuple(sorted(closure.going[t.runs.name]))
    writers = _writers(connection, runs)
    blockers = [
        *closure.blockers,
        *(
            DeletionBlocker("run_is_written", run, writer)
            for run, writer in writers
            if writer_alive is None or writer_alive(writer)
        ),
    ]
    lineage = closure.going[t.relations.name] | closure.going[t.provenance.name]
    return DeletionPlan(
        roots=tuple(roots),
        rows=tuple(rows),
        counts=counts,
        blockers=tuple(blockers),
        untouched=named_elsewhere(connection, lineage),
        runs=runs,
        writers=writers,
        recursive=recursive,
        erase=erase,
        digest=_digest(rows, closure.blockers, writers),
    )


def _revisions(connection: Connection, table: Table, refs: set[str]) -> list[tuple[str, int]]:
    found = []
    for chunk in chunks(refs):
        statement = select(table.c.ref, table.c.revision).where(among(table.c.ref))
        rows = connection.execute(statement, {REFS: chunk})
        found += [(row.ref, row.revision) for row in rows]
    return sorted(found)


def _writers(connection: Connection, runs: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return (run, writer) of the runs that are open and kept alive by a writer."""
    own = t.run_writers.c
    found = []
    for chunk in chunks(runs):
        statement = (
            select(own.run_ref, own.writer_id)
            .join(t.runs, t.runs.c.ref == own.run_ref)
            .where(among(own.run_ref), t.runs.c.status == "open")
        )
        rows = connection.execute(statement, {REFS: chunk})
        found += [(row.run_ref, row.writer_id) for row in rows]
    return tuple(sorted(found))


def _digest(
    rows: Iterable[tuple[str, int]],
    blockers: Iterable[DeletionBlocker],
    writers: Iterable[tuple[str, str]],
) -> str:
    digest = blake2b(digest_size=16)
    for fact in (*rows, *((item.code, item.ref, item.blocked_by) for item in blockers), *writers):
        digest.update(repr(fact).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
