"""``contexta init``: make a workspace."""

import shlex
from pathlib import Path

import click

from contexta.cli._confirm import require_document
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable


@click.command("init")
@click.argument("path", metavar="[FOLDER]", required=False)
@global_options
@click.pass_obj
def init(state: State, path: str | None) -> None:
    """Make a workspace; one that is there already is left as it is.

    FOLDER is the folder of the project, and .contexta in it the workspace. Without it, the
    workspace that the settings name. Nothing outside of it is written.
    """
    require_document(state)
    from contexta.store.workspace import WORKSPACE_FILE_NAME

    if path is not None:
        if state.workspace is not None:
            raise click.UsageError("name FOLDER or --workspace, not both")
        state.workspace = str(Path(path) / ".contexta")
    root: Path = state.config.workspace.root_path
    existed = (root / WORKSPACE_FILE_NAME).exists()
    ctx = state.open(write=True, create=True)
    # Each plane makes its own folder, so that readers find all of them before the first run.
    stores = (ctx.metadata_store, ctx.record_store, ctx.artifact_store)
    result = {
        "workspace": str(root),
        "created": not existed,
        "project_name": ctx.project_name,
        "planes": len(stores),
    }
    verb = "There is a workspace already at" if existed else "Made a workspace at"
    show(
        state,
        result,
        lambda: [
            f"{verb} {printable(root)}",
            *(
                []
                if existed
                else [
                    "",
                    "Log a run:",
                    "  from contexta import Contexta",
                    f"  with Contexta({_where(root)}) as ctx, ctx.run('train') as run:",
                    "      run.metric('loss', 0.5, step=1)",
                    "",
                    f"Look at it: contexta{_option(root)} runs",
                    f"Keep it out of git: add {printable(root.name)}/ to .gitignore",
                ]
            ),
        ],
    )


def _option(root: Path) -> str:
    """The option that names the workspace, where it would not be found from here."""
    if root == Path.cwd() / ".contexta":
        return ""
    return f" --workspace {shlex.quote(printable(root))}"


def _where(root: Path) -> str:
    here = Path.cwd() / ".contexta"
    return "" if root == here else f"workspace={printable(root)!r}"
