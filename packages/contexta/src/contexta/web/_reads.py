"""Blocking questions in a few threads; equal ones that still wait are asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from contexta.web._errors import HttpError


@dataclass(eq=False, slots=True)
class _Question:
    """A question, how many wait for its answer, and the task that gets it."""

    call: Callable[[], Any]
    askers: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[Any] = field(init=False)


class Reads:
    """Runs questions in threads.

    Thirty tabs that refresh at the same moment ask the same. So one question of a kind runs,
    and those who ask the same meanwhile share the next. Only a question that has not begun is
    shared: no answer is older than the request that it answers, and none is kept.

    Args:
        workers: threads; each has its own connection to the stores.
        seconds: longest time for an answer, from its begin.
        waiting_seconds: longest time until a question begins.
    """

    def __init__(self, workers: int, seconds: float, waiting_seconds: float) -> None:
        # Threads start with the first question that needs one.
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="contexta-web")
        self._seconds = seconds
        self._waiting_seconds = waiting_seconds
        self._waiting: dict[Hashable, _Question] = {}
        self._running: dict[Hashable, asyncio.Lock] = {}

    def close(self) -> None:
        """Let running questions end, and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def ask(self, call: Callable[[], Any], key: Hashable = None) -> Any:
        """Return what ``call`` returns; calls of one ``key`` are the same question.

        Raises:
            HttpError: 503, too many ask, or the answer takes too long; then it goes on in its
                thread, for none can be stopped.
        """
        question = None if key is None else self._waiting.get(key)
        if question is None:
            question = _Question(call)
            question.task = asyncio.create_task(self._answer(question, key))
            if key is not None:
                self._waiting[key] = question
        question.askers += 1
        try:
            await self._until_begun(question)
            return await self._until_answered(question)
        finally:
            question.askers -= 1
            if question.askers == 0 and not question.begun.is_set():
                question.task.cancel()  # nobody waits for it any more
                self._unshare(question, key)

    async def _until_begun(self, question: _Question) -> None:
        try:
            await asyncio.wait_for(question.begun.wait(), self._waiting_seconds)
        except TimeoutError as error:
            raise HttpError(
                "the server has too many questions to answer; try again in a moment",
                status=503,
                code="http_busy",
                headers=(("retry-after", "5"),),
            ) from error

    async def _until_answered(self, question: _Question) -> Any:
        try:
            return await asyncio.wait_for(asyncio.shield(question.task), self._seconds)
        except TimeoutError as error:
            if question.task.done():
                raise  # the question itself ended so
            raise HttpError(
                f"the answer took longer than {self._seconds:g} s; ask for fewer runs, with "
                "limit or a filter",
                status=503,
                code="http_timeout",
            ) from error

    async def _answer(self, question: _Question, key: Hashable) -> Any:
        try:
            if key is None:
                return await self._in_thread(question, key)
            async with self._running.setdefault(key, asyncio.Lock()):
                try:
                    return await self._in_thread(question, key)
                finally:
                    if key not in self._waiting:
                        self._running.pop(key, None)
        finally:
            question.begun.set()  # also where it failed before it began

    async def _in_thread(self, question: _Question, key: Hashable) -> Any:
        loop = asyncio.get_running_loop()

        def run() -> Any:
            # From here on it may see less than a question that comes later must.
            self._unshare(question, key)
            loop.call_soon_threadsafe(question.begun.set)
            return question.call()

        return await loop.run_in_executor(self._pool, run)

    def _unshare(self, question: _Question, key: Hashable) -> None:
        if self._waiting.get(key) is question:
            self._waiting.pop(key, None)  # the loop and a thread may both come here
