"""Blocking questions in a few threads; equal ones that still wait are asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from contexta.web._errors import HttpError


class Reads:
    """Runs questions in threads, at most so many seconds each.

    Thirty tabs that refresh at the same moment ask the same: who asks what somebody else waits
    for shares that answer. Only questions that have not begun are shared, so an answer is
    never older than the request that it answers, and nothing is kept.

    Args:
        workers: threads; each has its own connection to the stores.
        seconds: longest time for an answer, waiting included.
    """

    def __init__(self, workers: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="contexta-web")
        self._seconds = seconds
        self._waiting: dict[Hashable, _Question] = {}

    def close(self) -> None:
        """Let running questions end, and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def ask(self, call: Callable[[], Any], key: Hashable = None) -> Any:
        """Return what ``call`` returns; calls of one ``key`` are the same question.

        Raises:
            HttpError: 503, it takes too long; it goes on in its thread, for none can be stopped.
        """
        question = self._waiting.get(key) if key is not None else None
        if question is None:
            question = _Question()
            if key is not None:
                self._waiting[key] = question
            question.future = self._pool.submit(self._run, key, call)
        question.askers += 1
        try:
            wrapped = asyncio.wrap_future(question.future)
            return await asyncio.wait_for(asyncio.shield(wrapped), self._seconds)
        except TimeoutError as error:
            raise HttpError(
                f"the answer took longer than {self._seconds:g} s; ask for fewer runs, with "
                "limit or a filter",
                status=503,
                code="http_timeout",
            ) from error
        finally:
            question.askers -= 1
            # Nobody waits for it any more: if it has not begun, it need not.
            if question.askers == 0 and question.future.cancel():
                self._waiting.pop(key, None)

    def _run(self, key: Hashable, call: Callable[[], Any]) -> Any:
        self._waiting.pop(key, None)
        return call()


class _Question:
    __slots__ = ("askers", "future")

    future: Future[Any]

    def __init__(self) -> None:
        self.askers = 0
