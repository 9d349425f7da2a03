"""Find out, off the hot path, what a run ran on: environment, code, configuration."""

# ruff: noqa: SLF001 - scopes, spans and the session are one unit, spread over files

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from contexta.capture._ingest import put_json
from contexta.contract.errors import ContextaError
from contexta.contract.models.context import EnvironmentSnapshot
from contexta.runtime._fork import gate

if TYPE_CHECKING:
    from contexta.runtime._run_scope import RunScope
    from contexta.runtime.session import RuntimeSession


def take_snapshots(session: RuntimeSession, run: RunScope) -> None:
    """Store environment, code revision and configuration of `run`.

    Runs in a background thread. What cannot be found out or stored becomes a
    degraded record of the run; nothing is raised.
    """
    for name, step in (("environment", _environment), ("config", _config)):
        try:
            # Imports and locks of this thread must not be in the middle when a worker is forked.
            with gate:
                step(session, run)
        except (ContextaError, OSError, ValueError) as error:
            session.recorder.log.write(
                f"snapshot:{name}", logging.WARNING, f"no {name} snapshot of {run.ref}: {error}"
            )
            session.recorder.degraded_quietly(
                run._context,
                f"capture.{name}_snapshot_missing",
                f"the {name} snapshot could not be taken: {error}",
            )


def _environment(session: RuntimeSession, run: RunScope) -> None:
    capture = session.config.capture
    if not (capture.capture_environment_snapshot or capture.capture_code_revision):
        return
    from contexta.runtime._environment import capture_environment

    info = capture_environment(session.config, session.redactor)
    metadata: dict[str, Any] = {}
    if capture.capture_environment_snapshot:
        metadata["argv"] = list(info.argv)
        _put_environment(session, run, info)
    revision = info.code_revision if capture.capture_code_revision else None
    if revision is not None:
        metadata["code_dirty"] = info.code_dirty
        if run.code_revision is None:
            run.code_revision = revision
    if session.planes is not None:
        session.ledger.describe_run(run.ref, facts={"code_revision": revision}, metadata=metadata)


def _put_environment(session: RuntimeSession, run: RunScope, info: Any) -> None:
    capture = session.config.capture
    snapshot = EnvironmentSnapshot(
        environment_snapshot_ref=f"environment:{run.ref.partition(':')[2]}.runtime",
        run_ref=run.ref,
        captured_at=run.started_at,
        python_version=info.python_version,
        platform=info.platform,
        packages=dict(info.packages) if capture.capture_installed_packages else {},
        environment_variables=dict(info.environment_variables),
        schema_version=run._context.schema_version,
    )
    run.environment_snapshot = snapshot
    session.ledger.put("environment", snapshot)


def _config(session: RuntimeSession, run: RunScope) -> None:
    if session.planes is None or run.config_snapshot_ref is None:
        return
    put_json(
        session.recorder,
        run._context,
        run.config_snapshot_ref,
        "config_snapshot",
        dict(run.config_snapshot),
        name="config-snapshot.json",
    )
    session.ledger.describe_run(
        run.ref, facts={"config_snapshot_ref": run.config_snapshot_ref}, metadata={}
    )
