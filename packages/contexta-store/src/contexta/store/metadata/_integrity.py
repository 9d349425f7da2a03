"""Check the ledger: schema, references, times, digests, derived rows, and the file itself."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from contexta.contract.errors import ContextaError
from contexta.contract.time import iso_utc_now
from contexta.store.metadata._errors import database_error
from contexta.store.metadata._integrity_registry import registry_issues
from contexta.store.metadata._integrity_rows import mark_issues, row_issues
from contexta.store.metadata._integrity_rules import (
    orphan_issues,
    reference_issues,
    time_issues,
)
from contexta.store.metadata._integrity_schema import schema_issues
from contexta.store.metadata._issues import IntegrityIssue
from contexta.store.metadata._log_damage import log_issues
from contexta.store.metadata._streams import shown, tolerant_text
from contexta.store.metadata._tables import CURRENT_METADATA_STORE_SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy import Connection

    from contexta.store.metadata._database import Database
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
    """Run all checks in one read transaction.

    One damaged table hides no finding in another: a check that cannot be run is itself reported.
    """
    with database.read() as connection, tolerant_text(connection):
        issues = list(_issues(database, connection, full=full))
    return IntegrityReport(
        ok=not issues,
        store_schema_version=CURRENT_METADATA_STORE_SCHEMA_VERSION,
        checked_at=iso_utc_now(),
        issues=tuple(issues),
    )


def _issues(database: Database, connection: Connection, *, full: bool) -> Iterator[IntegrityIssue]:
    checks: list[tuple[str, Callable[[Connection], Iterable[IntegrityIssue]], bool]] = [
        ("references", reference_issues, True),
        ("registry", registry_issues, full),
        ("times", time_issues, True),
        ("orphans", orphan_issues, True),
        ("schema", schema_issues, full),
        ("rows", row_issues, full),
        ("marks", mark_issues, full),
    ]
    for name, check, wanted in checks:
        if wanted:
            yield from _guarded(database, connection, name, check)
    if database.path is not None:
        place = database.path
        yield from _guarded(database, connection, "log", lambda _: log_issues(place))
    if full:
        yield from _guarded(database, connection, "file", lambda own: _file_issues(database, own))


def _guarded(
    database: Database,
    connection: Connection,
    name: str,
    check: Callable[[Connection], Iterable[IntegrityIssue]],
) -> Iterator[IntegrityIssue]:
    """Yield what a check finds; when the database refuses it, that is a finding."""
    try:
        yield from check(connection)
    except (SQLAlchemyError, sqlite3.Error, ContextaError) as error:
        known = error if isinstance(error, ContextaError) else database_error(database.place, error)
        yield IntegrityIssue(
            code="check_failed",
            message=f"The check of the {name} could not be finished: {shown(known.message)}",
            suggested_action="restore_backup",
            details={"check": name, "code": known.code},
        )


def _file_issues(database: Database, connection: Connection) -> Iterator[IntegrityIssue]:
    for problem in database.self_check(connection):
        # Rows are the truth, and indexes follow from them.
        of_index = "index" in problem
        yield IntegrityIssue(
            code="database_index_damaged" if of_index else "database_file_damaged",
            message=f"The database reports: {shown(problem)}",
            suggested_action="rebuild_indexes" if of_index else "restore_backup",
            details={"problem": shown(problem)},
        )
