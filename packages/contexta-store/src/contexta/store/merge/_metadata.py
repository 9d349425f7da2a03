"""Merge the metadata: every entity of the source gets its place, in one transaction."""

# ruff: noqa: SLF001 - a merge works below the public calls of the stores, beside them

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, select

from contexta.contract.errors import ConflictError, ContextaError
from contexta.contract.time import from_epoch_us
from contexta.contract.wire import to_json
from contexta.store.merge._choice import Choice, LeftOut
from contexta.store.merge._combine import combine
from contexta.store.merge._identity import Finder, Known, Place, has_identity, known_rows
from contexta.store.merge._metadata_extras import ExtraRows
from contexta.store.merge._places import note_or_raise
from contexta.store.merge._renames import Renames, run_of
from contexta.store.metadata import _tables as t
from contexta.store.metadata._entities import DEPLOYMENT, ENTITIES, RELATION, RUN
from contexta.store.metadata._history import changes_between, record_changes
from contexta.store.metadata._lookup import existing
from contexta.store.metadata._streams import row_pages, tolerant_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row

    from contexta.store.merge._ledger import MergeLedger
    from contexta.store.merge._report import Account
    from contexta.store.metadata import MetadataStore
    from contexta.store.metadata._rows import Entity

_ALWAYS_NOTED = frozenset({"run", "deployment_execution"})


class MergeOptions(NamedTuple):
    """How to merge. `identity` says whether one workspace is a copy of the other."""

    write: bool
    rename: bool
    include_deleted: bool
    same_workspace: bool
    actor: str
    source_id: str
    projects: frozenset[str] | None = None


class MetadataMerge:
    """One merge of one ledger into another.

    Attributes:
        renames: Refs that differ in the target.
        known_runs: Runs that the source's ledger has, by their refs in the source.
        left_out: Those of them that do not come.
        restored: Runs that come back after a deletion, by their refs in the target.
        noted: Identities that were taken, and refs here.
    """

    def __init__(
        self,
        source: MetadataStore,
        target: MetadataStore,
        ledgers: tuple[MergeLedger, MergeLedger],
        options: MergeOptions,
        account: Account,
    ) -> None:
        self._source = source
        self._target = target
        self._ledgers = ledgers
        self._options = options
        self._account = account
        self.renames = Renames()
        self.known_runs: set[str] = set()
        self.left_out = LeftOut(options.projects)
        self._choice = Choice(options.projects, self.left_out)
        self.restored: set[str] = set()
        self.noted: dict[str, str] = {}
        self._came: set[str] = set()

    def run(self) -> None:
        """Merge everything.

        Raises:
            ConflictError: `merge_names_taken`, with `rename=False`; nothing was changed.
            StoreError: When the target refuses; nothing was changed.
        """
        database = self._target._context.database
        with self._reading() as come:
            if not self._options.write:
                with database.read() as into:
                    self._merge(come, into)
                return
            with database.write() as into:
                self._merge(come, into)
                # Before the commit: a kill between the two leaves names that nobody has.
                self._ledgers[1].note_refs(self.noted)
                self._ledgers[1].note_restored(sorted(self.restored))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        source = self._source._context.database
        with source.read() as connection, tolerant_text(connection):
            yield connection

    def _merge(self, come: Connection, into: Connection) -> None:
        self._into = into
        self._finder = Finder(
            come,
            into,
            self._ledgers,
            self.renames,
            source_id=self._options.source_id,
            same_workspace=self._options.same_workspace,
        )
        for entity in ENTITIES:
            try:
                for rows in row_pages(come, select(entity.table)):
                    self._page(entity, self._choice.of(entity, rows))
            except ContextaError as error:
                if not _is_of_source(error, self._source):
                    raise
                note_or_raise(self._account, "metadata", error)
        self._choice.require_found()
        self._refuse_renames()
        extras = ExtraRows(come, into, self.renames, self._came, self._account, self.left_out)
        extras.copy(write=self._options.write)

    def _refuse_renames(self) -> None:
        if self._options.rename or not self._account.renames:
            return
        names = sorted(self._account.renames)
        raise ConflictError(
            f"{names[0]!r} and {len(names) - 1} more refs stand for other things in the target. "
            "Merge with rename=True, which gives the incoming ones a suffix; nothing was changed.",
            code="merge_names_taken",
            details={"refs": names},
        )

    def _page(self, entity: Entity[Any], rows: Sequence[Row[Any]]) -> None:
        whole: list[tuple[Row[Any], dict[str, Any], str]] = []
        for row in rows:
            try:
                content = entity.content_of(row)
                entity.model_of(row)
            except ContextaError as error:
                note_or_raise(self._account, "metadata", error)
                continue
            if entity is RUN:
                self.known_runs.add(row.ref)
            whole.append((row, content, self.renames.ref(row.ref)))
        known = known_rows(self._into, entity.table, (ref for _, _, ref in whole))
        inserts: list[Any] = []
        updates: list[tuple[Any, Row[Any]]] = []
        for row, content, ref in whole:
            place = self._place(entity, row, known[ref], ref)
            if place is None:
                continue
            model = self._model(entity, content, place.ref)
            if not self._has_parents(entity, model, row.ref):
                continue
            if place.known.row is None:
                inserts.append((model, row, place))
            else:
                self._update(entity, model, row, place, updates)
        self._write(entity, inserts, updates)

    def _place(self, entity: Entity[Any], row: Row[Any], known: Known, ref: str) -> Place | None:
        """Return where a row goes; None when it does not come."""
        owner = run_of(row.ref)
        if entity is not RUN and owner in self.left_out:
            self._account.count("metadata", entity.kind, "skipped")
            return None
        place = self._finder.place(entity.table, row, known, ref)
        comes_back = self._options.include_deleted or place.ref in self._ledgers[1].restored
        if place.gone and not comes_back:
            if entity is RUN:
                self.left_out.add(row.ref)
            at = from_epoch_us(place.known.deleted_us or 0)
            text = f"it was deleted in the target at {at}"
            self._account.skip("metadata", entity.kind, row.ref, "deleted_in_target", text)
            return None
        if place.gone and entity is RUN:
            self.restored.add(place.ref)
        if has_identity(entity.table):
            self._name(entity, row.ref, place)
        return place

    def _name(self, entity: Entity[Any], old: str, place: Place) -> None:
        if self.renames.ref(old) != place.ref:
            self.renames.add(old, place.ref)
        if old != place.ref:
            self._account.renames[old] = place.ref
        key = place.key or ""
        if entity.kind in _ALWAYS_NOTED or key.partition("|")[0] != place.ref:
            self.noted[key] = place.ref

    def _model(self, entity: Entity[Any], content: dict[str, Any], ref: str) -> Any:
        mapped = {**self.renames.content(content), entity.ref_field: ref}
        if entity is DEPLOYMENT and content[entity.ref_field] != ref:
            mapped["deployment_name"] = ref.rpartition(".")[2]
            mapped["display_name"] = content.get("display_name") or content["deployment_name"]
        return entity.model.model_validate(mapped)

    def _has_parents(self, entity: Entity[Any], model: Any, ref: str) -> bool:
        missing = [
            own.text
            for parent in entity.parents
            if (own := getattr(model, parent.field)) is not None
            and own.text not in self._came
            and not existing(self._into, parent.table, (own.text,))
        ]
        code = "parent_missing"
        if entity is RELATION:
            missing = [end for end in (model.source_ref, model.target_ref) if self._lacks(end)]
            code = "end_missing"
        if missing:
            text = f"it needs {str(missing[0])!r}, which did not come"
            self._account.skip("metadata", entity.kind, ref, code, text)
        return not missing

    def _lacks(self, end: Any) -> bool:
        table = t.TABLE_OF_REF_KIND.get(end.kind)
        if table is None or end.text in self._came:
            return False
        return not existing(self._into, table, (end.text,))

    def _update(
        self,
        entity: Entity[Any],
        model: Any,
        row: Row[Any],
        place: Place,
        updates: list[tuple[Any, Row[Any]]],
    ) -> None:
        old = place.known.row
        assert old is not None  # noqa: S101 (the caller looked)
        self._came.add(place.ref)
        theirs = json.loads(to_json(model))
        try:
            ours = entity.content_of(old)
        except ContextaError:
            ours = theirs  # the copy mends it
        lead = row.revision - old.revision
        seen = entity.has_status and self._has_seen(place.ref, theirs["status"])
        merged = combine(ours, theirs, their_lead=lead, seen=seen)
        if merged.conflicts:
            from contexta.store.merge._report import MergeConflict

            self._account.conflicts.append(MergeConflict(place.ref, merged.conflicts))
        new = entity.model.model_validate(merged.content)
        revision = (
            row.revision if lead > 0 and new == model else max(old.revision, row.revision) + 1
        )
        values = entity.row(new, stored_us=old.stored_us, revision=revision)
        if values["payload"] == old.payload:
            self._account.count("metadata", entity.kind, "same")
            return
        self._account.count("metadata", entity.kind, "updated")
        updates.append(((new, values), old))

    def _has_seen(self, ref: str, status: str) -> bool:
        """Whether an entity here had a status once that it has no longer."""
        own = t.lifecycle_history.c
        statement = select(own.id).where(
            own.ref == ref, own.field == "status", own.previous_value == status
        )
        return self._into.execute(statement.limit(1)).first() is not None

    def _write(
        self,
        entity: Entity[Any],
        inserts: list[Any],
        updates: list[tuple[Any, Row[Any]]],
    ) -> None:
        self._account.count("metadata", entity.kind, "new", len(inserts))
        self._came.update(place.ref for _, _, place in inserts)
        if not self._options.write:
            return
        models: dict[str, Any] = {}
        rows = []
        for model, row, place in inserts:
            revision = max(row.revision, place.known.last_revision + 1)
            rows.append(entity.row(model, stored_us=row.stored_us, revision=revision))
            models[place.ref] = model
        if rows:
            self._into.execute(entity.table.insert(), rows)
        table = entity.table
        for (model, values), old in updates:
            ref = values.pop("ref")
            models[ref] = model
            statement = table.update().where(table.c.ref == bindparam("own_ref"))
            self._into.execute(statement.values(values), {"own_ref": ref})
            changes = changes_between(ref, old.payload, values["payload"])
            record_changes(self._into, changes, actor=self._options.actor)
        if models:
            repository = self._target._repositories[entity.kind]
            repository._after_put(  # derived rows have one definition
                self._into, models, {old.ref: old for _, old in updates}
            )


def _is_of_source(error: ContextaError, source: MetadataStore) -> bool:
    place = (error.details or {}).get("database_path")
    return place is None or str(place) == source._context.database.place
