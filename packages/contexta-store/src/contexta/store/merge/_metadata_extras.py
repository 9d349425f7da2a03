"""Rows of the ledger besides the entities: history, tombstones, archive marks, living writers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.contract.errors import ContextaError
from contexta.store.merge._places import note_or_raise
from contexta.store.metadata import _tables as t
from contexta.store.metadata._damage import DamageLog
from contexta.store.metadata._lookup import REFS, among, chunks, existing
from contexta.store.metadata._marked_rows import whole_rows
from contexta.store.metadata._streams import row_pages

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row, Table

    from contexta.store.merge._choice import LeftOut
    from contexta.store.merge._renames import Renames
    from contexta.store.merge._report import Account

_REPORTED = frozenset({"run", "deployment"})


class ExtraRows:
    """Copies what the target lacks; rows are equal when all that they say is.

    Args:
        come: Connection to the source.
        into: Connection to the target.
        renames: Refs that differ in the target.
        came: Refs in the target of what the source has, too.
        account: Where to count.
        left_out: What does not come.
    """

    def __init__(
        self,
        come: Connection,
        into: Connection,
        renames: Renames,
        came: Collection[str],
        account: Account,
        left_out: LeftOut,
    ) -> None:
        self._come = come
        self._into = into
        self._renames = renames
        self._came = came
        self._account = account
        self._left_out = left_out
        self._damage = DamageLog()

    def copy(self, *, write: bool) -> None:
        """Copy all kinds of rows; with `write` off they are only counted."""
        self._write = write
        steps = (
            (t.lifecycle_history, "change", self._history),
            (t.tombstones, "tombstone", self._tombstones),
            (t.archived, "archive_mark", self._marks),
            (t.run_writers, "writer", self._writers),
        )
        for table, kind, take in steps:
            try:
                for rows in row_pages(self._come, select(table)):
                    fresh = take(whole_rows(table.name, rows, self._damage))
                    self._insert(table, kind, fresh)
            except ContextaError as error:
                note_or_raise(self._account, "metadata", error)
        for row in self._damage.rows():
            from contexta.store.merge._report import MergeDamage

            text = f"A row of {row.ref!r} in {row.table!r}: {row.reason}"
            self._account.damage.append(MergeDamage("metadata", "metadata_row_damaged", text))

    def _insert(self, table: Table, kind: str, fresh: Sequence[dict[str, Any]]) -> None:
        self._account.count("metadata", kind, "new", len(fresh))
        if fresh and self._write:
            self._into.execute(table.insert(), list(fresh))

    def _mapped(self, table: Table, row: Row[Any], ref: str, column: str) -> dict[str, Any]:
        names = [one.name for one in table.c if one.name not in {"id", "digest"}]
        return {**{name: getattr(row, name) for name in names}, column: ref}

    def _history(self, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
        mapped = [
            self._mapped(t.lifecycle_history, row, ref, "ref")
            for row in rows
            if (ref := self._renames.ref(row.ref)) in self._came
        ]
        return self._unknown(t.lifecycle_history, mapped)

    def _unknown(self, table: Table, mapped: list[dict[str, Any]]) -> list[dict[str, Any]]:
        names = list(mapped[0]) if mapped else []
        known: set[tuple[Any, ...]] = set()
        for chunk in chunks({row["ref"] for row in mapped}):
            found = self._into.execute(select(table).where(among(table.c.ref)), {REFS: chunk})
            known.update(tuple(getattr(row, name) for name in names) for row in found)
        return [row for row in mapped if tuple(row.values()) not in known]

    def _tombstones(self, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
        """Take over that a ref was used and is gone, unless the target has something under it."""
        mapped = [
            self._mapped(t.tombstones, row, self._renames.ref(row.ref), "ref")
            for row in rows
            if self._left_out.has_project(row.ref)
        ]
        fresh = []
        for row in self._unknown(t.tombstones, mapped):
            table = t.TABLE_OF_REF_KIND.get(row["ref_kind"])
            if table is None or not existing(self._into, table, (row["ref"],)):
                fresh.append(row)
            elif row["ref_kind"] in _REPORTED and row["ref"] not in self._came:
                text = "it was deleted in the source; what stands under this ref here stays"
                self._account.skip("metadata", "tombstone", row["ref"], "deleted_in_source", text)
        return fresh

    def _marks(self, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
        mapped = [
            self._mapped(t.archived, row, ref, "ref")
            for row in rows
            if (ref := self._renames.ref(row.ref)) in self._came
        ]
        known = existing(self._into, t.archived, [row["ref"] for row in mapped])
        return [row for row in mapped if row["ref"] not in known]

    def _writers(self, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
        """Take over who keeps an open run alive, so that it is seen to be dead here."""
        own, runs = t.run_writers.c, t.runs.c
        fresh = []
        for row in rows:
            ref = self._renames.ref(row.run_ref)
            if ref not in self._came:
                continue
            status = self._into.execute(select(runs.status).where(runs.ref == ref)).scalar()
            known = self._into.execute(select(own.run_ref).where(own.run_ref == ref)).first()
            if status in {"open", None} and known is None:
                fresh.append(self._mapped(t.run_writers, row, ref, "run_ref"))
        return fresh
