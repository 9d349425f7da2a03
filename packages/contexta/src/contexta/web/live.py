"""Server-sent events: a page says what it shows, and hears when that changes.

One reader per subject asks the workspace, however many pages follow it, and only while one
does. A page that hears ``change`` fetches what it shows again, from the routes that it used
before; so there is one way to read, and a lost event costs a refresh, not a wrong number.

Events are JSON: ``state`` once at the start, ``change`` with the new state, ``end`` when the run
has ended, after which the stream closes, ``failed`` when the workspace cannot be read any more.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ContextaError
from contexta.interpretation.protocols import CompletenessReader
from contexta.web._errors import HttpError, not_found, said
from contexta.web._payloads import to_jsonable
from contexta.web._totals import count_runs

if TYPE_CHECKING:
    from contexta.client import Contexta

_log = logging.getLogger("contexta.web")
_NEWEST = 50
_METRICS = 200
State = dict[str, Any]
Reader = Callable[[Callable[[], State]], Awaitable[State]]


@dataclass(eq=False, slots=True)
class _Subject:
    """What is followed by some pages, and what was last known of it."""

    ask: Callable[[], State]
    ears: set[asyncio.Queue[tuple[str, State]]] = field(default_factory=set)
    state: State = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


class Live:
    """The subjects that are followed now.

    Args:
        ctx: the workspace.
        read: runs a blocking question in a thread, with a time limit.
        interval: seconds between two questions about one subject.
        heartbeat: seconds after which a silent stream says that it lives.
        most: how many pages may follow at the same time.
    """

    def __init__(
        self,
        ctx: Contexta,
        read: Reader,
        *,
        interval: float = 1.0,
        heartbeat: float = 15.0,
        most: int = 64,
    ) -> None:
        self._ctx = ctx
        self._read = read
        self._interval = interval
        self._heartbeat = heartbeat
        self._most = most
        self._subjects: dict[tuple[str, ...], _Subject] = {}
        self._listening = 0
        self._closing = False

    async def follow(
        self, segments: tuple[str, ...], query: dict[str, str]
    ) -> AsyncIterator[bytes]:
        """Return the stream of a subject: ``("runs",)`` or ``("runs", run_id)``.

        Raises:
            HttpError: 404, nothing of that name can be followed; 503, too many pages do.
            ResolutionError: there is no such run.
        """
        if self._listening >= self._most:
            raise HttpError(
                f"{self._most} pages are kept up to date already; close one, or reload by hand",
                status=503,
                code="http_busy",
                headers=(("retry-after", "10"),),
            )
        key, ask = self._question(segments, query)
        subject = self._subjects.get(key)
        state = await self._read(ask) if subject is None else subject.state
        return self._stream(key, _Subject(ask, state=state))

    def close(self) -> None:
        """End all streams."""
        self._closing = True
        for subject in self._subjects.values():
            for ear in subject.ears:
                _tell(ear, "closed", {})

    def _question(
        self, segments: tuple[str, ...], query: dict[str, str]
    ) -> tuple[tuple[str, ...], Callable[[], State]]:
        if len(segments) == 2 and segments[0] == "runs":
            return segments, lambda: run_state(self._ctx, segments[1])
        if segments == ("runs",):
            project = query.get("project") or None
            return (*segments, "", project or ""), lambda: runs_state(self._ctx, project)
        raise not_found("there is nothing to follow at this address; /live/runs is one")

    async def _stream(self, key: tuple[str, ...], subject: _Subject) -> AsyncIterator[bytes]:
        # A subject is known from the first byte of a stream to its last, and no longer.
        subject = self._subjects.setdefault(key, subject)
        ear: asyncio.Queue[tuple[str, State]] = asyncio.Queue(maxsize=1)
        subject.ears.add(ear)
        self._listening += 1
        try:
            yield b"retry: 3000\n\n" + _event("state", subject.state)
            if _has_ended(subject.state):
                yield _event("end", subject.state)
                return
            # One that has ended told its last news before this page listened.
            if subject.task is None or subject.task.done():
                subject.task = asyncio.create_task(self._watch(subject))
            while not self._closing:
                try:
                    name, state = await asyncio.wait_for(ear.get(), self._heartbeat)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if name == "closed":
                    return
                yield _event(name, state)
                if name in ("end", "failed"):
                    return
        finally:
            self._listening -= 1
            subject.ears.discard(ear)
            if not subject.ears:
                self._forget(key, subject)

    def _forget(self, key: tuple[str, ...], subject: _Subject) -> None:
        if subject.task is not None:
            subject.task.cancel()
        if self._subjects.get(key) is subject:
            del self._subjects[key]

    async def _watch(self, subject: _Subject) -> None:
        """Ask again and again, and tell everybody what changed; ends with the run."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                state = await self._read(subject.ask)
            except HttpError:
                continue  # too slow this time; the next question may be answered
            except Exception as error:
                if self._closing:
                    return
                if not isinstance(error, ContextaError):
                    _log.error("following a page failed", exc_info=error)
                code, message, _ = said(error)
                _tell_all(subject, "failed", {"code": code, "message": message})
                return
            if state != subject.state:
                subject.state = state
                _tell_all(subject, "end" if _has_ended(state) else "change", state)
            if _has_ended(state):
                return


def run_state(ctx: Contexta, run_id: str) -> State:
    """Return what a page must know of a run to tell whether it changed."""
    facts = ctx.query_service.get_run_facts(run_id)
    return {
        "run_id": facts.run.run_id,
        "status": facts.run.status,
        "ended_at": facts.run.ended_at,
        "record_counts": dict(facts.record_counts),
        "artifacts": len(facts.artifacts),
        "stages": [[stage.name, stage.status] for stage in facts.stages],
        "metrics": [
            {
                "metric_key": row.metric_key,
                "stage_id": row.stage_id,
                "count": row.count,
                "last": to_jsonable(row.last),
                "last_step": row.last_step,
            }
            for row in facts.metrics[:_METRICS]
        ],
    }


def runs_state(ctx: Contexta, project: str | None) -> State:
    """Return what a page with a list of runs must know to tell whether it changed."""
    from contexta.interpretation.query import RunListQuery

    query = RunListQuery(project_name=project, limit=_NEWEST, sort_desc=True)
    newest = ctx.list_runs(query=query)
    return {
        "total": count_runs(ctx, RunListQuery(project_name=project)),
        "runs": [[run.run_id, run.status, run.ended_at] for run in newest],
        "open_records": _records(ctx, [run.run_id for run in newest if run.status == "open"]),
    }


def _records(ctx: Contexta, run_ids: Sequence[str]) -> int:
    """Count what these open runs have together: a list has columns of metrics, which go on."""
    repository = ctx.repository
    if not run_ids or not isinstance(repository, CompletenessReader):
        return 0  # others count only by reading every record
    return repository.completeness_counts(run_ids).records


def _has_ended(state: State) -> bool:
    return "run_id" in state and state["status"] != "open"


def _tell_all(subject: _Subject, name: str, state: State) -> None:
    for ear in list(subject.ears):
        _tell(ear, name, state)


def _tell(ear: asyncio.Queue[tuple[str, State]], name: str, state: State) -> None:
    """Put the news in the place of older news that was not read yet: only the last counts."""
    with suppress(asyncio.QueueEmpty):
        ear.get_nowait()
    ear.put_nowait((name, state))


def _event(name: str, state: State) -> bytes:
    body = json.dumps(state, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return f"event: {name}\ndata: {body}\n\n".encode("ascii")
