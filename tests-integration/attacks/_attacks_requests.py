"""Requests that no page of ours sends, as bytes, and what may be answered to them."""

from urllib.parse import quote

from _attacks_workspace import TEXTS, artifact_of

#: PORT stands for the port of the server in all of these.
OWN = "127.0.0.1:PORT"
_REFUSED_HOSTS = (
    "evil.example:PORT", "evil.example", "127.0.0.1:1", "127.0.0.1", "127.0.0.1:PORT.",
    "0.0.0.0:PORT",
    "localhost.:PORT", "localhost:PORT@evil.example", "evil@127.0.0.1:PORT", "127.0.0.1:0PORT",
    "127.1:PORT", "2130706433:PORT", "0x7f.1:PORT", "[::ffff:127.0.0.1]:PORT", "::1:PORT",
    "[0:0:0:0:0:0:0:1]:PORT", "[::1%25lo]:PORT", "127.0.0.1:PORT,evil.example", "*:PORT", "",
    "127.0.0.1:PORT/", "localhost.evil.example:PORT", "127.0.0.1.nip.io:PORT", "127.0.0.2:PORT",
    "LOCALHOST.:PORT", "localhost:+PORT", "http://127.0.0.1:PORT", "127.0.0.1:PORT#",
)  # fmt: skip


def request(target="/runs", *headers, method="GET", host=OWN, version="HTTP/1.1"):
    """The bytes of a request that ends the connection."""
    lines = [f"{method} {target} {version}"]
    lines += [] if host is None else [f"Host: {host}"]
    lines += [*headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def hosts():
    """Requests whose Host is not this server."""
    for host in _REFUSED_HOSTS:
        yield f"host {host!r}", request(host=host), {400, 421}
    yield "no host", request(host=None), {400, 421}
    yield "no host, 1.0", request(host=None, version="HTTP/1.0"), {400, 421}
    yield "two hosts", request("/runs", "Host: evil.example"), {400, 421}
    yield "the same host twice", request("/runs", f"Host: {OWN}"), {400, 421}
    yield "evil host first", request("/runs", f"Host: {OWN}", host="evil.example"), {400, 421}
    yield "absolute evil", request("http://evil.example/runs"), {400, 421}
    yield "absolute, user", request(f"http://a@{OWN}/runs"), {400, 421}
    yield "absolute, tls", request(f"https://{OWN}/runs"), {400, 421}
    yield "absolute, file", request("file:///etc/passwd"), {400, 421}
    yield "absolute, evil host", request(f"http://{OWN}/runs", host="evil.example"), {400, 421}
    yield "no slash", request("runs"), {400}
    yield "forwarded", request("/runs", f"X-Forwarded-Host: {OWN}", host="evil.example"), {421}
    yield "star", request("*"), {400}


def senders():
    """Requests that another site caused."""
    for origin in (
        "http://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1", "file://",
        "http://localhost:PORT", "http://127.0.0.1:PORT.evil.example", "http://127.0.0.1:PORT/",
        "chrome-extension://abc", "", "http://127.0.0.1:PORT@evil.example", "ftp://127.0.0.1:PORT",
    ):  # fmt: skip
        yield f"origin {origin!r}", request("/runs", f"Origin: {origin}"), {403}
    for site in ("cross-site", "same-site", "CROSS-SITE", "unknown", "same-origin, cross-site", ""):
        yield f"site {site!r}", request("/runs", f"Sec-Fetch-Site: {site}"), {403}
    navigate = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe", "Sec-Fetch-Site: same-site")
    yield "framed", request("/ui/runs", *navigate), {403}
    top = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: cross-site")
    yield "navigated from elsewhere", request("/ui/runs", *top), {403}
    twice = ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-origin")
    yield "site said twice", request("/runs", *twice), {400, 403}
    origins = ("Origin: http://evil.example", f"Origin: http://{OWN}")
    yield "origin said twice", request("/runs", *origins), {400, 403}


def methods():
    """Requests that would change something, or that are none."""
    for method in (
        "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "Head", "PROPFIND",
        "GETT", "X" * 300, "TRACK", "DEBUG", "PURGE", "M-SEARCH",
    ):  # fmt: skip
        yield f"method {method[:9]}", request(method=method), {400, 405}
    override = ("X-HTTP-Method-Override: DELETE", "X-Method-Override: POST")
    yield "override", request("/runs", *override), {200}
    asks = ("Origin: http://evil.example", "Access-Control-Request-Method: GET")
    yield "preflight", request("/runs", *asks, method="OPTIONS"), {403, 405}
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    socket = ("Upgrade: websocket", "Sec-WebSocket-Version: 13", key)
    yield "upgrade", request("/runs", *socket), {200, 400}
    yield "h2c", request("/runs", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"), {200, 400}


_UP = (
    "..", "%2e%2e", "%252e%252e", ".%2e", "..%2f..", "..%5c..", "..\\..", "%5c..%5c", "..%00",
    "%c0%ae%c0%ae", "%c0%af..", "%e0%80%ae", "%u002e", "....//", ".", "%2e", "%00", "%0a", "%0d%0a",
    "%f5%80%80%80", "%ff", "%ed%a0%80", "..;", "%2f%2f", "C:%5c", "file:", "~root", "%",
)  # fmt: skip


def paths():
    """Paths that want to leave their place, in every place of an address."""
    inside = ("etc/passwd", "contexta.toml")
    for up in _UP:
        for shape in (
            "/{up}/{in0}", "/static/{up}/{up}/{in0}", "/static/{up}{in1}", "/ui/{up}/{in0}",
            "/runs/{up}", "/runs/{up}/lineage", "/artifacts/{up}", "/artifacts/{up}/download",
            "/ui/runs/{up}", "/ui/projects/{up}", "/live/{up}", "/ui/deployments/{up}/{up}",
        ):  # fmt: skip
            target = shape.format(up=up, in0=inside[0], in1=inside[1])
            yield target, request(target), {400, 404}
    for target in (
        "/static/base.html.jinja", "/static/../templates/base.html.jinja", "/static/",
        "/static/vendor/", "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/app.py",
        "/static/charts.js%00.css", "/static/.charts.js", "/static/CHARTS.JS/..", "/.git/config",
        "/.env", "/server-status", "/docs", "/redoc", "/debug", "/static/vendor/../../app.py",
    ):  # fmt: skip
        yield target, request(target), {400, 404}
    for ref in ("..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "artifact:..%2f..", "artifact:a.b.c"):
        yield ref, request(f"/artifacts/{ref}/download"), {400, 404}
    real = artifact_of(0)
    for member in ("../../etc/passwd", "/etc/passwd", "..", ".", "a\0b", "C:\\x", "\r\nX: y"):
        target = f"/artifacts/{real}/download?member={quote(member)}"
        yield target, request(target), {400, 404}


def questions():
    """Values of parameters that want to be code, or to cost more than an answer."""
    sql = ("1; DROP TABLE runs--", "' OR '1'='1", "(SELECT 1)", "name COLLATE x", "1/0", "rowid",
           "name; ATTACH 'x'", "/**/", "json_extract(x,'$')", "load_extension('x')")  # fmt: skip
    for value in sql:
        given = quote(value)
        for name in ("sort", "limit", "offset", "after", "where"):
            target = f"/runs?{name}={given}"
            yield target, request(target), {400}
        yield f"page where {value}", request(f"/ui/runs?where={given}"), {400}
        yield f"desc {value}", request(f"/runs?desc={given}"), {200, 400}
    huge = ("9" * 400, "-1", "1e9", "0x10", "1_000", "٣", "NaN", "inf", "9" * 5000, "--1")
    for value in huge:
        for name in ("limit", "offset"):
            target = f"/runs?{name}={quote(value)}"
            yield target[:60], request(target), {400}
        target = f"/runs/hostile.bad-00/lineage?depth={quote(value)}"
        yield f"depth {value[:9]}", request(target), {400}
    for where in (
        "(" * 4000 + ")" * 4000, "not " * 3000 + "true", "a==1 and " * 1000 + "a==1",
        'name ~ "(a+)+$"', 'name matches "(a|a)*b"', "__import__('os').system('id')",
        "().__class__.__bases__", "tags.__class__ == 1", "-" * 9000 + "1", '"' * 5000, "a" * 12000,
        "metric.loss < 1e999", "params.lr == " + "9" * 5000, "name == '" + "%" * 3000 + "'",
        "[" * 3000, "name in (" + "1," * 3000 + "1)", "\\u0000", "name == '\0'", "1 if 1 else 2",
        "lambda: 1", "{{7*7}}", "{% for x in y %}", "status == completed; runs",
    ):  # fmt: skip
        yield f"where {where[:20]}", request(f"/runs?where={quote(where)}"), {200, 400, 414}
    for name in ("where", "q", "metric", "project", "tag", "cursor", "columns"):
        yield f"no text in {name}", request(f"/runs?{name}=%ff%fe"), {400}
        yield f"surrogate in {name}", request(f"/runs?{name}=%ed%a0%80"), {400}
    yield "many parameters", request("/runs?" + "&".join(f"a{n}=1" for n in range(2000))), {400}
    yield "regex", request("/search/runs?q=" + quote("(a+)+" * 800)), {200, 400}
    pattern = quote("a" * 5000 + "!")
    yield "long search", request(f"/search/runs?q={pattern}"), {200, 400}
    runs = ",".join(["hostile.bad-00"] * 600)
    yield "many runs", request(f"/compare/multi?run_ids={runs}"), {200, 400}


def reflections():
    """Data of requests that comes back, in heads and in bodies; also what would lead elsewhere."""
    for target in (
        "//evil.example/..", "//evil.example", "///evil.example", "/\\evil.example",
        "/%5cevil.example", "/%2f%2fevil.example", "/?token=x&next=//evil.example",
        "/ui/runs/%0d%0aSet-Cookie:%20a=b", "/%0d%0aLocation:%20http://evil.example",
    ):  # fmt: skip
        yield target, request(target), {400, 404, 307}
    for text in TEXTS:
        given = quote(text, safe="", errors="surrogatepass")[:6000]
        yield f"page {given[:30]}", request(f"/ui/{given}", "Accept: text/html"), {400, 404}
        yield f"found {given[:30]}", request(f"/search/runs?q={given}"), {200, 400}
        yield f"run {given[:30]}", request(f"/ui/runs/{given}"), {200, 400, 404}


def smuggled():
    """Requests that two readers would cut in two places."""
    post = "POST /runs HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n"
    get = "GET /runs HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n"
    hidden = "GET /second-one HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n"
    chunked = "Transfer-Encoding: chunked\r\n"
    cases = {
        "CL and TE": f"{post}Content-Length: 6\r\n{chunked}\r\n0\r\n\r\nX",
        "CL and TE of a GET": f"{get}Content-Length: 4\r\n{chunked}\r\n0\r\n\r\n{hidden}",
        "two lengths": f"{get}Content-Length: 0\r\nContent-Length: 44\r\n\r\n{hidden}",
        "length list": f"{get}Content-Length: 0, 44\r\n\r\n{hidden}",
        "length sign": f"{get}Content-Length: +0\r\n\r\n{hidden}",
        "length -1": f"{get}Content-Length: -1\r\n\r\n{hidden}",
        "TE twice": f"{get}{chunked}{chunked}\r\n0\r\n\r\n{hidden}",
        "TE other": f"{get}Transfer-Encoding: xchunked\r\n\r\n{hidden}",
        "TE blank": f"{get}Transfer-Encoding : chunked\r\n\r\n{hidden}",
        "TE identity": f"{get}Transfer-Encoding: identity, chunked\r\n\r\n{hidden}",
        "fold": f"{get}X-A: b\r\n Host: evil.example\r\n\r\n",
        "fold first": f"GET /runs HTTP/1.1\r\n Host: evil.example\r\n{post[20:]}\r\n",
        "no name": f"{get}: x\r\n\r\n",
        "blank in name": f"{get}X A: x\r\n\r\n",
        "NUL in value": f"{get}X-A: a\0b\r\n\r\n",
        "CR in value": f"{get}X-A: a\rHost: evil.example\r\n\r\n",
        "two spaces": "GET  /runs HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
        "tab": "GET\t/runs\tHTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
        "0.9": "GET /runs\r\n\r\n",
        "2.0": "GET /runs HTTP/2.0\r\nHost: 127.0.0.1:PORT\r\n\r\n",
        "h2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "tls": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "chunk size": f"{get}{chunked}\r\nFFFFFFFFFFFFFFFFFF\r\n",
        "chunk sign": f"{get}{chunked}\r\n-1\r\n{hidden}",
        "bad line": "\0\r\n\r\n",
    }
    for name, text in cases.items():
        yield name, text.encode("latin-1"), None


def oversized():
    """Requests that are too long."""
    yield "long target", request("/runs?q=" + "a" * 20_000), {414}
    yield "very long target", request("/" + "a" * 200_000), {400, 414, 431}
    yield "1000 headers", request("/runs", *(f"X-{n}: {n}" for n in range(1000))), {200, 431}
    yield "5000 headers", request("/runs", *(f"X-{n}: {n}" for n in range(5000))), {400, 431}
    yield "long header", request("/runs", "X: " + "a" * 40_000), {400, 431}
    yield "long cookie", request("/runs", "Cookie: " + "a=b; " * 8000), {400, 431}
    yield "many parts", request("/a" * 4000), {404}
    yield "endless line", b"GET /" + b"a" * 300_000, None
    yield "if-none-match", request("/runs", "If-None-Match: " + '"a",' * 6000), {200, 431}
    yield "range", request("/runs", "Range: bytes=" + ",".join(f"{n}-" for n in range(900))), {200}
    yield "encodings", request("/runs", "Accept-Encoding: " + "gzip;q=0," * 2000), {200}
