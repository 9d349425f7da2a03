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
    begun: bool = False
    task: asyncio.Task[Any] = field(init=False)


class Reads:
    """Runs questions in threads, at most so many seconds each.

    Thirty tabs that refresh at the same moment ask the same. So one question of a kind runs,
    and those who ask the same meanwhile share the next. Only a question that has not begun is
    shared: no answer is older than the request that it answers, and none is kept.

    Args:
        workers: threads; each has its own connection to the stores.
        seconds: longest time for an answer, waiting included.
    """

    def __init__(self, workers: int, seconds: float) -> None:
        # Threads start with the first question that needs one.
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="contexta-web")
        self._seconds = seconds
        self._waiting: dict[Hashable, _Question] = {}
        self._running: dict[Hashable, asyncio.Lock] = {}

    def close(self) -> None:
        """Let running questions end, and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def ask(self, call: Callable[[], Any], key: Hashable = None) -> Any:
        """Return what ``call`` returns; calls of one ``key`` are the same question.

        Raises:
            HttpError: 503, it takes too long; it goes on in its thread, for none can be stopped.
        """
        question = None if key is None else self._waiting.get(key)
        if question is None:
            question = _Question(call)
            question.task = asyncio.create_task(self._answer(question, key))
            if key is not None:
                self._waiting[key] = question
        return await self._wait(question, key)

    async def _wait(self, question: _Question, key: Hashable) -> Any:
        task = question.task
        question.askers += 1
        try:
            return await asyncio.wait_for(asyncio.shield(task), self._seconds)
        except TimeoutError as error:
            raise HttpError(
                f"the answer took longer than {self._seconds:g} s; ask for fewer runs, with "
                "limit or a filter",
                status=503,
                code="http_timeout",
            ) from error
        finally:
            question.askers -= 1
            if question.askers == 0 and not task.done() and not question.begun:
                task.cancel()  # nobody waits for it any more
                self._begin(question, key)

    async def _answer(self, question: _Question, key: Hashable) -> Any:
        loop = asyncio.get_running_loop()
        if key is None:
            return await loop.run_in_executor(self._pool, self._run, question, key)
        lock = self._running.setdefault(key, asyncio.Lock())
        async with lock:
            try:
                return await loop.run_in_executor(self._pool, self._run, question, key)
            finally:
                if key not in self._waiting:
                    self._running.pop(key, None)

    def _run(self, question: _Question, key: Hashable) -> Any:
        self._begin(question, key)
        return question.call()

    def _begin(self, question: _Question, key: Hashable) -> None:
        """Stop sharing a question: from here on it may see less than a later one must."""
        question.begun = True
        if self._waiting.get(key) is question:
            self._waiting.pop(key, None)  # the loop and a thread may both come here
