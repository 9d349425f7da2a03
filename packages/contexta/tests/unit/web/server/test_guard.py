"""Who may ask: hosts, targets, methods, other sites. Probes of the threat list."""

import pytest

RUN = "run:vision.night-1"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:1",
        "127.0.0.1:{port}0",
        "127.0.0.1:{port}@evil.example",
        "evil.example@127.0.0.1:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "127.1:{port}",
        "2130706433:{port}",
        "0.0.0.0:{port}",
        "[::]:{port}",
        "localhost.:{port}",
        "http://localhost:{port}",
        "localhost:{port}, evil.example",
        "127.0.0.1:{port} evil",
        "\xa0localhost:{port}",
        "",
    ],
)
def test_a_foreign_host_is_refused(client, host):
    """Only the loopback names with our port are this server: a rebound name reads nothing."""
    status, answer = client.send("/projects", host=host.format(port=client.port))

    assert (True, False) == (status in (400, 421), b"vision" in answer)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_the_loopback_names_are_this_server(client, host):
    """127.0.0.1, localhost and [::1] with our port are answered."""
    status, _ = client.send("/projects", host=f"{host}:{client.port}")

    assert 200 == status


def test_two_hosts_are_refused(client):
    """A request with two Host headers is no request."""
    status, _ = client.send("/projects", "Host: evil.example")

    assert 400 == status


def test_no_host_is_refused(client):
    """Neither HTTP/1.1 nor HTTP/1.0 gets an answer without a Host."""
    old, _ = client.answered(b"GET /projects HTTP/1.0\r\n\r\n", end=True)
    new, _ = client.answered(b"GET /projects HTTP/1.1\r\n\r\n")

    assert (421, 400) == (old, new)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http://127.0.0.1:{port}/projects", 200),
        ("HTTP://LOCALHOST:{port}/projects", 421),  # another name than the Host
        ("http://evil.example/projects", 421),
        ("http://evil.example:{port}/projects", 421),
        ("http://127.0.0.1:{port}@evil.example/projects", 421),
        ("https://127.0.0.1:{port}/projects", 400),
        ("ftp://127.0.0.1:{port}/projects", 400),
        ("file:///etc/passwd", 400),
        ("//evil.example/projects", 400),
        ("///projects", 400),
        ("projects", 400),
        ("*", 400),
        ("127.0.0.1:{port}", 400),
    ],
)
def test_targets_name_this_server_or_nothing(client, target, expected):
    """An absolute target counts only when it names the host of the request."""
    status, _ = client.send(target.format(port=client.port))

    assert expected == status


@pytest.mark.parametrize(
    "method",
    ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "FOO", "G" * 50],
)
def test_only_reading_methods_are_served(client, method):
    """Everything but GET and HEAD is a 405 that says what is allowed."""
    status, answer = client.send("/runs", method=method)

    assert (405, True) == (status, b"allow: GET, HEAD" in answer)


def test_connect_is_refused(client):
    """The server is no proxy."""
    status, _ = client.send("evil.example:443", method="CONNECT")

    assert status in (400, 405)


def test_an_upgrade_to_websockets_is_not_taken(client):
    """There is no second protocol behind the guard."""
    lines = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    status, _ = client.send("/runs", *lines, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")

    assert 101 != status


@pytest.mark.parametrize(
    "line",
    [
        "Origin: http://evil.example",
        "Origin: https://127.0.0.1.evil.example",
        "Origin: null",
        "Origin: http://127.0.0.1:1",
        "Origin: http://localhost",
        "Origin: file://",
        "Origin: chrome-extension://abc",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Site: CROSS-SITE",
        "Sec-Fetch-Site: anything",
    ],
)
@pytest.mark.parametrize("path", ["/runs", "/ui/runs"])
def test_requests_of_other_sites_are_refused(client, line, path):
    """A page of another site gets nothing, by script, image or form."""
    status, answer = client.send(path, line)

    assert (403, False) == (status, b"night-1" in answer)


@pytest.mark.parametrize(
    "lines",
    [
        ("Origin: http://{host}:{port}", "Sec-Fetch-Site: same-origin"),
        ("Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"),
        ("Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"),
    ],
)
def test_our_own_pages_are_answered(client, lines):
    """What our pages fetch, and what a person opens, is answered."""
    shown = [line.format(host=client.host, port=client.port) for line in lines]

    assert 200 == client.send("/runs", *shown)[0]


@pytest.mark.parametrize(
    "path",
    [
        "/runs",
        "/ui/runs",
        "/ui/nothing",
        "/nothing",
        "/static/app.css",
        "/runs?limit=0",
        "/",
        "/export/runs.csv",
    ],
)
def test_every_answer_is_sealed(client, path):
    """Pages, data, files, redirects and errors carry the same policy."""
    headers = client.get(path).headers
    names = (
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-resource-policy",
        "cross-origin-opener-policy",
    )

    assert [POLICY, "nosniff", "no-referrer", "same-origin", "same-origin"] == [
        headers.get(name) for name in names
    ]


def test_no_answer_lets_another_origin_read(client):
    """There is no CORS header, whatever is asked."""
    _, answer = client.send("/runs", "Access-Control-Request-Method: GET")

    assert b"access-control-" not in answer.lower()


def test_the_program_does_not_say_what_it_runs_on(client):
    """No header names the server or its version."""
    assert not {"server", "x-powered-by"} & set(client.get("/runs").headers)
