"""What all repositories share: reading, and writing in one transaction."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import bindparam

from contexta.contract.errors import NotFoundError
from contexta.store.metadata._arguments import several
from contexta.store.metadata._history import changes_between, record_changes
from contexta.store.metadata._lookup import existing
from contexta.store.metadata._put_probe import PutProbe
from contexta.store.metadata._revisions import check_revision, last_deleted_revisions
from contexta.store.metadata.repositories._reads import ReadRepository

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Insert, Row, Table, Update

    from contexta.contract.refs import StableRef

M = TypeVar("M")


class Repository(ReadRepository[M], Generic[M]):
    """A repository that reads and puts. A write transaction excludes all others."""

    # Each statement is built at its first use: most programs write to one or two tables.

    @cached_property
    def _update(self) -> Update:
        table = self._entity.table
        own = [column.name for column in table.c if column.name != "ref"]
        return (
            table.update()
            .where(table.c.ref == bindparam("own_ref"))
            .values({name: bindparam(name) for name in own})
        )

    @cached_property
    def _insert(self) -> Insert:
        return self._entity.table.insert()

    @cached_property
    def _probe(self) -> PutProbe:
        return PutProbe(self._entity)

    def put_many(
        self, models: Iterable[M], *, expected_revision: int | None = None
    ) -> tuple[M, ...]:
        """Put models in one transaction: all of them, or none.

        Of models with the same ref the last one counts.

        Args:
            models: What to put.
            expected_revision: The revision that each of them must have now; 0: none may exist.

        Raises:
            NotFoundError: When a parent of any of them is missing.
            ConflictError: `metadata_revision_conflict`.
            ValidationError: When one is not a model of this repository.
        """
        checked = tuple(self._entity.check(model) for model in several("models", models))
        latest = self.by_ref(checked)
        if latest:
            with self._database.write() as connection:
                self.store_all(connection, latest, expected_revision=expected_revision)
        return checked

    def by_ref(self, models: Iterable[M]) -> dict[str, M]:
        """Return models by ref; of those with the same one, the last."""
        return {self._entity.ref_of(self._entity.check(model)): model for model in models}

    def store_all(
        self,
        connection: Connection,
        models: Mapping[str, M],
        *,
        expected_revision: int | None = None,
        promised: Collection[str] = (),
    ) -> None:
        """Put models by ref inside a transaction of the caller.

        Args:
            connection: Of the write transaction.
            models: By ref.
            expected_revision: See `put_many`.
            promised: Refs that the same transaction stores, before or after.
        """
        self._require_parents(connection, models, promised)
        old = self._existing(connection, tuple(models))
        for ref in models:
            row = old.get(ref)
            check_revision(ref, None if row is None else row.revision, expected_revision)
        new = {ref: model for ref, model in models.items() if ref not in old}
        deleted = last_deleted_revisions(connection, new)
        now = _now_us()
        if new:
            rows = [
                self._entity.row(model, stored_us=now, revision=deleted.get(ref, 0) + 1)
                for ref, model in new.items()
            ]
            connection.execute(self._insert, rows)
        for ref, row in old.items():
            self._replace(connection, models[ref], row)
        self._after_put(connection, models, old)

    def _put(self, model: M, expected_revision: int | None = None) -> M:
        checked = self._entity.check(model)
        ref = self._entity.ref_of(checked)
        with self._database.write() as connection:
            self.store_one(connection, checked, ref, expected_revision=expected_revision)
        return checked

    def store_one(
        self, connection: Connection, model: M, ref: str, *, expected_revision: int | None = None
    ) -> None:
        """Put one checked model inside a transaction of the caller; see `put_many`."""
        state = self._probe.run(connection, model, ref)
        self._require_parents(connection, {ref: model}, state.parents)
        check_revision(ref, state.revision, expected_revision)
        old = None if state.revision is None else self._stored(connection, ref)
        if old is None:
            self._add(connection, model, revision=state.last_deleted + 1)
        else:
            self._replace(connection, model, old)
        self._after_put(connection, {ref: model}, {} if old is None else {ref: old})

    def _add(self, connection: Connection, model: M, *, revision: int) -> None:
        values = self._entity.row(model, stored_us=_now_us(), revision=revision)
        connection.execute(self._insert, values)

    def _replace(self, connection: Connection, model: M, old: Row[Any]) -> None:
        """Write a model over its row, with the history of what changed; equal ones stay."""
        entity = self._entity
        values = entity.row(model, stored_us=old.stored_us, revision=old.revision)
        if tuple(values.values()) == tuple(old):
            return
        entity.revise(values, old.revision + 1)
        ref = values.pop("ref")
        connection.execute(self._update, {"own_ref": ref, **values})
        changes = changes_between(ref, old.payload, values["payload"])
        record_changes(connection, changes, actor=self._context.actor)

    def _require_parents(
        self, connection: Connection, models: Mapping[str, M], present: Collection[str]
    ) -> None:
        """Check that every parent is stored, or among `present`."""
        wanted: dict[str, tuple[Table, set[str]]] = {}
        for parent in self._entity.parents:
            refs = {ref.text for ref in self._parents(models.values(), parent.field)}
            absent = refs.difference(present)
            if absent:
                wanted.setdefault(parent.table.name, (parent.table, set()))[1].update(absent)
        if not wanted:
            return
        found = {*present}
        for table, refs in wanted.values():
            found |= existing(connection, table, refs)
        for own, model in models.items():
            for parent in self._entity.parents:
                ref: StableRef | None = getattr(model, parent.field)
                if ref is not None and ref.text not in found:
                    raise NotFoundError(
                        f"{own!r} needs {ref.text!r}, which is not stored. Put that first.",
                        code=parent.code,
                        details={parent.detail: ref.text, self._entity.child_detail: own},
                    )

    def _parents(self, models: Iterable[M], field: str) -> Sequence[StableRef]:
        return [ref for model in models if (ref := getattr(model, field)) is not None]

    def _after_put(
        self, connection: Connection, models: Mapping[str, M], old: Mapping[str, Row[Any]]
    ) -> None:
        """Write what belongs to models besides their rows, in the same transaction."""


def _now_us() -> int:
    return time.time_ns() // 1_000
