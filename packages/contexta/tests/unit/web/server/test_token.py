"""The token: where it is asked for, and what lets in. Probes of the threat list."""

import re

import pytest

TOKEN = "a-secret-of-enough-length"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/runs", {}, 401),
        ("/ui/runs", {}, 401),
        ("/static", {}, 401),
        ("/static%2f", {}, 401),
        ("/%73tatic/app.css", {}, 401),
        ("/static/app.css", {}, 200),  # nothing of the workspace is in it
        ("/static/../runs", {}, 400),
        ("/static/%2e%2e/runs", {}, 400),
        ("/static/..%2fruns", {}, 404),
        ("/static//runs", {}, 400),
        ("/nothing", {}, 401),
        ("/live/runs", {}, 401),
        ("/runs?token=wrong", {}, 401),
        (f"/runs?TOKEN={TOKEN}", {}, 401),
        (f"/runs?token={TOKEN[:-1]}", {}, 401),
        (f"/runs?token={TOKEN}x", {}, 401),
        ("/runs", {"Authorization": "Bearer wrong"}, 401),
        ("/runs", {"Authorization": TOKEN}, 401),
        ("/runs", {"Authorization": f"Basic {TOKEN}"}, 401),
        ("/runs", {"Authorization": "Bearer "}, 401),
        ("/runs", {"Cookie": "contexta_{port}=wrong"}, 401),
        ("/runs", {"Cookie": f"contexta_1={TOKEN}"}, 401),
        ("/runs", {"Cookie": "\x01=;;,=,"}, 401),
        ("/runs", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ("/runs", {"Authorization": f"bearer  {TOKEN}"}, 200),
        ("/runs", {"Cookie": f"contexta_{{port}}={TOKEN}"}, 401),  # the cookie holds no token
    ],
)
def test_a_token_is_asked_for_wherever_data_is(guarded, path, headers, status):
    """Without the token nothing of the workspace is told."""
    named = {name: value.format(port=guarded.port) for name, value in headers.items()}
    answer = guarded.get(path, **named)

    assert (status, False) == (answer.status, status >= 400 and "night" in answer.text)


def test_the_printed_address_lets_a_browser_in(guarded):
    """The token of the address becomes a cookie that no script and no other site reads."""
    answer = guarded.get(f"/ui/runs?limit=2&token={TOKEN}")
    cookie = answer.headers["set-cookie"]
    follow = guarded.get("/ui/runs", Cookie=cookie.split(";")[0])

    assert (303, "/ui/runs?limit=2", True, 200) == (
        answer.status,
        answer.headers["location"],
        "HttpOnly" in cookie and "SameSite=Strict" in cookie,
        follow.status,
    )


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "/%5cevil.example"])
def test_the_entrance_leads_nowhere_else(guarded, path):
    """The redirect behind the token stays on this server."""
    location = guarded.get(f"{path}?token={TOKEN}").headers.get("location", "/")

    assert re.fullmatch(r"/(?![/\\]).*", location)


def test_another_address_than_loopback_has_a_token(read_ctx):
    """Bound to all addresses, a server makes a token of its own and prints it in its URL."""
    from contexta.web import make_server

    with make_server(read_ctx, "0.0.0.0", 0) as server:
        token, url = server.token, server.url

    assert (True, True) == (len(token or "") >= 24, f"?token={token}" in url)


def test_names_that_are_allowed_can_be_given(read_ctx, serve):
    """`allowed_hosts` replaces the names of this server."""
    with serve(read_ctx, allowed_hosts=("runs.example",)) as client:
        statuses = [
            client.send("/version", host=host)[0]
            for host in ("runs.example", "RUNS.example", f"127.0.0.1:{client.port}")
        ]

    assert [200, 200, 421] == statuses


@pytest.mark.parametrize("token", ["", " ", "a\nb", "caf\u00e9", "\x00"])
def test_a_token_that_no_header_holds_is_refused(read_ctx, token):
    """A token must fit into an address and a header."""
    from contexta.contract.errors import SurfaceError
    from contexta.web import make_server

    with pytest.raises(SurfaceError) as caught:
        make_server(read_ctx, port=0, token=token)

    assert "http_token_invalid" == caught.value.code


def test_any_printable_token_lets_in(read_ctx, serve):
    """Signs that mean something in cookies and addresses are part of a token like others."""
    from urllib.parse import quote

    token = 'a; Path=/,"b"=c&d%20e+f'
    with serve(read_ctx, token=token) as client:
        answer = client.get(f"/runs?token={quote(token, safe='')}")
        cookie = answer.headers["set-cookie"].split(";")[0]
        follow = client.get("/runs", Cookie=cookie)

    assert (303, 200, False) == (answer.status, follow.status, token[:5] in cookie)
