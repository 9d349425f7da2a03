"""``contexta ui``: the pages of a workspace in the browser."""

from pathlib import Path

import click

from contexta.cli._options import global_options
from contexta.cli._serve import run_server, secret_of, server_options
from contexta.cli._state import State


@click.command("ui")
@server_options
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@global_options
@click.pass_obj
def ui(
    state: State,
    host: str | None,
    port: int | None,
    token: str | None,
    token_file: Path | None,
    no_browser: bool,
) -> None:
    """Open the pages of a workspace in the browser.

    Serves them until interrupted: on the port of the settings, else 8080, else on a free one.
    """
    secret = secret_of(token, token_file)
    run_server(state, host, port, secret, opens=not no_browser, any_port=True)
