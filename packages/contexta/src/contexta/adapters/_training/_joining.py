"""Find the run that a training belongs to."""

# ruff: noqa: SLF001 - runs, sessions and adapters are one unit, spread over files

from __future__ import annotations

import contextvars
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contexta._exit import close_runs_at_exit
from contexta.runtime._base import members_of
from contexta.runtime.session import _SESSIONS, RuntimeSession

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.runtime.scopes import RunScope


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run can be joined from another process."""

    workspace: str
    profile: str
    project: str
    run_id: str | None


def active_run(ctx: Contexta | None) -> RunScope | None:
    """Return the run that is active in this thread or task, of `ctx` or of any facade."""
    sessions = members_of(_SESSIONS) if ctx is None else [ctx.session]
    runs = [session.state.active().run for session in sessions]
    return max((run for run in runs if run is not None), key=lambda run: run.order, default=None)


def open_own(session: RuntimeSession, name: str, **options: Any) -> RunScope:
    """Open a run that does not become the active one.

    A library does not always tell that a training failed. A run left open must not refuse
    the next one that the user opens.
    """
    if session.planes is not None and hasattr(session.planes, "require_writable"):
        session.planes.require_writable()
    run = contextvars.Context().run(lambda: session.start_run(name, **options))
    close_runs_at_exit()
    return run


def place_of(ctx: Contexta | None, run: RunScope | None) -> Place | None:
    """Return where `run` (or a new one of `ctx`) is found from another process."""
    if run is not None:
        config = run._session.config
        project = run.ref.partition(":")[2].rpartition(".")[0]
        return Place(str(config.workspace.root_path), config.profile_name, project, run.run_id)
    if ctx is None:
        return None
    return Place(ctx.workspace, ctx.profile, ctx.project_name, None)
