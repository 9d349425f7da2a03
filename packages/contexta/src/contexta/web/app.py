"""The server as an ASGI application: one guard, then one table of routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from contexta.web._dispatch import Dispatcher
from contexta.web._limits import Limits
from contexta.web._security import Guard

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from contexta.client import Contexta


def build_app(
    ctx: Contexta,
    *,
    token: str | None = None,
    allowed_hosts: Sequence[str] | None = None,
    limits: Limits | None = None,
) -> Starlette:
    """Return the pages and JSON routes of one workspace as an ASGI application.

    Args:
        ctx: the workspace, best opened read-only; it stays the caller's to close.
        token: secret that every request must carry, in the header ``Authorization: Bearer``,
            in the cookie that the server sets, or once as ``?token=``.
        allowed_hosts: values of the header ``Host`` that are this server, with the port.
            Default: 127.0.0.1, localhost and [::1] with the port of the socket; behind a
            token any.
        limits: bounds of requests and answers.
    """
    bounds = limits or Limits()
    dispatcher = Dispatcher(ctx, bounds)
    hosts = None if allowed_hosts is None else tuple(host.lower() for host in allowed_hosts)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        dispatcher.close()

    app = _Guarded(routes=[Mount("/", app=dispatcher)], lifespan=lifespan)
    app.state.live = dispatcher.live
    app.state.close = dispatcher.close
    app.guard = Guard(
        app.unguarded,
        refuse=dispatcher.refuse,
        token=token,
        allowed_hosts=hosts,
        limits=bounds,
    )
    return app


class _Guarded(Starlette):
    """Runs the guard before anything of Starlette, whose own middleware answers unsealed."""

    guard: Guard

    async def unguarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Routes are matched on the raw path, where %2F is no slash.
        scope["path"] = "/"
        await super().__call__(scope, receive, send)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        else:
            await self.guard(scope, receive, send)
