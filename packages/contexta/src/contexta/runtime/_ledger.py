"""Write the lives of scopes to the metadata plane, without ever stopping the host."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from contexta.capture._ids import random_hex
from contexta.capture._losses import RateLimitedLog
from contexta.contract.errors import (
    ConflictError,
    ContextaError,
    ContractError,
    DispatchError,
    NotFoundError,
)
from contexta.contract.models.context import Project, Run
from contexta.runtime._fork import gate

if TYPE_CHECKING:
    from contexta.capture._ports import Planes
    from contexta.runtime._snapshots import Findings

_PUTS: dict[str, tuple[str, str]] = {
    "deployment": ("deployments", "put_deployment_execution"),
    "stage": ("stages", "put_stage_execution"),
    "batch": ("batches", "put_batch_execution"),
    "sample": ("samples", "put_sample_observation"),
    "project": ("projects", "put_project"),
    "run": ("runs", "put_run"),
}
_MAX_WAITING = 10_000
_HOPELESS = (ContractError, ConflictError, NotFoundError)
"""Refusals of the row itself: trying again would hold up everything behind it for ever."""


class Ledger:
    """Rows of scopes. Opening a run is loud; every later failure is logged and retried.

    Args:
        planes: the truth planes, or None when local persistence is off.
        raises: mode `raise`: failures become `DispatchError`.
    """

    def __init__(self, planes: Planes | None, *, raises: bool, log: RateLimitedLog) -> None:
        self._planes = planes
        self._raises = raises
        self._log = log
        self._waiting: list[tuple[str, Callable[[Any], Any]]] = []
        self._lock = Lock()
        self._taken: set[str] = set()

    @property
    def waiting(self) -> int:
        """Rows that could not be written yet."""
        return len(self._waiting)

    def create_run(self, run: Run, project: Project, *, exact: bool) -> Run:
        """Reserve a ref and store the open run; the row is on disk when this returns.

        Raises:
            ConflictError: `exact`, and the ref is taken.
            StoreError: the metadata or record plane cannot be written.
        """
        ref = str(run.run_ref)
        if self._planes is None:
            return self._reserve_in_memory(run, exact=exact)
        with gate:
            runs = self._planes.metadata().runs
            if exact and runs.exists_run(ref):
                raise _taken(ref)
            writer_id = self._planes.records().writer().writer_id
            stored: Run = runs.create_run(run, writer_id=writer_id, project=project)
            if exact and str(stored.run_ref) != ref:
                # Another process took the ref between both calls; what we reserved is void.
                runs.close_run(stored.run_ref, status="cancelled", ended_at=stored.started_at)
                raise _taken(ref)
        return stored

    def create_run_later(self, run: Run, project: Project, error: Exception) -> Run:
        """Name a run that cannot be stored now, and store it as soon as that works.

        For captures that open a run by themselves, which must not stop the host.

        Raises:
            DispatchError: mode `raise`.
        """
        if self._raises:
            raise _not_stored("run", error) from error
        value = str(run.run_ref)[:100].rstrip("-.")
        named = Run.model_validate({**run.to_dict(), "run_ref": f"{value}-{random_hex(4)}"})

        def create(store: Any) -> None:
            assert self._planes is not None  # noqa: S101 - without planes nothing fails here
            writer_id = self._planes.records().writer().writer_id
            store.runs.create_run(named, writer_id=writer_id, project=project)

        self._complain("run", error)
        self._enqueue("run", create)
        return named

    def resume_run(self, ref: str) -> tuple[Run, bool] | None:
        """Return a stored run to continue, and whether it is only joined; None without one.

        A run that is open in a living process is joined: it stays that
        process's to close. Any other is opened again in the name of this one.
        """
        if self._planes is None:
            return None
        with gate:
            runs = self._planes.metadata().runs
            if not runs.exists_run(ref):
                return None
            records = self._planes.records()
            keepers = [writer for run, writer in runs.open_run_writers() if run == ref]
            if any(records.writer_alive(writer) for writer in keepers):
                return runs.get_run(ref), True
            return runs.resume_run(ref, writer_id=records.writer().writer_id), False

    def stages_of(self, ref: str) -> list[Any]:
        """Return the stored stages of a run, oldest first."""
        if self._planes is None:
            return []
        with gate:
            return list(self._planes.metadata().stages.list_stage_executions(ref))

    def put(self, kind: str, row: Any) -> None:
        """Store one row, replacing its former state."""
        repository, method = _PUTS[kind]
        self._write(kind, lambda store: getattr(getattr(store, repository), method)(row))

    def close_run(
        self, ref: str, status: str, ended_at: str, found: Findings | None = None
    ) -> None:
        """Give a run its final status; a run that another process closed keeps that one.

        What was found out about it goes into the same transaction.
        """

        def close(store: Any) -> None:
            try:
                store.runs.close_run(ref, status=status, ended_at=ended_at)
            except ConflictError as error:
                self._log.write(f"closed:{ref}", logging.WARNING, error.message)

        def close_described(store: Any) -> None:
            try:
                store.runs.close_run(ref, status=status, ended_at=ended_at, **described)
            except _HOPELESS:
                # Facts that are refused, or an end that is there already: one by one.
                self._describe(store, ref, described)
                close(store)

        described = {} if found is None else found._asdict()
        self._write("run end", close_described if described else close)

    def describe_run(self, ref: str, found: Findings) -> None:
        """Add what was found out after open: code revision, snapshot ref, metadata."""
        self._write("run facts", lambda store: store.runs.complete_run(ref, **found._asdict()))

    def _describe(self, store: Any, ref: str, described: Mapping[str, Any]) -> None:
        try:
            store.runs.complete_run(ref, **described)
        except _HOPELESS as error:
            self._give_up("run facts", error)

    def update_params(self, ref: str, params: Mapping[str, Any]) -> None:
        """Set parameters of a run."""
        self._write("params", lambda store: store.runs.update_params(ref, params))

    def update_tags(self, ref: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run."""
        self._write("tags", lambda store: store.runs.update_tags(ref, tags))

    def after_fork(self) -> None:
        """Replace the lock in a forked child, and leave waiting rows to the parent."""
        self._lock = Lock()
        self._waiting = []

    def settle(self) -> None:
        """Write what is waiting, in order; what still fails goes on waiting."""
        if self._planes is None or not self._waiting:
            return
        with gate, self._lock:
            while self._waiting:
                what, action = self._waiting[0]
                try:
                    action(self._planes.metadata())
                except _HOPELESS as error:
                    self._give_up(what, error)
                except (ContextaError, OSError) as error:
                    self._complain(what, error)
                    return
                self._waiting.pop(0)

    def _write(self, what: str, action: Callable[[Any], Any]) -> None:
        if self._planes is None:
            return
        self.settle()
        try:
            if not self._waiting:
                with gate:
                    action(self._planes.metadata())
                return
        except (ContextaError, OSError) as error:
            if self._raises:
                raise _not_stored(what, error) from error
            if isinstance(error, _HOPELESS):
                self._give_up(what, error)
                return
            self._complain(what, error)
        # Order matters: a stage must not come before the run facts that wait already.
        self._enqueue(what, action)

    def _enqueue(self, what: str, action: Callable[[Any], Any]) -> None:
        with self._lock:
            if len(self._waiting) < _MAX_WAITING:
                self._waiting.append((what, action))
                return
        self._log.write(
            "metadata-full",
            logging.ERROR,
            f"the {what} row is dropped: {_MAX_WAITING} rows wait for the metadata plane already",
        )

    def _give_up(self, what: str, error: Exception) -> None:
        self._log.write(
            f"refused:{what}",
            logging.ERROR,
            f"the {what} row was refused and is not stored: {error}",
        )

    def _complain(self, what: str, error: Exception) -> None:
        self._log.write(
            "metadata",
            logging.ERROR,
            f"the {what} row was not stored: {type(error).__name__}: {error}; it will be retried",
        )

    def _reserve_in_memory(self, run: Run, *, exact: bool) -> Run:
        with self._lock:
            base = candidate = str(run.run_ref)
            number = 2
            while candidate in self._taken:
                if exact:
                    raise _taken(base)
                candidate, number = f"{base}-{number}", number + 1
            self._taken.add(candidate)
        return Run.model_validate({**run.to_dict(), "run_ref": candidate})


def _not_stored(what: str, error: Exception) -> DispatchError:
    return DispatchError(
        f"the {what} row was not stored: {error}", code="capture_persistence_failed", cause=error
    )


def _taken(ref: str) -> ConflictError:
    return ConflictError(
        f"{ref} exists already; choose another run_id, leave run_id out for a unique one, "
        "or pass resume=True to continue it",
        code="runtime_run_exists",
        details={"run_ref": ref},
    )
