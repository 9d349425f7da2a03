"""HTTP/1.1 on a socket, with clocks for those who open one and say nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from contexta.web._security import HEADERS


class GuardedProtocol(H11Protocol):
    """Closes sockets that stay silent, send their head by drops, or never read their answer.

    uvicorn itself only bounds the pause between two requests. Bounds are class attributes,
    for uvicorn makes the instances; ``guarded`` makes a class with others.
    """

    idle_seconds = 10.0
    most_connections = 512

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clock: asyncio.TimerHandle | None = None
        # Its lines hold whole addresses, so the token; a program that turns the logger of
        # uvicorn on for servers of its own must not turn it on here. Ours shows the path only.
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            transport.abort()
            return
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering():
            self._stop_clock()
        elif self._clock is None:
            # The clock of a head runs from its first byte; further bytes do not set it back.
            self._start_clock()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        # A close waits for the reader of what is still in the buffer; an abort does not.
        self.loop.call_later(self.idle_seconds, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, in the form of every other error."""
        shown = {"error": {"code": "http_bad_request", "message": msg, "details": None}}
        body = json.dumps(shown).encode()
        headers = [(name.encode(), value.encode()) for name, value in HEADERS]
        headers += [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()  # in the middle of an answer nothing can be said any more
            return
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_clock(self) -> None:
        self._clock = self.loop.call_later(self.idle_seconds, self._too_slow)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _too_slow(self) -> None:
        self._clock = None
        if not self._is_answering():
            self.transport.abort()


def guarded(idle_seconds: float, most_connections: int) -> type[GuardedProtocol]:
    """Return the protocol with these bounds."""
    return type(
        "GuardedProtocol",
        (GuardedProtocol,),
        {"idle_seconds": idle_seconds, "most_connections": most_connections},
    )
