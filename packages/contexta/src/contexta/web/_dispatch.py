"""From a request that may pass to its answer: find the route, read in a thread, respond."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import RedirectResponse, Response, StreamingResponse

from contexta.contract.errors import ContextaError
from contexta.web._answers import HTML, JSON, Body, Download, json_bytes, respond
from contexta.web._errors import HttpError, bad_request, said, status_of
from contexta.web._limits import Limits
from contexta.web._page import PageData
from contexta.web._params import Params
from contexta.web._routes import Match, find, segments_of
from contexta.web._static import static_file

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from contexta.client import Contexta

_log = logging.getLogger("contexta.web")
_MOST_PARAMETERS = 100


class Dispatcher:
    """Answers requests over one workspace, any number at a time.

    What blocks runs in a small pool of threads; the stores keep one connection for each.

    Args:
        ctx: the workspace; it stays the caller's to close.
        limits: how many at once, and for how long.
    """

    def __init__(self, ctx: Contexta, limits: Limits) -> None:
        self._ctx = ctx
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.workers, thread_name_prefix="contexta-web")
        self._running = 0

    def close(self) -> None:
        """Let running reads end, and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and write the access log."""
        start = time.perf_counter()
        response = await self._answer(scope)
        _log.debug(
            "%s %s %s %.1f ms",
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            response.status_code,
            (time.perf_counter() - start) * 1000,
        )
        if scope["method"] == "HEAD":
            response = _without_body(response)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        try:
            self._enter()
            try:
                return await self._routed(scope)
            finally:
                self._running -= 1
        except Exception as error:
            return self.refuse(scope, error)

    def _enter(self) -> None:
        if self._running >= self._limits.requests:
            raise HttpError(
                "the server is busy; try again in a moment",
                status=503,
                code="http_busy",
                headers=(("retry-after", "1"),),
            )
        self._running += 1

    async def _routed(self, scope: Scope) -> Response:
        segments = segments_of(scope["raw_path"])
        if not segments:
            return RedirectResponse("/ui/runs", status_code=307)
        headers = headers_of(scope)
        if segments[0] == "static":
            return respond(static_file(segments[1:]), headers)
        match = find(segments)
        query = {} if match.path == "/ui" else query_of(scope)
        params = Params(query, match.ids, page_limit=self._limits.page_size)
        answer = await self._in_thread(lambda: _body(match, self._ctx, params))
        if isinstance(answer, Download):
            return StreamingResponse(answer.chunks, media_type=answer.media, headers=answer.headers)
        return respond(answer, headers)

    async def _in_thread(self, call: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        try:
            return await asyncio.wait_for(
                loop.run_in_executor(self._pool, call), self._limits.seconds
            )
        except TimeoutError as error:
            raise HttpError(
                f"the answer took longer than {self._limits.seconds:g} s; ask for fewer runs, "
                "with limit or a filter",
                status=503,
                code="http_timeout",
            ) from error

    def refuse(self, scope: Scope, error: BaseException) -> Response:
        """Return the answer that says an error: a page for people, else JSON."""
        status = status_of(error)
        path = scope["raw_path"].decode("latin-1")
        if not isinstance(error, ContextaError):
            _log.error("%s %s failed", scope["method"], path, exc_info=error)
        elif status >= 500 and not isinstance(error, HttpError):
            _log.warning("%s %s: %s", scope["method"], path, error)
        code, message, details = said(error)
        body = None
        if wants_page(scope):
            body = _error_page(status, code, message, details)
        if body is None:
            shown = {"error": {"code": code, "message": message, "details": details}}
            body = Body(json_bytes(shown), JSON, status)
        response = respond(body, headers_of(scope))
        response.headers["cache-control"] = "no-store"
        for name, value in error.headers if isinstance(error, HttpError) else ():
            response.headers[name] = value
        return _without_body(response) if scope["method"] == "HEAD" else response


def _body(match: Match, ctx: Contexta, params: Params) -> Body | Download:
    answer = match.load()(ctx, params)
    if isinstance(answer, PageData):
        return _page(answer)
    if isinstance(answer, Body | Download):
        return answer
    return Body(json_bytes(answer), JSON)


def _page(page: PageData) -> Body:
    from contexta.web.pages._render import render

    text = render(page.template, page)
    return Body(text.encode("utf-8", "backslashreplace"), HTML, page.status)


def _error_page(
    status: int, code: str, message: str, details: dict[str, Any] | None
) -> Body | None:
    data = {"status": status, "code": code, "message": message, "details": details or {}}
    try:
        return _page(PageData("error", "This did not work", data, status=status))
    except Exception:
        # The error must reach its reader even if its page does not; the log says why.
        _log.exception("the error page failed")
        return None


def wants_page(scope: Scope) -> bool:
    """Whether an error is for a person: under ``/ui``, or a typed address of no route."""
    raw: bytes = scope["raw_path"]
    if raw == b"/ui" or raw.startswith(b"/ui/"):
        return True
    try:
        find(segments_of(raw))
    except HttpError:
        return "text/html" in headers_of(scope).get("accept", "")
    return False


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers by lower-case name; the last of each."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def query_of(scope: Scope) -> dict[str, str]:
    """Return the parameters of a query, the first value of each.

    Raises:
        HttpError: 400, no UTF-8, or too many of them.
    """
    try:
        pairs = parse_qsl(
            scope["query_string"].decode("ascii"),
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError as error:
        raise bad_request(
            f"the query is no UTF-8 with %-codes, or has more than {_MOST_PARAMETERS} parameters"
        ) from error
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def _without_body(response: Response) -> Response:
    """Return the same head; the length stays that of the body a GET would get."""
    empty = Response(status_code=response.status_code)
    empty.raw_headers = list(response.raw_headers)
    return empty
