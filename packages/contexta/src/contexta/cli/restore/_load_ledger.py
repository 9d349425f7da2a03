"""``contexta restore load-ledger``: put a restored ledger on a server."""

import click

from contexta.cli._confirm import require_document
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted


@click.command("load-ledger")
@click.option("--ledger", metavar="PATH", help="The file.  Default: that of the workspace.")
@global_options
@click.pass_obj
def load_ledger(state: State, ledger: str | None) -> None:
    """Load a restored ledger into the empty schema of the configured server.

    A restore leaves the ledger as a file in the workspace. A schema that holds rows is refused.
    """
    require_document(state)
    from contexta.recovery import load_server_ledger

    result = load_server_ledger(state.config, ledger=ledger)
    rows = dict(dict(result.details or {}).get("rows", {}))
    show(
        state,
        result,
        lambda: [
            f"Loaded {counted(sum(rows.values()), 'row')}",
            *(f"  {count:,} {printable(table)}" for table, count in sorted(rows.items())),
        ],
    )
