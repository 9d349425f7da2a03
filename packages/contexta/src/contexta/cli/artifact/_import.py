"""``contexta artifact import``: take the artifact of a package."""

import click

from contexta.cli._confirm import require_document
from contexta.cli._draw import size
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable


@click.command("import")
@click.argument("package", metavar="PACKAGE")
@click.option(
    "--on-conflict",
    type=click.Choice(["error", "skip", "replace"]),
    default="error",
    show_default=True,
    help="What to do when its ref has other bytes here.",
)
@global_options
@click.pass_obj
def import_(state: State, package: str, on_conflict: str) -> None:
    """Take the artifact of a package that `contexta artifact export` wrote.

    A package is taken for hostile: everything in it is checked before a byte is stored. With
    `--on-conflict replace` the old bytes go to quarantine.
    """
    require_document(state)
    ctx = state.open(write=True)
    receipt = ctx.artifact_store.import_export_package(package, conflict_policy=on_conflict)
    quarantine = None if receipt.quarantine_path is None else str(receipt.quarantine_path)
    result = {
        "artifact_ref": receipt.artifact_ref,
        "outcome": receipt.outcome.value,
        "bytes_written": receipt.bytes_written,
        "mapping_loss_report": dict(receipt.mapping_loss_report or {}),
        "quarantine_path": quarantine,
    }
    words = {"idempotent": "was there already", "skipped": "was left as it is"}
    done = words.get(receipt.outcome.value, receipt.outcome.value)
    show(
        state,
        result,
        lambda: [
            f"{printable(receipt.artifact_ref)} {done} ({size(receipt.bytes_written)} written)"
        ],
    )
