"""``contexta serve http``: the pages and JSON routes of a workspace, until interrupted."""

import sys
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._group import CONTEXT
from contexta.cli._options import global_options
from contexta.cli._output import show_json
from contexta.cli._state import State
from contexta.cli._text import printable

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web import Server

_PORT = 8080
_SHORTEST_TOKEN = 16
_KEY = "surfaces.http."


@click.group("serve", context_settings=CONTEXT)
@global_options
def serve() -> None:
    """Show a workspace in the browser."""


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of where to listen, and to whom."""
    options = (
        click.option(
            "--host",
            metavar="ADDRESS",
            help="Address to bind; 127.0.0.1, this machine only, unless the settings name another.",
        ),
        click.option(
            "--port",
            type=click.IntRange(0, 65535),
            metavar="N",
            help=f"TCP port; 0 takes a free one.  {_PORT} unless the settings name another.",
        ),
        click.option(
            "--token",
            metavar="SECRET",
            help="Ask every visitor for this; `new` makes one.  Other addresses than loopback "
            "always have one.",
        ),
        click.option(
            "--token-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help="The same from a file, so that it is not in the list of processes.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@serve.command("http")
@server_options
@click.option("--open", "opens", is_flag=True, help="Open the start page in the browser.")
@click.option("--access-log", is_flag=True, help="Write a line to stderr for each request.")
@global_options
@click.pass_obj
def http(
    state: State,
    host: str | None,
    port: int | None,
    token: str | None,
    token_file: Path | None,
    opens: bool,
    access_log: bool,
) -> None:
    """Serve pages and JSON until interrupted with Ctrl+C.

    Only reads: training goes on beside it.  /openapi.json describes the JSON routes.

    \b
    contexta serve http
    contexta serve http --port 0 --format json
    contexta serve http --host 0.0.0.0 --token new
    """  # noqa: D301  # click looks for the backspace
    if access_log or state.debug:
        _log_requests()
    opens = opens or state.config.surfaces.http.open_browser
    run_server(state, host, port, secret_of(token, token_file), opens=opens)


def run_server(
    state: State,
    host: str | None,
    port: int | None,
    token: str | None,
    *,
    opens: bool,
    any_port: bool = False,
) -> None:
    """Bind, say where, and serve until interrupted.

    Args:
        state: the workspace and its settings.
        host: address, else that of the settings.
        port: port, else that of the settings, else 8080.
        token: secret to ask for.
        opens: open the start page.
        any_port: take a free port where the one of the settings is in use.

    Raises:
        SurfaceError: `http_port_in_use`, `http_bind_failed`.
    """
    settings = state.config.surfaces.http
    ctx = state.open()
    address = settings.host if host is None else host
    chosen = (settings.port if _was_set(state, "port") else _PORT) if port is None else port
    with _bound(ctx, address, chosen, token, any_port=any_port and port is None) as server:
        _announce(state, server)
        if opens:
            _open_soon(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            state.say("stopped")


def _bound(ctx: "Contexta", host: str, port: int, token: str | None, *, any_port: bool) -> "Server":
    from contexta.contract.errors import SurfaceError
    from contexta.web import make_server

    try:
        return make_server(ctx, host, port, token=token)
    except SurfaceError as error:
        if not any_port or error.code != "http_port_in_use":
            raise
    return make_server(ctx, host, 0, token=token)


def _log_requests() -> None:
    import logging

    log = logging.getLogger("contexta.web")
    log.setLevel(logging.DEBUG)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.propagate = False


def secret_of(token: str | None, token_file: Path | None) -> str | None:
    """Return the secret that was given, or a new one where `new` was.

    Raises:
        UsageError: it is too short to be one.
    """
    if token_file is not None:
        token = token_file.read_bytes()[:4096].decode("ascii", "replace").strip()
    if token is None:
        return None
    if token == "new":  # noqa: S105  # the word that asks for a secret
        import secrets

        return secrets.token_urlsafe(24)
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        raise click.UsageError(
            f"the token must be at least {_SHORTEST_TOKEN} printable ASCII characters; "
            "--token new makes one"
        )
    return token


def _announce(state: State, server: "Server") -> None:
    host, port = server.server_address
    workspace = str(state.config.workspace.root_path)
    if state.wants_json:
        facts = {"host": host, "port": port, "url": server.url, "workspace": workspace}
        show_json(facts | {"token": server.token})
    elif not state.quiet:
        click.echo(f"serving {printable(workspace)} at {server.url} (Ctrl+C stops)")
    # A pipe must get the line now: whoever started this waits for the port in it.
    sys.stdout.flush()
    if not ip_address(host.partition("%")[0]).is_loopback:
        state.warn(
            f"other machines can reach {host}: whoever has the token reads everything, and "
            "nothing is encrypted on its way; put TLS in front, or use a tunnel"
        )


def _open_soon(url: str) -> None:
    import threading
    import webbrowser

    # The socket is bound, so the browser may knock before anybody answers.
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _was_set(state: State, name: str) -> bool:
    """Whether somebody chose a setting, by file, variable or option."""
    from contexta.config import config_provenance

    source = config_provenance(state.config).get(_KEY + name)
    return source is not None and source.kind not in ("default", "derived", "profile")
