"""Broken, long, slow and many requests. Probes of the threat list."""

import select
import socket
import time

import pytest

from contexta.web import Limits


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n\x00",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_request_gets_no_data(client, data):
    """Broken, smuggled and foreign protocols end in an error or a closed socket."""
    status, _ = client.answered(data, end=True)

    assert (True, 200) == (
        status in (0, 400, 405, 421),
        client.get("/version").status,
    )


@pytest.mark.parametrize(
    ("target", "lines", "expected"),
    [
        ("/runs?q=" + "a" * 17_000, (), {414}),
        ("/" + "a" * 17_000, (), {414}),
        ("/runs?q=" + "a" * 100_000, (), {400, 414, 0}),
        ("/runs", ("X-Long: " + "a" * 33_000,), {431}),
        ("/runs", ("X-Long: " + "a" * 100_000,), {400, 431, 0}),
        ("/runs", tuple(f"X-{n}: {'a' * 100}" for n in range(400)), {431, 400}),
        ("/" + "/".join("a" * 50), (), {404, 400}),
    ],
)
def test_long_requests_are_refused(client, target, lines, expected):
    """Request line and headers have bounds; the server still answers others."""
    status = client.send(target, *lines)[0]

    assert (True, 200) == (status in expected, client.get("/version").status)


@pytest.mark.parametrize("sent", [b"", b"GET /runs HTTP/1.1\r\nHost:"])
def test_silent_sockets_are_closed(read_ctx, serve, sent):
    """A socket that never finishes its request is closed after the idle time."""
    with (
        serve(read_ctx, limits=Limits(idle_seconds=0.3)) as client,
        socket.create_connection((client.host, client.port), timeout=20) as connection,
    ):
        connection.sendall(sent)

        assert b"" == read_until_closed(connection)


def test_a_head_that_drips_is_closed(read_ctx, serve):
    """Bytes that come one by one do not set the clock back."""
    with (
        serve(read_ctx, limits=Limits(idle_seconds=0.5)) as client,
        socket.create_connection((client.host, client.port), timeout=20) as connection,
    ):
        closed = False
        for _ in range(200):
            try:
                connection.sendall(b"G")
            except OSError:
                closed = True
                break
            time.sleep(0.05)

        assert closed


def read_until_closed(connection):
    """Return what comes until the other side closes, gently or not."""
    try:
        return connection.recv(1000)
    except ConnectionResetError:
        return b""


def test_too_many_requests_at_once_are_told_to_come_back(read_ctx, serve):
    """Beyond the limit a request is a 503 with a time, and the server goes on."""
    with serve(read_ctx, limits=Limits(requests=0)) as client:
        answer = client.get("/runs")

    assert (503, "1") == (answer.status, answer.headers["retry-after"])


def test_too_many_sockets_are_not_kept(read_ctx, serve):
    """Beyond the limit a new socket is closed at once; it does not take the server."""
    with serve(read_ctx, limits=Limits(connections=4)) as client:
        held = [socket.create_connection((client.host, client.port)) for _ in range(8)]
        closed = set()
        while len(closed) < 4:
            ready, _, _ = select.select([one for one in held if one not in closed], [], [], 20)
            assert ready, "the server keeps more sockets than it should"
            closed.update(one for one in ready if read_until_closed(one) == b"")
        for connection in held:
            connection.close()

    assert 4 == len(closed)
