"""Check the ledger: references, times, digests, derived rows, and the file itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.contract.errors import IntegrityError, ValidationError
from contexta.contract.refs import StableRef
from contexta.contract.time import iso_utc_now
from contexta.store.metadata import _sqlite
from contexta.store.metadata._entities import ENTITIES, RUN
from contexta.store.metadata._integrity_rules import reference_issues, time_issues
from contexta.store.metadata._issues import IntegrityIssue
from contexta.store.metadata._reading import fetch_rows
from contexta.store.metadata._run_facts import param_value
from contexta.store.metadata._tables import (
    CURRENT_METADATA_STORE_SCHEMA_VERSION,
    mentions,
    run_params,
    run_tags,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from contexta.store.metadata._database import Database
    from contexta.store.metadata._rows import Entity
    from contexta.store.metadata._store import MetadataStore


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """The result of a check.

    Attributes:
        ok: True when there is no issue at all, not even a warning.
        store_schema_version: The version checked.
        checked_at: UTC text.
        issues: In the order of the checks, then by ref.
        issue_counts: `{"error": n, "warning": n}`; computed when not given.
    """

    ok: bool
    store_schema_version: str
    checked_at: str
    issues: tuple[IntegrityIssue, ...] = ()
    issue_counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = dict(self.issue_counts)
        if not counts:
            counts = {"error": 0, "warning": 0}
            for issue in self.issues:
                counts[issue.severity] += 1
        object.__setattr__(self, "issue_counts", dict(sorted(counts.items())))


def check_integrity(store: MetadataStore, *, full: bool = True) -> IntegrityReport:
    """Check a store: `MetadataStore.check_integrity` as a function."""
    return store.check_integrity(full=full)


def check_database(database: Database, *, full: bool) -> IntegrityReport:
    """Run all checks in one read transaction."""
    with database.read() as connection:
        issues = [*reference_issues(connection)]
        if full:
            issues.extend(_mention_issues(connection))
        issues.extend(time_issues(connection))
        if full:
            issues.extend(_file_issues(connection))
            for entity in ENTITIES:
                issues.extend(_row_issues(connection, entity))
            issues.extend(_fact_issues(connection))
    return IntegrityReport(
        ok=not issues,
        store_schema_version=CURRENT_METADATA_STORE_SCHEMA_VERSION,
        checked_at=iso_utc_now(),
        issues=tuple(issues),
    )


def _mention_issues(connection: Connection) -> Iterator[IntegrityIssue]:
    for row in fetch_rows(connection, select(mentions).order_by(mentions.c.ref)):
        try:
            StableRef.parse(row.ref)
        except ValidationError as error:
            yield IntegrityIssue(
                code="malformed_registered_ref",
                message=f"{row.ref!r} is registered but is not a ref: {error.message}",
                severity="warning",
                ref=row.ref,
                suggested_action="quarantine_registered_ref",
                details={"ref_kind": row.ref_kind, "owner_kind": row.mentioned_as},
            )


def _file_issues(connection: Connection) -> Iterator[IntegrityIssue]:
    for problem in _sqlite.file_problems(connection):
        yield IntegrityIssue(
            code="database_file_damaged",
            message=f"The database reports: {problem}",
            suggested_action="restore_backup",
        )


def _row_issues(connection: Connection, entity: Entity[Any]) -> Iterator[IntegrityIssue]:
    table = entity.table
    for row in fetch_rows(connection, select(table).order_by(table.c.ref)):
        try:
            model = entity.model_of(row)
        except IntegrityError as error:
            yield IntegrityIssue(
                code="metadata_row_damaged",
                message=error.message,
                ref=row.ref if isinstance(row.ref, str) else None,
                suggested_action="restore_backup",
                details=dict(error.details or {}),
            )
            continue
        expected = entity.row(model, stored_us=row.stored_us, revision=row.revision)
        drifted = [
            name
            for name, value in zip(table.c.keys(), row, strict=True)
            if name not in {"payload", "digest"} and expected[name] != value
        ]
        if drifted:
            yield IntegrityIssue(
                code="column_payload_mismatch",
                message=f"Columns of {row.ref!r} disagree with its payload: {', '.join(drifted)}.",
                ref=row.ref,
                suggested_action="put_again",
                details={"table": table.name.removeprefix("ledger_"), "columns": drifted},
            )


def _fact_issues(connection: Connection) -> Iterator[IntegrityIssue]:
    """Compare the parameter and tag rows with the runs that they are derived from."""
    stored: dict[str, set[tuple[Any, ...]]] = {}
    for row in fetch_rows(connection, select(run_params)):
        stored.setdefault(row.run_ref, set()).add(("param", row.key, row.text, row.number))
    for row in fetch_rows(connection, select(run_tags)):
        stored.setdefault(row.run_ref, set()).add(("tag", row.key, row.value))
    for row in fetch_rows(connection, select(RUN.table).order_by(RUN.table.c.ref)):
        facts = stored.pop(row.ref, set())
        try:
            run = RUN.model_of(row)
        except IntegrityError:
            continue  # reported above, as a damaged row
        expected: set[tuple[Any, ...]] = {
            ("param", key, *param_value(value)) for key, value in run.params.items()
        }
        expected |= {("tag", key, value) for key, value in run.tags.items()}
        if facts != expected:
            yield _drifted(row.ref)
    for ref in sorted(stored):
        yield _drifted(ref)


def _drifted(ref: str) -> IntegrityIssue:
    return IntegrityIssue(
        code="run_facts_mismatch",
        message=f"The parameter or tag rows of {ref!r} disagree with the run.",
        ref=ref,
        suggested_action="put_again",
    )
