"""Which entity of the target an entity of the source is, and what it is called there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from contexta.contract.refs import MAX_STABLE_REF_COMPONENT_LENGTH
from contexta.store.metadata import _tables as t
from contexta.store.metadata._lookup import REFS, among, chunks, exists

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Table

    from contexta.store.merge._ledger import MergeLedger
    from contexta.store.merge._renames import Renames

_FIRST_INSTANT = {
    t.runs.name: "started_us",
    t.deployments.name: "started_us",
    t.relations.name: "recorded_us",
    t.provenance.name: "asserted_us",
}
"""Entities with an identity of their own; projects are shared, the rest belongs to a run."""


class Known(NamedTuple):
    """What the target has under a ref: the row, or when the last one was deleted."""

    row: Row[Any] | None
    deleted_us: int | None
    digests: frozenset[bytes]
    last_revision: int


class Place(NamedTuple):
    """Where an incoming entity belongs.

    `gone` says that it was deleted in the target. `key` is its identity, where it has one.
    """

    ref: str
    known: Known
    gone: bool
    key: str | None


def has_identity(table: Table) -> bool:
    """Whether entities of a table are told apart by more than their ref."""
    return table.name in _FIRST_INSTANT


def known_rows(connection: Connection, table: Table, refs: Iterable[str]) -> dict[str, Known]:
    """Return what the target has under some refs, and had."""
    wanted = tuple(dict.fromkeys(refs))
    rows: dict[str, Row[Any]] = {}
    deleted: dict[str, list[Row[Any]]] = {}
    stones = t.tombstones
    for chunk in chunks(wanted):
        for row in connection.execute(select(table).where(among(table.c.ref)), {REFS: chunk}):
            rows[row.ref] = row
        found = connection.execute(select(stones).where(among(stones.c.ref)), {REFS: chunk})
        for row in found:
            deleted.setdefault(row.ref, []).append(row)
    return {ref: _known(rows.get(ref), deleted.get(ref, [])) for ref in wanted}


def _known(row: Row[Any] | None, stones: list[Row[Any]]) -> Known:
    return Known(
        row,
        max((stone.deleted_us for stone in stones), default=None),
        frozenset(stone.payload_digest for stone in stones),
        max((stone.last_revision for stone in stones), default=0),
    )


class Finder:
    """Finds places; decides new names.

    Args:
        source: Connection to the ledger of the source.
        target: Connection to that of the target.
        ledgers: What source and target have taken from others.
        source_id: Workspace id of the source.
        same_workspace: Whether one is a copy of the other.
        renames: Receives the new names.
    """

    def __init__(
        self,
        source: Connection,
        target: Connection,
        ledgers: tuple[MergeLedger, MergeLedger],
        renames: Renames,
        *,
        source_id: str,
        same_workspace: bool,
    ) -> None:
        self._source_id = source_id
        self._source = source
        self._target = target
        self._origins = ledgers[0].identities
        self._taken = ledgers[1].refs
        self._own = ledgers[1].identities
        self._renames = renames
        self._same_workspace = same_workspace
        self._claimed: set[str] = set()

    def place(self, table: Table, row: Row[Any], known: Known | None, ref: str) -> Place:
        """Return where an entity belongs; `known` is what the target has under `ref`."""
        if known is None:
            known = self._known(table, ref)
        if not has_identity(table):
            gone = known.row is None and self._was_deleted(known, row)
            return Place(ref, known, gone, None)
        key = self._identity(table, row)
        for candidate in dict.fromkeys((self._taken.get(key, ref), key.partition("|")[0])):
            found = known if candidate == ref else self._known(table, candidate)
            if found.row is not None and self._is_same(table, candidate, found.row, key):
                return Place(candidate, found, gone=False, key=key)
        # Its records may have come before its row did.
        taken = self._taken.get(key, self._taken.get(f"{row.ref}|?|{self._source_id}"))
        if taken is not None:
            ref = taken
            found = self._known(table, ref)
            if found.row is None:
                return Place(ref, found, found.deleted_us is not None, key)
        elif known.row is None and known.deleted_us is None and ref not in self._claimed:
            self._claimed.add(ref)
            return Place(ref, known, gone=False, key=key)
        elif known.row is None and self._was_copied(known, row):
            return Place(ref, known, gone=True, key=key)
        free = self._free(table, row.ref)
        return Place(free, self._known(table, free), gone=False, key=key)

    def _identity(self, table: Table, row: Row[Any]) -> str:
        own = _key(table, row, row.ref)
        origin = self._origins.get(row.ref)
        # A row that came from elsewhere keeps its instants, so this is still the one that came.
        same = origin is not None and origin.partition("|")[2] == own.partition("|")[2]
        return origin if same and origin is not None else own

    def _is_same(self, table: Table, ref: str, row: Row[Any], key: str) -> bool:
        own = _key(table, row, ref)
        return key == own or (self._own.get(ref) == key and _instants(own) == _instants(key))

    def _was_deleted(self, known: Known, row: Row[Any]) -> bool:
        if known.deleted_us is None:
            return False
        return bytes(row.digest) in known.digests or known.deleted_us > row.stored_us

    def _was_copied(self, known: Known, row: Row[Any]) -> bool:
        if bytes(row.digest) in known.digests:
            return True
        later = known.deleted_us is not None and known.deleted_us > row.stored_us
        return self._same_workspace and later

    def _known(self, table: Table, ref: str) -> Known:
        return known_rows(self._target, table, (ref,))[ref]

    def _free(self, table: Table, ref: str) -> str:
        """Return the first free ref of `<ref>-2`, `<ref>-3` …, free on both sides."""
        suffix = 2
        while True:
            candidate = with_suffix(ref, suffix)
            taken = candidate in self._claimed or exists(self._source, table, candidate)
            if not taken and candidate not in self._own:
                known = self._known(table, candidate)
                if known.row is None and known.deleted_us is None:
                    self._claimed.add(candidate)
                    return candidate
            suffix += 1


def with_suffix(ref: str, suffix: int) -> str:
    """Return a ref whose last component ends in `-<suffix>`, as a run of a taken name gets."""
    kind, _, value = ref.partition(":")
    owner, dot, name = value.rpartition(".")
    tail = f"-{suffix}"
    room = MAX_STABLE_REF_COMPONENT_LENGTH - len(tail)
    return f"{kind}:{owner}{dot}{name[:room].rstrip('-')}{tail}"


def _key(table: Table, row: Row[Any], ref: str) -> str:
    return f"{ref}|{getattr(row, _FIRST_INSTANT[table.name])}|{row.stored_us}"


def _instants(key: str) -> str:
    return key.partition("|")[2]
