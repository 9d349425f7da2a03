"""Runs: their rows, their lifecycle, and finding them."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from contexta.contract import EnvironmentSnapshot, Project, Run
from contexta.contract.errors import ConflictError, IntegrityError, NotFoundError
from contexta.contract.time import to_epoch_us
from contexta.store.metadata._arguments import a_mapping, a_name, known_names
from contexta.store.metadata._entities import ENVIRONMENT, PROJECT
from contexta.store.metadata._lookup import exists
from contexta.store.metadata._marked_rows import whole_rows
from contexta.store.metadata._refs import filter_text
from contexta.store.metadata._revisions import check_revision, last_deleted_revision
from contexta.store.metadata._run_facts import write_facts
from contexta.store.metadata._run_suffix import reserve
from contexta.store.metadata._tables import projects, run_writers, runs
from contexta.store.metadata.repositories._base import Repository
from contexta.store.metadata.repositories._run_lists import RunLists

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from contexta.contract.refs import StableRef

_OPEN = "open"
_INSERT_WRITER = run_writers.insert()
_DELETE_WRITER = run_writers.delete().where(run_writers.c.run_ref == bindparam("ref"))


class RunRepository(RunLists, Repository[Run]):
    """Runs with their parameters and tags."""

    def put_run(self, run: Run, *, expected_revision: int | None = None) -> Run:
        """Store a run of a stored project, replacing one with the same ref.

        Parameters and tags are stored with it; what changes in its life goes to the history.

        Args:
            run: The run.
            expected_revision: The revision that it must have now; 0: it may not exist.

        Raises:
            NotFoundError: `metadata_missing_run_project`.
            ConflictError: `metadata_revision_conflict`; nothing is stored then.
        """
        return self._put(run, expected_revision)

    def get_run(self, ref: StableRef | str) -> Run:
        """Return a run, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_run(self, ref: StableRef | str) -> Run | None:
        """Return a run, or None."""
        return self._find(ref)

    def exists_run(self, ref: StableRef | str) -> bool:
        """Tell whether a run is stored."""
        return self._exists(ref)

    def create_run(
        self, run: Run, *, writer_id: str | None = None, project: Project | None = None
    ) -> Run:
        """Store a new run under a ref of its own, in one transaction.

        When the ref is taken, the next free one of `<ref>-2`, `<ref>-3` … is used, so any
        number of processes can open runs of one name at once.

        Args:
            run: The run as wished; usually open.
            writer_id: The writer that keeps the run alive; see `open_run_writers`.
            project: Stored when the project of the run is missing; without it, a project named
                like its ref is.

        Returns:
            The run as stored, with its final ref.
        """
        wished = self._entity.check(run)
        if writer_id is not None:
            a_name("writer_id", writer_id)
        with self._database.write() as connection:
            self._require_project(connection, wished, project)
            final = reserve(connection, wished)
            self._add(connection, final, revision=1)
            write_facts(connection, (final,), {})
            if writer_id is not None:
                _add_writer(connection, final.run_ref.text, writer_id)
        return final

    def close_run(
        self,
        run_ref: StableRef | str,
        *,
        status: str,
        ended_at: str | datetime,
        expected_open: bool = True,
        expected_revision: int | None = None,
        facts: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        environment: EnvironmentSnapshot | None = None,
    ) -> Run:
        """Give a run its final status and end, and what was found out about it meanwhile.

        An end before the start (a clock that was set back) is stored as the start: a run must
        never stay open because of a clock. All of it is one transaction, so one sync.

        Args:
            run_ref: The run.
            status: Any status but `open`.
            ended_at: When it ended.
            expected_open: Whether a run that is not open is refused.
            expected_revision: The revision that it must have now.
            facts: Fields to fill where they are None; see `complete_run`.
            metadata: Keys to add where they are missing.
            environment: A snapshot to put with it.

        Raises:
            NotFoundError: `metadata_row_not_found`.
            ConflictError: `metadata_run_not_open` or `metadata_revision_conflict`.
            ValidationError: When status or time is not one, or the contract refuses a fact.
        """
        text = filter_text(run_ref, "run", "run_ref")
        given, more = a_mapping("facts", facts or {}), a_mapping("metadata", metadata or {})
        with self._database.write() as connection:
            old, run = self._current(connection, text, expected_revision)
            if expected_open and run.status != _OPEN:
                raise _not_open(run)
            end_us = max(to_epoch_us(ended_at), to_epoch_us(run.started_at))
            end = run.started_at if end_us == to_epoch_us(run.started_at) else ended_at
            content = _completed(run.to_dict(), given, more)
            closed = Run.model_validate({**content, "status": status, "ended_at": end})
            self._replace(connection, closed, old)
            if given:
                write_facts(connection, (closed,), {text: run})
            connection.execute(_DELETE_WRITER, {"ref": text})
            self._put_environment(connection, environment)
        return closed

    def resume_run(
        self, run_ref: StableRef | str, *, writer_id: str, expected_revision: int | None = None
    ) -> Run:
        """Open a run again, in the name of a new writer; the history keeps its earlier ends.

        Raises:
            NotFoundError: `metadata_row_not_found`.
            ConflictError: `metadata_revision_conflict`.
        """
        text = filter_text(run_ref, "run", "run_ref")
        a_name("writer_id", writer_id)
        with self._database.write() as connection:
            old, run = self._current(connection, text, expected_revision)
            opened = Run.model_validate({**run.to_dict(), "status": _OPEN, "ended_at": None})
            self._replace(connection, opened, old)
            connection.execute(_DELETE_WRITER, {"ref": text})
            _add_writer(connection, text, writer_id)
        return opened

    def open_run_writers(self) -> tuple[tuple[str, str], ...]:
        """Return (run ref, writer id) of every open run that a writer keeps alive, by ref.

        A damaged row is left out, so that no living run is taken for a dead one.
        """
        statement = (
            select(run_writers)
            .join(runs, runs.c.ref == run_writers.c.run_ref)
            .where(runs.c.status == _OPEN)
            .order_by(run_writers.c.run_ref)
        )
        with self._database.read() as connection:
            rows = whole_rows(run_writers.name, connection.execute(statement), self._damage)
            return tuple((row.run_ref, row.writer_id) for row in rows)

    def update_params(
        self,
        run_ref: StableRef | str,
        params: Mapping[str, Any],
        *,
        expected_revision: int | None = None,
    ) -> Run:
        """Add parameters to a run, or change them; others stay.

        Raises:
            NotFoundError: `metadata_row_not_found`.
            ConflictError: `metadata_revision_conflict`.
            ValidationError: When the contract refuses a key or value.
        """
        return self._merge(run_ref, "params", params, expected_revision)

    def update_tags(
        self,
        run_ref: StableRef | str,
        tags: Mapping[str, str],
        *,
        expected_revision: int | None = None,
    ) -> Run:
        """Add tags to a run, or change them; others stay.

        Raises:
            NotFoundError: `metadata_row_not_found`.
            ConflictError: `metadata_revision_conflict`.
            ValidationError: When the contract refuses a key or value.
        """
        return self._merge(run_ref, "tags", tags, expected_revision)

    def complete_run(
        self,
        run_ref: StableRef | str,
        *,
        facts: Mapping[str, Any],
        metadata: Mapping[str, Any],
        expected_revision: int | None = None,
        environment: EnvironmentSnapshot | None = None,
    ) -> Run:
        """Fill fields of a run that are still None, and metadata keys that it lacks.

        Nothing that is set is changed, in one transaction, so whoever writes to the run at the
        same time loses nothing. An environment snapshot is put in the same transaction.

        Raises:
            NotFoundError: `metadata_row_not_found`.
            ConflictError: `metadata_revision_conflict`.
            ValidationError: When the contract refuses a value.
        """
        text = filter_text(run_ref, "run", "run_ref")
        given, more = a_mapping("facts", facts), a_mapping("metadata", metadata)
        with self._database.write() as connection:
            old, run = self._current(connection, text, expected_revision)
            changed = Run.model_validate(_completed(run.to_dict(), given, more))
            self._replace(connection, changed, old)
            write_facts(connection, (changed,), {text: run})
            self._put_environment(connection, environment)
        return changed

    def _merge(
        self,
        run_ref: StableRef | str,
        field: str,
        values: Mapping[str, Any],
        expected_revision: int | None,
    ) -> Run:
        text = filter_text(run_ref, "run", "run_ref")
        added = a_mapping(field, values)
        with self._database.write() as connection:
            old, run = self._current(connection, text, expected_revision)
            content = run.to_dict()
            content[field] = {**content[field], **added}
            changed = Run.model_validate(content)
            self._replace(connection, changed, old)
            write_facts(connection, (changed,), {text: run})
        return changed

    def _put_environment(
        self, connection: Connection, environment: EnvironmentSnapshot | None
    ) -> None:
        if environment is not None:
            checked = ENVIRONMENT.check(environment)
            self._environments.store_one(connection, checked, ENVIRONMENT.ref_of(checked))

    @cached_property
    def _environments(self) -> Repository[EnvironmentSnapshot]:
        return Repository(self._context, ENVIRONMENT)

    def _current(
        self, connection: Connection, text: str, expected_revision: int | None
    ) -> tuple[Row[Any], Run]:
        row = self._stored(connection, text)
        if row is None:
            raise self._not_found(connection, text)
        check_revision(text, row.revision, expected_revision)
        return row, self._entity.model_of(row)

    def _require_project(self, connection: Connection, run: Run, project: Project | None) -> None:
        ref = run.project_ref.text
        if exists(connection, projects, ref):
            return
        if project is None:
            project = Project(
                project_ref=ref, name=run.project_ref.value, created_at=run.started_at
            )
        elif project.project_ref.text != ref:
            raise NotFoundError(
                f"{run.run_ref.text!r} belongs to {ref!r}, but {project.project_ref.text!r} was "
                "given. Pass the project of the run.",
                code="metadata_missing_run_project",
                details={"project_ref": ref, "run_ref": run.run_ref.text},
            )
        revision = last_deleted_revision(connection, ref) + 1
        row = PROJECT.row(project, stored_us=time.time_ns() // 1_000, revision=revision)
        connection.execute(projects.insert(), row)

    def _after_put(
        self, connection: Connection, models: Mapping[str, Run], old: Mapping[str, Row[Any]]
    ) -> None:
        before = {ref: self._before(row) for ref, row in old.items()}
        write_facts(connection, models.values(), before)
        ended = [{"ref": ref} for ref in old if models[ref].status != _OPEN]
        if ended:
            connection.execute(_DELETE_WRITER, ended)

    def _before(self, old: Row[Any]) -> Run | None:
        """Return the replaced run; None when it cannot be read."""
        try:
            return self._entity.model_of(old)
        except IntegrityError as error:
            self._damage.add(error)  # and the new row mends it
            return None


def _completed(
    content: dict[str, Any], facts: dict[str, Any], metadata: dict[str, Any]
) -> dict[str, Any]:
    """Return the content of a run with gaps filled; nothing that is set is changed."""
    known = {
        name: value
        for name, value in known_names("facts", facts, content).items()
        if content[name] is None
    }
    return {**content, **known, "metadata": {**metadata, **content["metadata"]}}


def _add_writer(connection: Connection, run_ref: str, writer_id: str) -> None:
    connection.execute(
        _INSERT_WRITER,
        {"run_ref": run_ref, "writer_id": writer_id, "opened_us": time.time_ns() // 1_000},
    )


def _not_open(run: Run) -> ConflictError:
    return ConflictError(
        f"{run.run_ref.text!r} is {run.status}, not open. Pass expected_open=False to change a "
        "finished run, or resume it.",
        code="metadata_run_not_open",
        details={"run_ref": run.run_ref.text, "status": run.status},
    )
