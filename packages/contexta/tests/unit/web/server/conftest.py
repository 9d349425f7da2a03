"""One workspace and one running server for all tests of the server."""

import http.client
import json
import math
import socket
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

HOSTILE = "<script>alert(1)</script>"
SETTINGS = {
    "project_name": "vision",
    "capture": {"capture_installed_packages": False, "capture_code_revision": False},
}


def fill(workspace, scratch):
    """Write four runs: two ordinary ones, one that failed, one with hostile names."""
    from contexta import Contexta

    model = scratch / "model.bin"
    model.write_bytes(b"weights" * 100)
    with Contexta(workspace=workspace, config=SETTINGS) as ctx:
        for number in range(2):
            with ctx.run("train", run_id=f"night-{number}", params={"lr": 0.1 * number}) as run:
                with run.stage("fit"):
                    for step in range(50):
                        run.metric("loss", math.nan if step == 7 else 1 / (step + 1), step=step)
                run.metric("accuracy", 0.9 + 0.01 * number)
                run.event("epoch", message="done", level="info")
                with run.span("load"):
                    pass
                run.register_artifact("model", str(model))
        with pytest.raises(RuntimeError), ctx.run("train", run_id="broken"):
            raise RuntimeError("out of memory")
        with ctx.run(HOSTILE, run_id="hostile", params={"=cmd()": HOSTILE}) as run:
            run.metric(f"loss {HOSTILE}", 1.0)
            run.event(HOSTILE, message=HOSTILE, level="error")
        with ctx.deployment("api", run_ref="run:vision.night-1"):
            pass


@contextmanager
def running(ctx, **options):
    """Run a server over a context in a thread."""
    from contexta.web import make_server

    server = make_server(ctx, port=0, **options)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Client:
    """Asks a server as a program does."""

    def __init__(self, server):
        self.host, self.port = server.server_address

    def get(self, path, *, method="GET", **headers):
        """Return status, headers and body of one request; ``_`` in header names is ``-``."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return SimpleNamespace(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.getheaders()},
            body=body,
            text=body.decode("utf-8", "replace"),
        )

    def json(self, path, **headers):
        """Return status and decoded body; numbers that are not JSON fail."""
        answer = self.get(path, **headers)
        return answer.status, json.loads(answer.body, parse_constant=pytest.fail)

    def raw(self, data, *, end=False):
        """Send bytes as they are, and return what comes back until the server closes.

        With ``end`` it is said that no more comes.
        """
        with socket.create_connection((self.host, self.port), timeout=30) as connection:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def send(self, target, *lines, host=None, method="GET"):
        """Send one request as it is written; return status and bytes. ``host`` None is ours."""
        own = f"{self.host}:{self.port}" if host is None else host
        head = [f"{method} {target} HTTP/1.1", *([f"Host: {own}"] if own else []), *lines]
        data = "\r\n".join([*head, "Connection: close", "", ""]).encode("latin-1")
        return self.answered(data)

    def answered(self, data, *, end=False):
        """Send bytes; return the status, 0 when the server closed without one, and all bytes."""
        answer = self.raw(data, end=end)
        status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0
        return status, answer


@pytest.fixture(scope="session")
def workspace(tmp_path_factory):
    """The folder of the workspace."""
    scratch = tmp_path_factory.mktemp("server")
    fill(scratch / "ws", scratch)
    return scratch / "ws"


@pytest.fixture(scope="session")
def read_ctx(workspace):
    """The workspace, open for reading."""
    from contexta import Contexta

    with Contexta(workspace=workspace, read_only=True) as ctx:
        yield ctx


@pytest.fixture(scope="session")
def client(read_ctx):
    """A client of a server on loopback, without a token."""
    with running(read_ctx) as server:
        yield Client(server)


@pytest.fixture(scope="session")
def guarded(read_ctx):
    """A client of a server that asks for a token."""
    with running(read_ctx, token="a-secret-of-enough-length") as server:
        yield Client(server)


@pytest.fixture
def serve():
    """Start further servers: a context manager that yields a client."""

    @contextmanager
    def start(ctx, **options):
        with running(ctx, **options) as server:
            yield Client(server)

    return start
