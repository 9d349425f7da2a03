"""A ref of its own for every run of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, exists, select, union_all

from contexta.contract import Run
from contexta.contract.refs import MAX_STABLE_REF_COMPONENT_LENGTH, StableRef
from contexta.store.metadata._tables import run_suffixes, runs, tombstones

if TYPE_CHECKING:
    from sqlalchemy import Connection


_OWN = run_suffixes.c.base_ref == bindparam("base")
_TAKEN = union_all(
    select(runs.c.ref).where(runs.c.ref == bindparam("ref")),
    select(tombstones.c.ref).where(tombstones.c.ref == bindparam("ref")),
)
_SELECT = select(
    select(run_suffixes.c.next_suffix).where(_OWN).scalar_subquery(), exists(_TAKEN.subquery())
)
_INSERT = run_suffixes.insert()
_UPDATE = run_suffixes.update().where(_OWN).values(next_suffix=bindparam("following"))


def reserve(connection: Connection, run: Run) -> Run:
    """Return the run under the first free ref of `<ref>`, `<ref>-2`, `<ref>-3` ….

    Refs of deleted runs count as taken: records and artifacts may still carry them. The caller
    holds the write transaction, so nobody else can take the ref.
    """
    base = run.run_ref.text
    stored, taken = connection.execute(_SELECT, {"base": base, "ref": base}).one()
    if not taken:
        return run
    suffix = 2 if stored is None else stored
    while _taken(connection, candidate := _with_suffix(base, suffix)):
        suffix += 1
    if stored is None:
        connection.execute(_INSERT, {"base_ref": base, "next_suffix": suffix + 1})
    else:
        connection.execute(_UPDATE, {"base": base, "following": suffix + 1})
    if run.model_extra:
        return Run.model_validate({**run.to_dict(), "run_ref": candidate})
    return Run.trusted(**{**vars(run), "run_ref": StableRef.parse(candidate)})


def _taken(connection: Connection, ref: str) -> bool:
    return connection.execute(_TAKEN, {"ref": ref}).first() is not None


def _with_suffix(base: str, suffix: int) -> str:
    owner, _, name = base.rpartition(".")
    tail = f"-{suffix}"
    room = MAX_STABLE_REF_COMPONENT_LENGTH - len(tail)
    return f"{owner}.{name[:room].rstrip('-')}{tail}"
