"""The server under its old path, and its request handler for servers of the standard library."""

from __future__ import annotations

import asyncio
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from contexta.web import build_app, make_server, serve

if TYPE_CHECKING:
    from contexta.client import Contexta

__all__ = ["ContextaRequestHandler", "make_server", "serve"]


class ContextaRequestHandler(BaseHTTPRequestHandler):
    """Answers one request of a server of the standard library as `contexta.web` would.

    Same guard, same routes; no streams (``/live``), for such a server would wait for their
    end. Use it as ``ThreadingHTTPServer(address, partial(ContextaRequestHandler,
    contexta=ctx))``. One application per request: right for scripts of 1.0, slow for pages.
    """

    server_version = "Contexta"
    sys_version = ""
    timeout = 10

    def __init__(self, *args: Any, contexta: Contexta, **options: Any) -> None:
        self._contexta = contexta
        super().__init__(*args, **options)

    def do_GET(self) -> None:  # the name that the base class calls
        """Answer."""
        app = build_app(self._contexta)
        try:
            head, body = asyncio.run(_ask(app, self._scope()))
        finally:
            app.state.close()
        self.send_response(head["status"])
        for name, value in head["headers"]:
            self.send_header(name.decode("latin-1"), value.decode("latin-1"))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing: `contexta.web` logs by `logging`."""

    def _scope(self) -> dict[str, Any]:
        path, _, query = self.path.encode("latin-1").partition(b"?")
        address: Any = self.server.server_address
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in self.headers.items()
        ]
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.command,
            "scheme": "http",
            "path": "/",
            "root_path": "",
            "raw_path": path,
            "query_string": query,
            "headers": headers,
            "client": self.client_address[:2],
            "server": (address[0], address[1]),
            "state": {},
            "contexta.streams": False,
        }


async def _ask(app: Any, scope: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Run an application on one request without a body, and return its answer whole."""
    head: dict[str, Any] = {}
    body: list[bytes] = []

    taken = False

    async def receive() -> dict[str, Any]:
        nonlocal taken
        if taken:
            await asyncio.Event().wait()  # the client stays until it has its answer
        taken = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            head.update(message)
        elif message["type"] == "http.response.body":
            body.append(message.get("body", b""))

    await app(scope, receive, send)
    return head, b"".join(body)
