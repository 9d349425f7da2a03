"""What the checks ask the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, union

from contexta.contract.errors import IntegrityError
from contexta.store.integrity._report import WorkspaceIssue
from contexta.store.metadata._entities import DEPLOYMENT
from contexta.store.metadata._integrity_rows import present
from contexta.store.metadata._integrity_rules import of_kind
from contexta.store.metadata._streams import row_pages, tolerant_text
from contexta.store.metadata._tables import (
    TABLE_OF_REF_KIND,
    citations,
    relations,
    run_writers,
    runs,
    tombstones,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from contexta.store.metadata import MetadataStore


def own_issues(store: MetadataStore, *, full: bool) -> Iterator[WorkspaceIssue]:
    """Yield what the ledger finds wrong with itself."""
    for issue in store.check_integrity(full=full).issues:
        yield WorkspaceIssue(
            code=issue.code,
            message=issue.message,
            severity=issue.severity,
            plane="metadata",
            ref=issue.ref,
            suggested_action=issue.suggested_action,
            details=issue.details,
        )


def absent(store: MetadataStore, kind: str, refs: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return those of the refs that are not stored, and those of them that were deleted."""
    wanted = set(refs)
    with store._backend.read() as connection:  # noqa: SLF001 (the same package)
        missing = wanted - present(connection, TABLE_OF_REF_KIND[kind], wanted)
        return missing, present(connection, tombstones, missing)


def writers_of_open_runs(store: MetadataStore) -> list[tuple[str, str]]:
    """Return (run ref, writer id) of every open run that names its writer, by ref."""
    statement = (
        select(run_writers.c.run_ref, run_writers.c.writer_id)
        .join(runs, runs.c.ref == run_writers.c.run_ref)
        .where(runs.c.status == "open")
        .order_by(run_writers.c.run_ref)
    )
    with store._backend.read() as connection:  # noqa: SLF001 (the same package)
        return [(row.run_ref, row.writer_id) for row in connection.execute(statement)]


def named_by_lineage(store: MetadataStore, kind: str) -> list[tuple[str, str]]:
    """Return (ref, relation or provenance that names it) for refs of a kind, by ref."""
    source, target, cited = relations.c.source_ref, relations.c.target_ref, citations.c.ref
    statement = union(
        select(source.label("named"), relations.c.ref.label("owner")).where(of_kind(source, kind)),
        select(target, relations.c.ref).where(of_kind(target, kind)),
        select(cited, citations.c.owner_ref).where(of_kind(cited, kind)),
    )
    with store._backend.read() as connection:  # noqa: SLF001 (the same package)
        return sorted((row.named, row.owner) for row in connection.execute(statement))


def deployed_artifacts(store: MetadataStore) -> list[tuple[str, str]]:
    """Return (deployment, artifact) for each readable deployment that names one, by ref."""
    found = []
    table = DEPLOYMENT.table
    with store._backend.read() as connection, tolerant_text(connection):  # noqa: SLF001 (the same package)
        for rows in row_pages(connection, select(table).order_by(table.c.ref)):
            for row in rows:
                try:
                    artifact = DEPLOYMENT.model_of(row).artifact_ref
                except IntegrityError:
                    continue  # the check of the ledger reports it
                if artifact is not None:
                    found.append((row.ref, artifact.text))
    return found
