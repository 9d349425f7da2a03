"""Check the register of refs: every ref is one, in the table of its kind, and leads somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from contexta.contract.errors import ValidationError
from contexta.contract.refs import StableRef
from contexta.store.metadata import _tables as t
from contexta.store.metadata._issues import IntegrityIssue
from contexta.store.metadata._streams import row_pages, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


def registry_issues(connection: Connection) -> Iterator[IntegrityIssue]:
    """Yield malformed refs first, then refs that are filed under a kind that is not theirs."""
    yield from _malformed(connection)
    yield from _misfiled_mentions(connection)
    yield from _misfiled_entities(connection)


def _malformed(connection: Connection) -> Iterator[IntegrityIssue]:
    own = t.mentions.c
    statement = select(own.ref, own.ref_kind, own.mentioned_as).order_by(own.ref)
    for rows in row_pages(connection, statement):
        for row in rows:
            try:
                StableRef.parse(row.ref)
            except ValidationError as error:
                yield IntegrityIssue(
                    code="malformed_registered_ref",
                    message=f"{shown(row.ref)!r} is registered but is not a ref: "
                    f"{shown(error.message)}",
                    severity="warning",
                    ref=shown(row.ref),
                    suggested_action="quarantine_registered_ref",
                    details={
                        "ref_kind": shown(row.ref_kind),
                        "owner_kind": shown(row.mentioned_as),
                    },
                )


def _misfiled_mentions(connection: Connection) -> Iterator[IntegrityIssue]:
    own = t.mentions.c
    # Not LIKE, to which SQLite gives no case.
    head = func.substr(own.ref, 1, func.length(own.ref_kind) + 1)
    statement = (
        select(own.ref, own.ref_kind)
        .where(own.ref.contains(":"), head != own.ref_kind.concat(":"))
        .order_by(own.ref)
    )
    for row in connection.execute(statement):
        yield _mismatch(row.ref, row.ref.partition(":")[0], row.ref_kind, "rebuild_registry_entry")


def _misfiled_entities(connection: Connection) -> Iterator[IntegrityIssue]:
    for kind, table in t.TABLE_OF_REF_KIND.items():
        head = func.substr(table.c.ref, 1, len(kind) + 1)
        statement = select(table.c.ref).where(head != f"{kind}:").order_by(table.c.ref)
        for ref in connection.execute(statement).scalars():
            yield _mismatch(ref, str(ref).partition(":")[0], kind, "quarantine_row", table.name)


def _mismatch(
    ref: str, expected: str, actual: str, action: str, table: str = "ledger_mentions"
) -> IntegrityIssue:
    return IntegrityIssue(
        code="registry_owner_mismatch",
        message=f"{shown(ref)!r} is filed as {shown(actual)!r}.",
        severity="warning",
        ref=shown(ref),
        suggested_action=action,
        details={
            "expected_owner_kind": shown(expected),
            "actual_owner_kind": shown(actual),
            "table": table.removeprefix("ledger_"),
        },
    )
