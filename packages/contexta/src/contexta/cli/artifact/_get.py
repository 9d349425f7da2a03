"""``contexta artifact get``: the file or folder itself."""

from pathlib import Path

import click

from contexta.cli._confirm import require_document
from contexta.cli._draw import size
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli.artifact._refs import artifact_ref
from contexta.contract.errors import ValidationError


@click.command("get")
@click.argument("artifact", metavar="ARTIFACT")
@click.argument("path", metavar="[PATH]", required=False)
@global_options
@click.pass_obj
def get(state: State, artifact: str, path: str | None) -> None:
    """Copy an artifact out of the workspace, verified.

    PATH is the new file or folder, or a folder to put it into. Nothing is overwritten.
    """
    require_document(state)
    ctx = state.open()
    ref = artifact_ref(ctx, artifact)
    binding = ctx.artifact_store.get_binding(ref)
    target = ctx.artifact_store.extract_artifact(ref, _target(path, binding.source_name))
    result = {"artifact_ref": ref, "path": str(target), "size_bytes": binding.size_bytes}
    show(
        state,
        result,
        lambda: [f"Wrote {printable(target)} ({size(binding.size_bytes)}, verified)"],
    )


def _target(path: str | None, source_name: str) -> Path:
    """Return where it goes; the stored name of the file is not trusted to stay in the folder."""
    given = Path("." if path is None else path)
    if path is not None and not given.is_dir():
        return given
    if source_name in ("", ".", "..") or Path(source_name).name != source_name:
        raise ValidationError(
            f"{source_name!r} is no plain name of a file; say the new name as PATH",
            code="artifact_unsafe_name",
            details={"source_name": source_name},
        )
    return given / source_name
