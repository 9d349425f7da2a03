"""From a request that may pass to its answer: find the route, read in a thread, respond."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import RedirectResponse, Response, StreamingResponse

from contexta.contract.errors import ContextaError
from contexta.web._answers import (
    HTML,
    JSON,
    Body,
    Download,
    Ready,
    json_bytes,
    ready,
    respond,
    takes_gzip,
)
from contexta.web._errors import HttpError, bad_request, said, status_of
from contexta.web._limits import Limits
from contexta.web._lost_project import with_nearest_project
from contexta.web._page import PageData
from contexta.web._params import Params
from contexta.web._reads import Reads
from contexta.web._routes import Match, find, segments_of
from contexta.web._static import static_file
from contexta.web.live import Live
from contexta.web.pages._links import with_query

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from contexta.client import Contexta

_log = logging.getLogger("contexta.web")
_EVENTS = "text/event-stream"
_MOST_PARAMETERS = 100


class Dispatcher:
    """Answers requests over one workspace, any number at a time.

    Args:
        ctx: the workspace; it stays the caller's to close.
        limits: how many at once, and for how long.
    """

    def __init__(self, ctx: Contexta, limits: Limits) -> None:
        self._ctx = ctx
        self._limits = limits
        waiting = limits.waiting_seconds
        self._reads = Reads(limits.workers, limits.seconds, waiting)
        self._downloads = Reads(limits.download_workers, limits.download_seconds, waiting)
        self._running = 0
        self.live = Live(
            ctx, self._reads.ask, interval=limits.live_seconds, most=limits.live_clients
        )

    def close(self) -> None:
        """Let running reads end, and take no more."""
        self.live.close()
        self._reads.close()
        self._downloads.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and write the access log."""
        start = time.perf_counter()
        response = await self._answer(scope)
        _log.debug(
            "%s %s %s %.1f ms",
            scope["method"],
            _shown(scope["raw_path"]),
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
            kept = {"cache-control": "no-store"}
            return RedirectResponse("/ui/runs", status_code=307, headers=kept)
        headers = headers_of(scope)
        if segments[0] == "static":
            return respond(static_file(segments[1:], compress=takes_gzip(headers)), headers)
        if segments[0] == "live" and scope.get("contexta.streams", True):
            return await self._followed(scope, segments[1:])
        match = find(segments)
        query = {} if match.path == "/ui" else query_of(scope)
        params = Params(query, match.ids, page_limit=self._limits.page_size)
        compress = takes_gzip(headers)

        def read() -> Ready | Download:
            return _answer(match, self._ctx, params, compress=compress)

        if match.is_download:
            found = await self._downloads.ask(read)  # read by one asker, so never shared
            return StreamingResponse(found.chunks, media_type=found.media, headers=found.headers)
        key = (segments, scope["query_string"], compress)
        return respond(await self._reads.ask(read, key), headers)

    async def _followed(self, scope: Scope, subject: tuple[str, ...]) -> Response:
        headers = {"cache-control": "no-store"}
        if scope["method"] == "HEAD":
            return Response(media_type=_EVENTS, headers=headers)
        stream = await self.live.follow(subject, query_of(scope))
        return StreamingResponse(stream, media_type=_EVENTS, headers=headers)

    def refuse(self, scope: Scope, error: BaseException) -> Response:
        """Return the answer that says an error: a page for people, else JSON."""
        status = status_of(error)
        _note(scope, status, error)
        code, message, details = said(error)
        body = None
        if wants_page(scope):
            body = _error_page(status, code, message, details, _meant(scope, code, details))
        if body is None:
            shown = {"error": {"code": code, "message": message, "details": details}}
            body = Body(json_bytes(shown), JSON, status)
        headers = headers_of(scope)
        response = respond(ready(body, compress=takes_gzip(headers)), headers)
        response.headers["cache-control"] = "no-store"
        for name, value in error.headers if isinstance(error, HttpError) else ():
            response.headers[name] = value
        return _without_body(response) if scope["method"] == "HEAD" else response


def _note(scope: Scope, status: int, error: BaseException) -> None:
    """Log an error: with its traceback where it is our bug, in a line where it is the disk."""
    asked = (scope["method"], _shown(scope["raw_path"]))
    if not isinstance(error, ContextaError):
        _log.error("%s %s failed", *asked, exc_info=error)
    elif status >= 500 and not isinstance(error, HttpError):
        _log.warning("%s %s: %s", *asked, error)
    else:
        _log.debug("%s %s refused, %s: %s", *asked, status, error.code)


def _shown(raw_path: bytes) -> str:
    """A path for the log: what a terminal would act on is shown as a code."""
    text = raw_path[:300].decode("ascii", "backslashreplace")
    return text if text.isprintable() else ascii(text)


def _answer(match: Match, ctx: Contexta, params: Params, *, compress: bool) -> Ready | Download:
    answer = match.load()(ctx, params)
    if isinstance(answer, Download):
        return answer
    if isinstance(answer, PageData):
        answer = _page(with_nearest_project(answer, match, params))
    if not isinstance(answer, Body):
        answer = Body(json_bytes(answer), JSON)
    return ready(answer, compress=compress)


def _page(page: PageData) -> Body:
    from contexta.web.pages._render import render

    text = render(page.template, page)
    return Body(text.encode("utf-8", "backslashreplace"), HTML, page.status)


def _meant(scope: Scope, code: str, details: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return the same page for each metric that was probably meant; refs have pages anyway."""
    names = (details or {}).get("nearest")
    if not code.endswith("_unknown_metric") or not isinstance(names, list | tuple):
        return []
    # One slash at the front: two would name another host.
    path = "/" + scope["raw_path"].decode("ascii", "replace").lstrip("/\\")
    asked = query_of(scope)
    return [(str(name), with_query(path, {**asked, "metric": name}.items())) for name in names[:8]]


def _error_page(
    status: int,
    code: str,
    message: str,
    details: dict[str, Any] | None,
    meant: list[tuple[str, str]],
) -> Body | None:
    data = {
        "status": status,
        "code": code,
        "message": message,
        "details": details or {},
        "meant": meant,
    }
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
