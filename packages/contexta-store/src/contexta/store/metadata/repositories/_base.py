"""What all repositories share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import bindparam, select

from contexta.contract.errors import IntegrityError, NotFoundError
from contexta.store.metadata._history import record_change
from contexta.store.metadata._lookup import exists
from contexta.store.metadata._reading import fetch_rows, read_models
from contexta.store.metadata._refs import ref_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection, Row, Select

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._damage import DamageLog
    from contexta.store.metadata._database import Database
    from contexta.store.metadata._rows import Entity

M = TypeVar("M")
_IN_CHUNK = 500


class Repository(Generic[M]):
    """Put, get, find, exists and list over one table; subclasses give the public names."""

    def __init__(
        self, database: Database, entity: Entity[M], damage: DamageLog, actor: str
    ) -> None:
        self._database = database
        self._entity = entity
        self._damage = damage
        self._actor = actor
        table = entity.table
        self._by_ref = select(table).where(table.c.ref == bindparam("ref"))
        self._update = (
            table.update()
            .where(table.c.ref == bindparam("own_ref"))
            .values(
                {column.name: bindparam(column.name) for column in table.c if column.name != "ref"}
            )
        )
        self._insert = table.insert()

    def put_many(self, models: Iterable[M]) -> tuple[M, ...]:
        """Put models in one transaction: all of them, or none.

        Of models with the same ref the last one counts.

        Raises:
            NotFoundError: When a parent of any of them is missing.
            ValidationError: When one is not a model of this repository.
        """
        checked = tuple(self._entity.check(model) for model in models)
        latest = {self._entity.ref_of(model): model for model in checked}
        if latest:
            with self._database.write() as connection:
                self._store_all(connection, latest)
        return checked

    def _put(self, model: M) -> M:
        checked = self._entity.check(model)
        with self._database.write() as connection:
            self._store(connection, checked)
        return checked

    def _get(self, ref: StableRef | str) -> M:
        text = ref_text(ref)
        found = self._find(text)
        if found is None:
            raise self._not_found(text)
        return found

    def _find(self, ref: StableRef | str) -> M | None:
        row = self._row(ref_text(ref))
        if row is None:
            return None
        try:
            return self._entity.model_of(row)
        except IntegrityError as error:
            self._damage.add(error)
            raise

    def _exists(self, ref: StableRef | str) -> bool:
        text = ref_text(ref)
        with self._database.read() as connection:
            return exists(connection, self._entity.table, text)

    def _list(self, statement: Select[Any]) -> tuple[M, ...]:
        with self._database.read() as connection:
            return read_models(connection, self._entity, statement, self._damage)

    def _select(self) -> Select[Any]:
        return select(self._entity.table)

    def _row(self, text: str) -> Row[Any] | None:
        with self._database.read() as connection:
            return self._stored(connection, text)

    def _stored(self, connection: Connection, ref: str) -> Row[Any] | None:
        rows = fetch_rows(connection, self._by_ref, {"ref": ref})
        return rows[0] if rows else None

    def _not_found(self, text: str) -> NotFoundError:
        table = self._entity.table.name.removeprefix("ledger_")
        return NotFoundError(
            f"There is no {text!r} in {table!r}.",
            code="metadata_row_not_found",
            details={"table": table, "ref": text},
        )

    def _store(self, connection: Connection, model: M) -> None:
        self._require_parents(connection, model, set())
        row = self._stored(connection, self._entity.ref_of(model))
        self._write(connection, model, row)
        self._after_put(connection, model, row)

    def _store_all(self, connection: Connection, models: Mapping[str, M]) -> None:
        present: set[str] = set()
        old = self._existing(connection, tuple(models))
        fresh = []
        now = _now_us()
        for ref, model in models.items():
            self._require_parents(connection, model, present)
            row = old.get(ref)
            if row is None:
                fresh.append(self._entity.row(model, stored_us=now, revision=1))
            else:
                self._write(connection, model, row)
        if fresh:
            connection.execute(self._insert, fresh)
        for ref, model in models.items():
            self._after_put(connection, model, old.get(ref))

    def _existing(self, connection: Connection, refs: tuple[str, ...]) -> dict[str, Row[Any]]:
        table = self._entity.table
        found: dict[str, Row[Any]] = {}
        for start in range(0, len(refs), _IN_CHUNK):
            chunk = refs[start : start + _IN_CHUNK]
            for row in fetch_rows(connection, select(table).where(table.c.ref.in_(chunk))):
                found[row.ref] = row
        return found

    def _write(self, connection: Connection, model: M, old: Row[Any] | None) -> None:
        entity = self._entity
        if old is None:
            values = entity.row(model, stored_us=_now_us(), revision=1)
            connection.execute(self._insert, values)
            return
        same = entity.row(model, stored_us=old.stored_us, revision=old.revision)
        if tuple(same.values()) == tuple(old):
            return
        values = entity.row(model, stored_us=old.stored_us, revision=old.revision + 1)
        ref = values.pop("ref")
        connection.execute(self._update, {"own_ref": ref, **values})
        if entity.has_status and old.status != values["status"]:
            record_change(
                connection,
                ref=ref,
                field="status",
                previous=old.status,
                value=values["status"],
                changed_us=_now_us(),
                actor=self._actor,
            )

    def _require_parents(self, connection: Connection, model: M, present: set[str]) -> None:
        """Check that every parent is stored; `present` remembers those already found."""
        for parent in self._entity.parents:
            ref: StableRef | None = getattr(model, parent.field)
            if ref is None or ref.text in present:
                continue
            if not exists(connection, parent.table, ref.text):
                own = self._entity.ref_of(model)
                raise NotFoundError(
                    f"{own!r} needs {ref.text!r}, which is not stored. Put that first.",
                    code=parent.code,
                    details={parent.detail: ref.text, self._entity.child_detail: own},
                )
            present.add(ref.text)

    def _after_put(self, connection: Connection, model: M, old: Row[Any] | None) -> None:
        """Write what belongs to a model besides its row, in the same transaction."""


def _now_us() -> int:
    return time.time_ns() // 1_000
