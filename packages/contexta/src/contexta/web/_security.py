"""What a request must be before anything of it is looked at, and what each answer carries.

The server listens on a port that every web page in the user's browser can reach. So a request
counts only if it names this machine (a page whose name was rebound to 127.0.0.1 does not),
if no other site sent it, and if it only reads.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from contexta.web._errors import HttpError
from contexta.web._limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
)
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_SAME_SITES = ("same-origin", "none")
_SAID_ONCE = (b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest", b"authorization")
# Where a request ends is in doubt, so nothing behind it on the same connection counts.
_CLOSE = (("connection", "close"),)
_FIRST_GRAPHIC, _DELETE = 0x21, 0x7F


class Guard:
    """Refuses what no page or client of ours sends, and seals every answer.

    Args:
        app: what answers the requests that pass.
        refuse: makes the answer of a refused request, from its scope and the error.
        token: secret that a request must carry; ``None`` asks for none.
        allowed_hosts: values of ``Host`` that are ours, lower case, with the port; ``None``
            for the loopback names with the port of the socket.
        limits: the longest request line and headers.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        refuse: Callable[[Scope, HttpError], Response],
        token: str | None = None,
        allowed_hosts: tuple[str, ...] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._token = token
        # In the cookie stands a digest: any token fits there, and none can be read back.
        self._pass = None if token is None else sha256(f"contexta:{token}".encode()).hexdigest()
        self._hosts = allowed_hosts
        self._limits = limits or Limits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other kinds of scope get none."""
        if scope["type"] != "http":
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_ours(message.get("headers", []))
            await send(message)

        try:
            _check_method(scope)
            self._check_size(scope)
            _check_said_once(scope)
            _take_origin_form(scope)
            host = self._check_host(scope)
            _check_sender(scope, host)
            entrance = self._check_token(scope, host)
        except HttpError as error:
            await self._refuse(scope, error)(scope, receive, sealed)
            return
        await (self._app if entrance is None else entrance)(scope, receive, sealed)

    def _check_size(self, scope: Scope) -> None:
        target = len(scope["raw_path"]) + len(scope["query_string"])
        if target > self._limits.target_bytes:
            raise HttpError(
                f"the address has {target} bytes; at most {self._limits.target_bytes} are read",
                status=414,
                code="http_target_too_long",
            )
        headers = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
        if headers > self._limits.header_bytes:
            raise HttpError(
                f"the headers have {headers} bytes; at most {self._limits.header_bytes} are read",
                status=431,
                code="http_headers_too_long",
            )

    def _check_host(self, scope: Scope) -> str:
        given = [value for name, value in scope["headers"] if name == b"host"]
        host = given[0].decode("latin-1").lower() if len(given) == 1 else ""
        authority = scope.get("contexta.authority", host)
        allowed = self._hosts if self._hosts is not None else _loopback_hosts(scope)
        if self._token is not None and self._hosts is None:
            # Behind a token any name is fine: another site has no cookie for its own name.
            allowed = (host,) if _is_authority(host) else ()
        if host not in allowed or authority != host:
            raise HttpError(
                "the Host of this request is not this server: open it by the address it printed; "
                "through a tunnel keep its port, or start it with a token",
                status=421,
                code="http_host_refused",
            )
        return host

    def _check_token(self, scope: Scope, host: str) -> Response | None:
        """Return the answer that lets a browser in, or ``None`` when it may go on.

        The files of the pages hold nothing of the workspace; they draw the page that says that
        a token is missing.
        """
        if self._token is None or scope["raw_path"].startswith(b"/static/"):
            return None
        name = _cookie_name(scope)
        headers = {key: value.decode("latin-1") for key, value in scope["headers"]}
        kind, _, bearer = headers.get(b"authorization", "").partition(" ")
        if kind.lower() == "bearer" and _same(bearer.strip(), self._token):
            return None
        if self._pass is not None and _same(_cookie(headers.get(b"cookie", ""), name), self._pass):
            return None
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if any(key == "token" and _same(value, self._token) for key, value in pairs):
            return self._entrance(scope, name, pairs)
        raise HttpError(
            "this server asks for its token; open the address that it printed at its start, "
            "or send the header Authorization: Bearer",
            status=401,
            code="http_token_required",
            headers=(("www-authenticate", 'Bearer realm="contexta"'),),
        )

    def _entrance(self, scope: Scope, name: str, pairs: list[tuple[str, str]]) -> Response:
        rest = urlencode([(key, value) for key, value in pairs if key != "token"])
        # One slash at the front: two would name another host.
        path = "/" + scope["raw_path"].decode("latin-1").lstrip("/\\")
        target = f"{path}?{rest}" if rest else path
        cookie = f"{name}={self._pass}; HttpOnly; SameSite=Strict; Path=/"
        return Response(
            status_code=303,
            headers={"location": target, "set-cookie": cookie, "cache-control": "no-store"},
        )


def _same(given: str, wanted: str) -> bool:
    """Compare in a time that tells nothing about where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _check_method(scope: Scope) -> None:
    if scope["method"] not in ("GET", "HEAD"):
        raise HttpError(
            f"{scope['method'][:20]} is not served: this server only reads",
            status=405,
            code="http_method_not_allowed",
            headers=(("allow", "GET, HEAD"),),
        )


def _check_said_once(scope: Scope) -> None:
    """Refuse a head that two readers would understand in two ways."""
    names = [name for name, _ in scope["headers"]]
    twice = [name for name in _SAID_ONCE if names.count(name) > 1]
    if twice:
        raise HttpError(f"the header {twice[0].decode()} stands more than once", headers=_CLOSE)
    if b"content-length" in names and b"transfer-encoding" in names:
        raise HttpError("a request has one length, not two", headers=_CLOSE)


def _take_origin_form(scope: Scope) -> None:
    """Turn ``GET http://host/path`` into a path and the host that it names."""
    raw: bytes = scope["raw_path"]
    if any(byte < _FIRST_GRAPHIC or byte >= _DELETE for byte in raw):
        raise HttpError("the address has bytes that must be percent-encoded")
    if raw.startswith(b"/"):
        return
    scheme, _, rest = raw.partition(b"://")
    authority, slash, path = rest.partition(b"/")
    if scheme.lower() != b"http" or not authority:
        raise HttpError("the address of a request starts with a slash")
    scope["contexta.authority"] = authority.decode("latin-1").lower()
    scope["raw_path"] = slash + path or b"/"


def _loopback_hosts(scope: Scope) -> tuple[str, ...]:
    server = scope.get("server")
    port = server[1] if server else None
    bare = _LOOPBACK if port == 80 else ()
    return (*(f"{name}:{port}" for name in _LOOPBACK), *bare)


def _is_authority(host: str) -> bool:
    return bool(host) and all(sign.isalnum() or sign in ".-:[]_" for sign in host)


def _check_sender(scope: Scope, host: str) -> None:
    """Refuse what another site caused: its script, its form, its image, its link to data."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    site = headers.get(b"sec-fetch-site")
    # A link from elsewhere, a bookmark shown in another tab: opening a page is no attack.
    opens_page = (
        headers.get(b"sec-fetch-mode") == "navigate"
        and headers.get(b"sec-fetch-dest") == "document"
        and site != "cross-site"
    )
    if site is not None and site not in _SAME_SITES and not opens_page:
        raise _foreign(f"Sec-Fetch-Site: {site[:20]}")
    origin = headers.get(b"origin")
    if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
        raise _foreign("its Origin")


def _foreign(why: str) -> HttpError:
    return HttpError(
        f"another site sent this request ({why}); open the page by typing its address",
        status=403,
        code="http_cross_site_refused",
    )


def _cookie_name(scope: Scope) -> str:
    # Cookies know no ports: two servers of one machine need two names.
    server = scope.get("server")
    return f"contexta_{server[1] if server else 0}"


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _with_ours(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    missing = [(k.encode(), v.encode()) for k, v in HEADERS if k.encode() not in present]
    return [*headers, *missing]
