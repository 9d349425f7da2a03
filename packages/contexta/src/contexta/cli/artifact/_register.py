"""``contexta artifact register``: store a file or folder as an artifact of a run."""

from pathlib import Path
from typing import Any

import click

from contexta.cli._confirm import require_document
from contexta.cli._draw import facts, size
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli.artifact._refs import run_ref, stage_ref

_PRODUCER = "cli.artifact-register"
_KEPT = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@click.command("register")
@click.argument("artifact_kind", metavar="KIND")
@click.argument("source_path", metavar="PATH")
@click.option("--run", "run_id", metavar="RUN", required=True, help="The run that it comes from.")
@click.option("--stage", metavar="STAGE", help="The stage that it comes from: its name or ref.")
@click.option(
    "--artifact-ref", "ref", metavar="REF", help="Default: the run and the name of the file."
)
@click.option(
    "--mode",
    type=click.Choice(["copy", "move", "adopt"]),
    default="copy",
    show_default=True,
    help="What happens to the source.",
)
@global_options
@click.pass_obj
def register(
    state: State,
    artifact_kind: str,
    source_path: str,
    run_id: str,
    stage: str | None,
    ref: str | None,
    mode: str,
) -> None:
    """Store a file or folder as an artifact of a run.

    KIND is a word such as model_bundle or dataset_snapshot. Equal bytes are stored once.
    """
    require_document(state)
    from contexta.contract import ArtifactManifest
    from contexta.contract.errors import ValidationError
    from contexta.contract.time import iso_utc_now

    source = Path(source_path)
    if not source.exists():
        raise ValidationError(
            f"there is no file or folder {source_path!r}",
            code="artifact_store_missing_source",
            details={"source": source_path},
        )
    ctx = state.open(write=True)
    run = run_ref(ctx, run_id)
    if not ctx.metadata_store.runs.exists_run(run):
        state.warn(f"{run} is not in the ledger; the artifact is stored, but no list shows it")
    manifest = ArtifactManifest(
        artifact_ref=ref or _default_ref(run, source),
        artifact_kind=artifact_kind,
        created_at=iso_utc_now(),
        producer_ref=_PRODUCER,
        run_ref=run,
        location_ref=source.name,
        stage_execution_ref=stage_ref(stage, run),
    )
    receipt = ctx.artifact_store.put_artifact(manifest, source, mode=mode)
    result = {
        "binding": receipt.binding.to_dict(),
        "bytes_written": receipt.bytes_written,
        "path": str(receipt.path),
    }
    show(state, result, lambda: _lines(receipt, state))


def _default_ref(run: str, source: Path) -> str:
    """Return the ref of a file that has no other: its run and the name without suffix."""
    name = source.stem.lower().replace("_", "-").replace(" ", "-")
    kept = "".join(letter for letter in name if letter in _KEPT)
    parts = [part for part in kept.split("-") if part]
    return f"artifact:{run.partition(':')[2]}.{'-'.join(parts) or 'artifact'}"


def _lines(receipt: Any, state: State) -> list[str]:
    written = size(receipt.bytes_written) if receipt.bytes_written else "nothing: it is there"
    pairs = [
        ("Artifact", receipt.binding.artifact_ref),
        ("Kind", receipt.binding.artifact_kind),
        ("Size", size(receipt.binding.size_bytes)),
        ("Written", written),
        ("SHA-256", receipt.binding.hash_value),
        ("Path", receipt.path),
    ]
    return facts(pairs, state.pen)
