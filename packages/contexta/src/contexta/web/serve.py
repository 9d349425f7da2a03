"""The server as an object: bind first, serve, stop from any thread."""

from __future__ import annotations

import errno
import secrets
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from contexta.contract.errors import SurfaceError
from contexta.web._limits import Limits
from contexta.web.app import build_app

if TYPE_CHECKING:
    import uvicorn

    from contexta.client import Contexta

_TRIED_PORTS = 50


class Server:
    """A bound socket and the application behind it; not started yet.

    Attributes:
        server_address: host and port; the port that was taken where 0 was asked for.
        token: secret that requests must carry, or ``None``.
    """

    def __init__(
        self,
        ctx: Contexta,
        bound: socket.socket,
        token: str | None,
        limits: Limits,
        allowed_hosts: Sequence[str] | None,
    ) -> None:
        self._socket = bound
        self._host = str(bound.getsockname()[0])
        self.server_address: tuple[str, int] = (self._host, int(bound.getsockname()[1]))
        self.token = token
        self._limits = limits
        self._app = build_app(ctx, token=token, allowed_hosts=allowed_hosts, limits=limits)
        self._uvicorn: uvicorn.Server | None = None
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._ended.set()

    @property
    def url(self) -> str:
        """The address to open; with the token where one is asked for."""
        host, port = self.server_address
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
        if ":" in shown and not shown.startswith("["):
            shown = f"[{shown}]"
        address = f"http://{shown}:{port}/"
        return address if self.token is None else f"{address}?token={quote(self.token, safe='')}"

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve until ``shutdown`` is called or the process is interrupted.

        Args:
            poll_interval: not used; servers of the standard library have it.
        """
        import asyncio

        import uvicorn

        from contexta.web._protocol import guarded

        config = uvicorn.Config(
            self._app,
            http=guarded(self._limits.idle_seconds, self._limits.connections),
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=max(1, int(self._limits.idle_seconds)),
            timeout_graceful_shutdown=3,
            h11_max_incomplete_event_size=self._limits.target_bytes + self._limits.header_bytes,
        )
        live = self._app.state.live

        class Uvicorn(uvicorn.Server):
            async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
                # Streams have no end of their own; waiting for them would be waiting for good.
                live.close()
                await super().shutdown(sockets)

        self._uvicorn = Uvicorn(config)
        self._uvicorn.should_exit = self._stopping.is_set()
        self._ended.clear()
        try:
            asyncio.run(self._uvicorn.serve(sockets=[self._socket]))
        finally:
            self._ended.set()

    def shutdown(self) -> None:
        """Stop serving, and wait until it has ended; from another thread, idempotent."""
        self._stopping.set()
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True
        self._ended.wait()

    def server_close(self) -> None:
        """Give the port back."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server_close()


def make_server(
    contexta: Contexta,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    token: str | None = None,
    allowed_hosts: Sequence[str] | None = None,
    limits: Limits | None = None,
) -> Server:
    """Bind a port for the pages and JSON routes of one workspace; nothing is served yet.

    Args:
        contexta: the workspace, best opened read-only; it stays the caller's to close.
        host: address to bind. Other machines reach one that is not loopback, so a token is
            asked for there: ``token``, or a new one.
        port: TCP port; 0 takes a free one.
        token: secret that every request must carry; ``None`` asks for none on loopback.
        allowed_hosts: values of the header ``Host`` that are this server, with the port.
        limits: bounds of requests and answers.

    Raises:
        SurfaceError: ``http_port_in_use`` naming the next free port, ``http_bind_failed``,
            ``http_token_invalid``.
    """
    if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
        raise SurfaceError(
            "a token must be printable ASCII characters; secrets.token_urlsafe(24) makes one",
            code="http_token_invalid",
        )
    bound = _bind(host, port)
    if token is None and not _is_loopback(str(bound.getsockname()[0])):
        token = secrets.token_urlsafe(24)
    return Server(contexta, bound, token, limits or Limits(), allowed_hosts)


def serve(
    contexta: Contexta, host: str = "127.0.0.1", port: int = 8080, *, token: str | None = None
) -> None:
    """Bind and serve until interrupted; see ``make_server``."""
    with make_server(contexta, host, port, token=token) as server:
        server.serve_forever()


def _bind(host: str, port: int) -> socket.socket:
    try:
        return _bound(host, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise SurfaceError(
                f"{host}:{port} cannot be bound: {error.strerror or error}; choose another "
                "address with --host, or a port above 1023 with --port",
                code="http_bind_failed",
                details={"host": host, "port": port},
            ) from error
        free = _next_free(host, port)
        hint = "stop what uses it" if free is None else f"port {free} is free"
        raise SurfaceError(
            f"port {port} of {host} is in use; {hint}, or let --port 0 choose",
            code="http_port_in_use",
            details={"host": host, "port": port, "free_port": free},
        ) from error
    except (OverflowError, UnicodeError) as error:
        raise SurfaceError(
            f"{host!r}:{port} is no address; a port lies between 0 and 65535",
            code="http_bind_failed",
            details={"host": host, "port": port},
        ) from error


def _bound(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        # A port whose last owner ended a moment ago can be taken again at once.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(128)
    except BaseException:
        sock.close()
        raise
    return sock


def _next_free(host: str, port: int) -> int | None:
    for candidate in range(port + 1, min(port + 1 + _TRIED_PORTS, 65536)):
        try:
            _bound(host, candidate).close()
        except OSError:
            continue
        return candidate
    return None


def _is_loopback(address: str) -> bool:
    return ip_address(address.partition("%")[0]).is_loopback
