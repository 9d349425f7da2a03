"""The group ``contexta artifact``."""

import click

from contexta.cli._group import CONTEXT, LazyGroup, global_options

_REGISTER = "artifact._register:register"


@click.group(
    "artifact",
    cls=LazyGroup,
    context_settings=CONTEXT,
    lazy={
        "export": ("artifact._export:export", "Write an artifact as a package."),
        "gc": ("artifact._gc:gc", "Free the bytes that no artifact needs."),
        "get": ("artifact._get:get", "Copy an artifact out of the workspace."),
        "import": ("artifact._import:import_", "Take the artifact of a package."),
        "list": ("artifact._list:list_", "List artifacts."),
        "put": (_REGISTER, "Store a file or folder as an artifact of a run."),
        "register": (_REGISTER, "Store a file or folder as an artifact of a run."),
        "show": ("artifact._show:show_", "Show one artifact."),
        "verify": ("artifact._verify:verify", "Read every byte of artifacts."),
    },
)
@global_options
def artifact() -> None:
    """Files and folders of runs."""
