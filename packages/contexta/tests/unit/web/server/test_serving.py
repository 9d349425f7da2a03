"""Binding, stopping, the command line, and the paths of release 1.0."""

import json
import logging
import signal
import socket
import subprocess
import sys
import threading
from functools import partial
from http.server import ThreadingHTTPServer

import pytest

from contexta.cli import run_cli
from contexta.contract.errors import SurfaceError
from contexta.web import make_server


def test_a_port_in_use_names_a_free_one(read_ctx):
    """The error says which port above is free."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SurfaceError) as caught:
            make_server(read_ctx, port=port)

    details = dict(caught.value.details)
    assert ("http_port_in_use", port, True) == (
        caught.value.code,
        details["port"],
        details["free_port"] is None or details["free_port"] > port,
    )


@pytest.mark.parametrize("address", [("203.0.113.7", 0), ("no.such.host.invalid", 0), ("", 99999)])
def test_an_address_that_cannot_be_bound_is_said(read_ctx, address):
    """Foreign addresses and impossible ports are errors of ours."""
    with pytest.raises(SurfaceError) as caught:
        make_server(read_ctx, *address)

    assert "http_bind_failed" == caught.value.code


def test_port_0_takes_a_free_port(read_ctx):
    """The address of a server is known before it serves."""
    with make_server(read_ctx, port=0) as server:
        host, port = server.server_address

    assert ("127.0.0.1", True, f"http://127.0.0.1:{port}/") == (host, port > 0, server.url)


def test_a_server_can_be_stopped_before_it_serves(read_ctx):
    """A stop that comes first is not lost."""
    with make_server(read_ctx, port=0) as server:
        server.shutdown()
        server.serve_forever()
        server.shutdown()

    assert server.token is None


def test_requests_are_logged_for_those_who_ask(client, caplog):
    """The access log is at debug: method, address, status, time."""
    with caplog.at_level(logging.DEBUG, logger="contexta.web"):
        client.get("/version?x=1")
    lines = [record.getMessage() for record in caplog.records if record.name == "contexta.web"]

    assert any(line.startswith("GET /version 200") for line in lines)


@pytest.mark.parametrize("command", [["serve", "http"], ["ui", "--no-browser"]])
def test_the_command_prints_where_it_serves(workspace, command):
    """One JSON object with host, port, url and workspace; then it serves until interrupted."""
    arguments = [*command, "--port", "0", "--format", "json", "--workspace", str(workspace)]
    with subprocess.Popen(
        [sys.executable, "-m", "contexta", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        text = ""
        for line in process.stdout:
            text += line
            if line.startswith("}"):
                break
        facts = json.loads(text)
        with socket.create_connection((facts["host"], facts["port"]), timeout=20) as connection:
            connection.sendall(
                f"GET /version HTTP/1.1\r\nHost: 127.0.0.1:{facts['port']}\r\n\r\n".encode()
            )
            answer = connection.recv(4096)
        process.send_signal(signal.SIGINT)
        code = process.wait(20)

    assert (b"HTTP/1.1 200", 0, {"host", "port", "token", "url", "workspace"}) == (
        answer[:12],
        code,
        set(facts),
    )


class Bound:
    """A server that was bound, and serves nobody."""

    url, token = "http://127.0.0.1:1/", None

    def __init__(self, host="127.0.0.1"):
        self.server_address = (host, 1)

    def __enter__(self):
        return self

    def __exit__(self, *rest):
        return None

    def serve_forever(self):
        return None


@pytest.mark.parametrize(
    ("host", "warns"),
    [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True), ("fe80::1%eth0", True)],
)
def test_who_opens_the_server_to_a_network_is_warned(workspace, monkeypatch, capsys, host, warns):
    """Other machines reach it, and what they read is not encrypted."""
    from contexta import web

    monkeypatch.setattr(web, "make_server", lambda *_, **__: Bound(host))
    code = run_cli(["serve", "http", "--workspace", str(workspace), "--host", host])

    assert (0, warns) == (code, "nothing is encrypted" in capsys.readouterr().err)


def test_the_port_is_8080_unless_the_settings_name_one(workspace, monkeypatch, capsys):
    """A configured port counts, the default of the settings does not, a flag wins."""
    from contexta import web

    asked = []

    def bind(ctx, host, port, *, token):
        asked.append((host, port))
        return Bound()

    monkeypatch.setattr(web, "make_server", bind)
    base = ["serve", "http", "--workspace", str(workspace)]
    codes = [
        run_cli(base),
        run_cli([*base, "--set", "surfaces.http.port=9000"]),
        run_cli([*base, "--set", "surfaces.http.port=9000", "--port", "9001"]),
    ]

    assert ([0, 0, 0], [("127.0.0.1", 8080), ("127.0.0.1", 9000), ("127.0.0.1", 9001)]) == (
        codes,
        asked,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--token", "short"], 2, "at least 16"),
        (["--port", "99999"], 2, "65535"),
        (["--workspace", "/nonexistent/ws"], 1, "workspace_not_found"),
    ],
)
def test_the_command_refuses_what_cannot_be(workspace, capsys, arguments, code, text):
    """Wrong usage is told before anything is bound."""
    given = run_cli(["serve", "http", "--workspace", str(workspace), *arguments])

    assert (code, True) == (given, text in capsys.readouterr().err)


def test_the_old_path_has_the_same_server():
    """`contexta.surfaces.http` hands on what lives in `contexta.web`."""
    from contexta import surfaces, web
    from contexta.surfaces.http import serializers, server

    assert (web.make_server, web.serve, True) == (
        server.make_server,
        server.serve,
        callable(serializers.to_jsonable) and surfaces is not None,
    )


def test_the_old_handler_answers_in_a_server_of_the_standard_library(read_ctx, client):
    """`ContextaRequestHandler` gives the same answers behind the same guard."""
    from contexta.surfaces.http import ContextaRequestHandler

    handler = partial(ContextaRequestHandler, contexta=read_ctx)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    old = type(client)(server)
    same = old.get("/runs").body == client.get("/runs").body
    refused = [
        old.get("/runs", method="POST").status,
        old.get("/runs", Origin="http://evil.example").status,
        old.get("/live/runs").status,
    ]
    server.shutdown()
    thread.join()
    server.server_close()

    assert (True, [405, 403, 404]) == (same, refused)


def test_the_payloads_of_1_0_have_their_shapes(read_ctx):
    """The serializers build the bodies of the routes from results of the services."""
    from contexta.surfaces.http import (
        environment_diff_payload,
        error_envelope,
        reproducibility_payload,
        run_summary_payload,
    )

    shown = run_summary_payload(read_ctx.get_run_snapshot("night-1"))
    audit = reproducibility_payload(read_ctx.audit_reproducibility("night-1"))
    diff = environment_diff_payload(read_ctx.compare_environments("night-0", "night-1"))

    assert (2, True, None, {"error": {"code": "c", "message": "m", "details": None}}) == (
        shown["artifact_count"],
        0 <= audit["reproducibility_score"] <= 1,
        diff["left_code_revision"],
        error_envelope("c", "m"),
    )


def test_ui_takes_a_free_port_when_its_own_is_in_use(workspace, monkeypatch, capsys):
    """Two people who look at two workspaces need not know of ports."""
    from contexta import web

    real, asked = web.make_server, []

    def bind(ctx, host, port, *, token):
        asked.append(port)
        server = real(ctx, host, port, token=token)
        server.shutdown()  # a stop that comes first: it serves nothing and returns
        return server

    monkeypatch.setattr(web, "make_server", bind)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        base = ["--workspace", str(workspace), "--set", f"surfaces.http.port={busy}"]
        codes = [run_cli(["ui", "--no-browser", *base]), run_cli(["serve", "http", *base])]

    assert ([0, 1], [busy, 0, busy]) == (codes, asked)


def test_the_access_log_is_an_option(workspace):
    """With --access-log each request is a line on stderr."""
    arguments = ["--port", "0", "--format", "json", "--workspace", str(workspace), "--access-log"]
    with subprocess.Popen(
        [sys.executable, "-m", "contexta", "serve", "http", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        text = ""
        for line in process.stdout:
            text += line
            if line.startswith("}"):
                break
        port = json.loads(text)["port"]
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(f"GET /version HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
            connection.recv(4096)
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=20)

    assert "GET /version 200" in log
