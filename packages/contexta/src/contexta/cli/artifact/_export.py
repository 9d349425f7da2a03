"""``contexta artifact export``: a package that another workspace can import."""

import click

from contexta.cli._confirm import require_document
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli.artifact._refs import artifact_ref


@click.command("export")
@click.argument("artifact", metavar="ARTIFACT")
@click.option(
    "--output", metavar="FOLDER", help="Where the package goes.  Default: the working folder."
)
@click.option("--archive", is_flag=True, help="One .tar file instead of a folder.")
@global_options
@click.pass_obj
def export(state: State, artifact: str, output: str | None, archive: bool) -> None:
    """Write an artifact as a package that `contexta artifact import` takes.

    Every byte is verified on the way. To get the file itself, use `contexta artifact get`.
    """
    require_document(state)
    ctx = state.open()
    ref = artifact_ref(ctx, artifact)
    receipt = ctx.artifact_store.export_artifact(
        ref, export_root=output if output is not None else ".", archive=archive
    )
    path = receipt.archive_path or receipt.export_directory
    result = {"artifact_ref": ref, "path": str(path), "archive": archive}
    show(state, result, lambda: [f"Exported {printable(ref)} to {printable(path)}"])
