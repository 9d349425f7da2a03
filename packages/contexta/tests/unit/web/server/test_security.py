"""The threat list, probe by probe: each is refused, or harmless, and says nothing of the inside."""

import re
import select
import socket
import time
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from contexta.web import Limits

RUN = "run:vision.night-1"
TOKEN = "a-secret-of-enough-length"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def status_of(answer):
    """Return the status of a raw answer; 0 when the server closed without one."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


def request(client, target, *lines, host=None, method="GET"):
    """Send one raw request; ``host`` None is the right one."""
    own = f"{client.host}:{client.port}" if host is None else host
    head = [f"{method} {target} HTTP/1.1", *([f"Host: {own}"] if own else []), *lines]
    return client.raw("\r\n".join([*head, "Connection: close", "", ""]).encode("latin-1"))


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
    answer = request(client, "/projects", host=host.format(port=client.port))

    assert (True, False) == (status_of(answer) in (400, 421), b"vision" in answer)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_the_loopback_names_are_this_server(client, host):
    """127.0.0.1, localhost and [::1] with our port are answered."""
    answer = request(client, "/projects", host=f"{host}:{client.port}")

    assert 200 == status_of(answer)


def test_two_hosts_are_refused(client):
    """A request with two Host headers is no request."""
    answer = request(client, "/projects", "Host: evil.example")

    assert 400 == status_of(answer)


def test_no_host_is_refused(client):
    """Neither HTTP/1.1 nor HTTP/1.0 gets an answer without a Host."""
    old = client.raw(b"GET /projects HTTP/1.0\r\n\r\n", end=True)
    new = client.raw(b"GET /projects HTTP/1.1\r\n\r\n")

    assert (421, 400) == (status_of(old), status_of(new))


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
    answer = request(client, target.format(port=client.port))

    assert expected == status_of(answer)


@pytest.mark.parametrize(
    "method",
    ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "FOO", "G" * 50],
)
def test_only_reading_methods_are_served(client, method):
    """Everything but GET and HEAD is a 405 that says what is allowed."""
    answer = request(client, "/runs", method=method)

    assert (405, True) == (status_of(answer), b"allow: GET, HEAD" in answer)


def test_connect_is_refused(client):
    """The server is no proxy."""
    answer = request(client, "evil.example:443", method="CONNECT")

    assert status_of(answer) in (400, 405)


def test_an_upgrade_to_websockets_is_not_taken(client):
    """There is no second protocol behind the guard."""
    lines = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    answer = request(client, "/runs", *lines, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")

    assert 101 != status_of(answer)


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
    answer = request(client, path, line)

    assert (403, False) == (status_of(answer), b"night-1" in answer)


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

    assert 200 == status_of(request(client, "/runs", *shown))


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
    answer = request(client, "/runs", "Access-Control-Request-Method: GET")

    assert b"access-control-" not in answer.lower()


def test_the_program_does_not_say_what_it_runs_on(client):
    """No header names the server or its version."""
    assert not {"server", "x-powered-by"} & set(client.get("/runs").headers)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fapp.py",
        "/static/..%5capp.py",
        "/static/....//app.py",
        "/static/%252e%252e/app.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/vendor/../../app.py",
        "/static/./app.css",
        "/static/app.css%00.js",
        "/static/",
        "/static",
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..;/etc/passwd",
        "/runs/..%2f..%2fetc%2fpasswd",
        "/runs/%2fetc%2fpasswd",
        "/ui/runs/..%2f..%2fetc%2fpasswd",
        "/artifacts/..%2f..%2fworkspace.json",
        "/artifacts/..%2f..%2fworkspace.json/download",
        "/artifacts/%2fetc%2fpasswd/download",
        "/artifacts/file:%2f%2f%2fetc%2fpasswd/download",
        "/artifacts/artifact:..%2f..%2f..%2fetc%2fpasswd/download",
        "/export/..%2fruns.csv",
    ],
)
def test_no_path_reaches_the_file_system(client, path):
    """Names are looked up in tables: what climbs, is absolute or encoded twice is not found."""
    answer = request(client, path)

    leaked = b"root:" in answer or b"import " in answer or b"format_version" in answer
    assert (True, False) == (status_of(answer) in (400, 404), leaked)


@pytest.mark.parametrize("member", ["../../workspace.json", "/etc/passwd", "..", "a/../../b", "\\"])
def test_members_of_artifacts_are_names(client, member):
    """A member that no artifact has is an error, wherever it points."""
    ref = client.json(f"/runs/{RUN}/artifacts?kind=model")[1]["artifacts"][0]["artifact_ref"]
    answer = client.get(f"/artifacts/{quote(ref, safe='')}/download?member={quote(member)}")

    assert (True, False) == (400 <= answer.status < 500, b"root:" in answer.body)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "'onmouseover='alert(1)",
        "javascript:alert(1)",
        "</title><script>alert(1)</script>",
        "{{7*7}}",
        "${7*7}",
        "\u202e\u2066",
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        "/ui/runs?project={}",
        "/ui/runs?where={}",
        "/ui/runs?status={}",
        "/ui/runs/{}",
        "/ui/metrics/trend?metric={}",
        "/ui/compare?left={}&right={}",
        "/ui/{}",
    ],
)
def test_what_a_request_says_never_becomes_markup(client, path, text):
    """Text of an address comes back escaped, or not at all."""
    shown = client.get(path.replace("{}", quote(text, safe=""))).text

    assert ([], False) == (dangerous(shown), "\u202e" in shown)


class Dangerous(HTMLParser):
    """Collects what would run: handlers, addresses of scripts, inline scripts, foreign images."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.in_script = False

    def handle_starttag(self, tag, attrs):
        self.in_script = tag == "script"
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on") or name == "style":
                self.found.append((tag, name))
            if name in ("href", "src", "action", "formaction") and not address.startswith(
                ("/", "#", "?", "data:image/")
            ):
                self.found.append((tag, name, value))

    def handle_endtag(self, tag):
        self.in_script = False

    def handle_data(self, data):
        if self.in_script and data.strip():
            self.found.append(("script", data))


def dangerous(text):
    """Return what in a page could run."""
    parser = Dangerous()
    parser.feed(text)
    return parser.found


@pytest.mark.parametrize("path", ["/ui/runs", "/ui/runs/hostile", "/ui/runs/hostile/diagnostics"])
def test_stored_names_never_become_markup(client, path):
    """A run, param, metric or event whose name is a script is shown as text."""
    answer = client.get(path)

    assert (200, []) == (answer.status, dangerous(answer.text))


@pytest.mark.parametrize("path", ["/ui/runs", "/ui/runs/night-1", "/ui/nothing"])
def test_pages_have_no_inline_script_or_style(client, path):
    """The policy needs no exception: scripts and styles are files of ours."""
    text = client.get(path).text

    assert ([], False) == (dangerous(text), "<style" in text)


def test_json_is_no_page(client):
    """Data with markup in it is typed as data, and no browser guesses otherwise."""
    answer = client.get("/runs/hostile")
    kind = (answer.headers["content-type"], answer.headers["x-content-type-options"])

    assert ("application/json; charset=utf-8", "nosniff") == kind


def test_csv_cells_are_no_formulas(client):
    """A spreadsheet that opens an export runs nothing."""
    text = client.get(f"/export/comparison.csv?left={RUN}&right=hostile").text

    assert [] == re.findall(r"(?m)(?:^|,)\"?[=@+]", text)


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
    answer = client.raw(data, end=True)

    assert (True, 200) == (
        status_of(answer) in (0, 400, 405, 421),
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
    status = status_of(request(client, target, *lines))

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


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/runs", {}, 401),
        ("/ui/runs", {}, 401),
        ("/static/app.css", {}, 401),
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
        ("/runs", {"Cookie": f"a=b; contexta_{{port}}={TOKEN}"}, 200),
    ],
)
def test_a_token_is_asked_for_everywhere(guarded, path, headers, status):
    """Without the token nothing is told: no page, no data, no file."""
    named = {name: value.format(port=guarded.port) for name, value in headers.items()}
    answer = guarded.get(path, **named)

    assert (status, False) == (answer.status, status == 401 and "night" in answer.text)


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
            status_of(request(client, "/version", host=host))
            for host in ("runs.example", "RUNS.example", f"127.0.0.1:{client.port}")
        ]

    assert [200, 200, 421] == statuses
