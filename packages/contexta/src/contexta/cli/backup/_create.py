"""``contexta backup create``: a verified copy of the workspace, while it is in use."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from contexta.cli._confirm import require_document
from contexta.cli._draw import size
from contexta.cli._following import following
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.backup._refs import key_option, outcome_lines
from contexta.contract.errors import ConflictError

_SUFFIXES = (".tar", ".zip")


@click.command("create")
@click.option("--label", metavar="TEXT", help="The readable part of its name.")
@click.option(
    "--output",
    metavar="PATH",
    help="Write one .tar file there instead of a folder among the other backups.",
)
@click.option("--archive", is_flag=True, help="One .tar file among the other backups.")
@click.option("--include-cache", is_flag=True, help="Also the cache.")
@click.option("--include-exports", is_flag=True, help="Also exports.")
@key_option
@global_options
@click.pass_obj
def create(
    state: State,
    label: str | None,
    output: str | None,
    archive: bool,
    include_cache: bool,
    include_exports: bool,
    key_file: str | None,
) -> None:
    """Back up the workspace.

    Runs may be written meanwhile: what was stored before the call is in the backup. Every byte
    is read back before the backup gets its name. Content that an earlier backup holds takes no
    space again.
    """
    require_document(state)
    from contexta.recovery import create_workspace_backup, plan_workspace_backup

    ctx = state.open()  # opens no plane: a damaged one is backed up as it is
    config: Any = ctx.config
    if output is not None:
        config = _config_for(config, Path(output))
    plan = plan_workspace_backup(
        config,
        label=label,
        include_cache=include_cache,
        include_exports=include_exports,
        form="archive" if archive or output is not None else "directory",
    )
    if output is not None:
        plan = replace(plan, backup_ref=_free_name(Path(output)))
    with following(state, "backup") as tell:
        result = create_workspace_backup(config, plan, key_file=key_file, progress=tell)
    facts = result.to_dict() | {
        "backup_path": str(result.location),
        "label": label,
        "workspace": ctx.workspace,
    }
    show(state, facts, lambda: _lines(result))


def _config_for(config: Any, output: Path) -> Any:
    from contexta.config import replace_unified_config

    return replace_unified_config(
        config, {"recovery": {"backup_root": str(output.absolute().parent)}}
    )


def _free_name(output: Path) -> str:
    """Return the name without the suffix of an archive; a point in it stays."""
    name = output.name[: -len(output.suffix)] if output.suffix in _SUFFIXES else output.name
    path = output.absolute().with_name(f"{name}.tar")
    if path.exists():
        raise ConflictError(
            f"{path} exists already, and a backup replaces nothing; choose another --output",
            code="backup_output_exists",
            details={"path": str(path)},
        )
    return name


def _lines(result: Any) -> list[str]:
    counts = dict(result.details or {}).get("counts", {})
    held = ", ".join(
        counted(counts[f"{one}s"], one)
        for one in ("run", "record", "artifact")
        if f"{one}s" in counts
    )
    whole = (result.details or {}).get("total_bytes", 0)
    return [
        f"Backup {printable(result.backup_ref)}: {held}",
        f"  {size(whole)} of files, {size(result.bytes_written)} written, every byte read back",
        f"  {printable(result.location)}",
        *(
            ["The workspace is damaged or incomplete, and so is the backup:"]
            if result.status == "DEGRADED"
            else []
        ),
        *outcome_lines(result),
    ]
