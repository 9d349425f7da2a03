"""Find out, off the hot path, what a run ran on: environment, code, configuration."""

# ruff: noqa: SLF001 - scopes, spans and the session are one unit, spread over files

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.capture._ingest import put_snapshot
from contexta.contract.errors import ContextaError
from contexta.contract.models.context import EnvironmentSnapshot
from contexta.contract.refs import StableRef
from contexta.runtime._fork import gate

if TYPE_CHECKING:
    from contexta.runtime._run_scope import RunScope
    from contexta.runtime.session import RuntimeSession

_GRACE_SECONDS = 0.05


class Findings(NamedTuple):
    """What was found out about a run after it was opened."""

    facts: Mapping[str, Any]
    metadata: Mapping[str, Any]
    environment: EnvironmentSnapshot | None


class Snapshots:
    """Environment, code revision and configuration of one run, taken in the background.

    The configuration is an artifact of its own. The rest goes to the metadata plane: for a run
    that lasts, at once; for one that is over within 50 ms, with its end, which is one sync for
    both.
    """

    def __init__(self, session: RuntimeSession, run: RunScope, moment: str) -> None:
        self._session = session
        self._run = run
        self._moment = moment
        self._facts: dict[str, Any] = {}
        self._metadata: dict[str, Any] = {}
        self._environment: EnvironmentSnapshot | None = None
        self._over = Event()

    def take(self) -> None:
        """Find out everything; run by the background thread of the run.

        What cannot be found out or stored becomes a degraded record of the run; nothing is
        raised. An interpreter that ends answers some calls and imports with a RuntimeError.
        """
        self._step("config", self._take_config)
        self._step("environment", self._take_environment)
        if not self._over.wait(_GRACE_SECONDS):
            self._step("environment", self._write)

    def end(self) -> None:
        """Tell the thread that the run is over, so that `findings` are left to its end."""
        self._over.set()

    def findings(self) -> Findings | None:
        """Return, once, what is not written yet; the thread must have ended."""
        if not (self._facts or self._metadata or self._environment):
            return None
        found = Findings(self._facts, self._metadata, self._environment)
        self._facts, self._metadata, self._environment = {}, {}, None
        return found

    def _step(self, name: str, step: Callable[[], None]) -> None:
        session, run = self._session, self._run
        try:
            # Imports and locks of this thread must not be in the middle when a worker is forked.
            with gate:
                step()
        except (ContextaError, OSError, ValueError, RuntimeError) as error:
            session.recorder.log.write(
                f"snapshot:{name}", logging.WARNING, f"no {name} snapshot of {run.ref}: {error}"
            )
            session.recorder.degraded_quietly(
                run._context,
                f"capture.{name}_snapshot_missing",
                f"the {name} snapshot could not be taken: {error}",
            )

    def _write(self) -> None:
        found = self.findings()
        if found is not None:
            self._session.ledger.describe_run(self._run.ref, found)

    def _take_config(self) -> None:
        session, run = self._session, self._run
        if session.planes is None or run.config_snapshot_ref is None:
            return
        put_snapshot(
            session.recorder,
            run._context,
            run.config_snapshot_ref,
            "config_snapshot",
            run._config,
            name="config-snapshot.json",
        )
        # Only now: the row names no artifact that is not there.
        self._facts["config_snapshot_ref"] = run.config_snapshot_ref

    def _take_environment(self) -> None:
        session, run = self._session, self._run
        capture = session.config.capture
        if not (capture.capture_environment_snapshot or capture.capture_code_revision):
            return
        from contexta.runtime._environment import capture_environment

        info = capture_environment(session.config, session.redactor)
        if capture.capture_environment_snapshot:
            self._metadata["argv"] = list(info.argv)
            self._environment = run.environment_snapshot = self._snapshot(info)
        revision = info.code_revision if capture.capture_code_revision else None
        if revision is not None:
            self._metadata["code_dirty"] = info.code_dirty
            self._facts["code_revision"] = revision
            if run.code_revision is None:
                run.code_revision = revision

    def _snapshot(self, info: Any) -> EnvironmentSnapshot:
        run, session = self._run, self._session
        own = {
            "environment_snapshot_ref": f"environment:{run.ref.partition(':')[2]}.runtime",
            "run_ref": run.ref,
        }
        parts = (
            info.python_version,
            info.platform,
            info.packages,
            info.environment_variables,
        )
        like = session.environment
        if like is not None and like[0] == parts:
            # Most runs of a process have one environment; hundreds of packages are checked once.
            refs = {name: StableRef.parse(text) for name, text in own.items()}
            changed = {**refs, "captured_at": self._moment}
            return EnvironmentSnapshot.trusted(**{**vars(like[1]), **changed})
        snapshot = EnvironmentSnapshot(
            **own,
            captured_at=self._moment,
            python_version=info.python_version,
            platform=info.platform,
            packages=dict(info.packages),
            environment_variables=dict(info.environment_variables),
            schema_version=run._context.schema_version,
        )
        session.environment = parts, snapshot
        return snapshot
