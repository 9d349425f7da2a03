"""``contexta demo``: write an invented workspace to look around in."""

import shlex
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from contexta.cli._confirm import require_document
from contexta.cli._group import global_options
from contexta.cli._output import show_json, show_lines
from contexta.cli._progress import progress
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.contract.errors import ConflictError, ValidationError

_DEFAULT = "contexta-demo/.contexta"


@click.command("demo")
@click.option(
    "--runs",
    type=click.IntRange(14, 10_000),
    default=24,
    show_default=True,
    metavar="N",
    help="How many runs.",
)
@click.option(
    "--seed", type=int, default=7, show_default=True, metavar="N", help="Another seed, other data."
)
@click.option(
    "--until",
    metavar="TIME",
    help="When the story ends, in ISO 8601 with a zone. Default: now.",
)
@global_options
@click.pass_obj
def demo(state: State, runs: int, seed: int, until: str | None) -> None:
    """Write a small, invented workspace to look around in.

    Two projects over some weeks: a classifier that is trained every night and got worse, and a
    forecast. Without --workspace it goes to ./contexta-demo; an existing folder is refused.
    """
    require_document(state)
    target = Path(state.workspace if state.workspace is not None else _DEFAULT)
    end = _instant(until)
    with progress(state, "demo", total=runs, unit="runs") as bar:
        facts = write_demo(
            target, runs=runs, seed=seed, until=end, tick=lambda done: bar.update(done, runs)
        )
    if state.wants_json:
        show_json(facts)
    else:
        show_lines([] if state.quiet else _next_steps(facts))


def write_demo(
    target: Path,
    *,
    runs: int,
    seed: int,
    until: datetime,
    tick: Callable[[int], None] = lambda _done: None,
) -> dict[str, Any]:
    """Write the demo, whole or not at all, and return what is in it.

    Args:
        target: folder of the workspace; it must not exist, or be empty.
        runs: number of runs, at least 14.
        seed: same seed and end, same data.
        until: every run ends before this; with a zone.
        tick: hears how many runs are written.

    Raises:
        ConflictError: `demo_target_exists`.
        StoreError: it cannot be written.
    """
    from contexta.cli.demo._forecast import forecast_runs
    from contexta.cli.demo._vision import Vision
    from contexta.store.fs import (
        ensure_private_dir,
        fsync_dir,
        temporary_name,
        translated_os_errors,
    )

    target = target.absolute()
    _require_free(target)
    until = until.astimezone(UTC)
    fits = max(4, (runs - 2) // 3)
    vision = Vision(seed, runs - 2 - fits, until)
    plans = sorted([*vision.runs(), *forecast_runs(seed, fits, until)], key=lambda one: one.started)
    ensure_private_dir(target.parent)
    scratch = target.parent / temporary_name()
    try:
        _write(scratch, plans, vision, tick)
        with translated_os_errors("move the demo to", target):
            # A folder may be renamed onto an empty one, and onto no other.
            scratch.rename(target)
            fsync_dir(target.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return {
        "workspace": str(target),
        "projects": ["forecast", "vision"],
        "runs": len(plans),
        "points": sum(len(series.values) for plan in plans for series in plan.series),
        "deployments": [f"deployment:vision.{one.name}" for one in vision.deployments()],
        "first_bad_run": f"run:{vision.trainings[vision.worse_from].value}",
        "seed": seed,
    }


def _require_free(target: Path) -> None:
    from contexta.store.fs import translated_os_errors

    with translated_os_errors("look at", target):
        taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if taken:
        raise ConflictError(
            f"{target} exists already, and a demo is not mixed with what is there; "
            "name a new folder with --workspace PATH",
            code="demo_target_exists",
            details={"workspace": str(target)},
        )


def _write(root: Path, plans: list[Any], vision: Any, tick: Callable[[int], None]) -> None:
    from contexta.cli.demo._write import write_deployments, write_projects, write_runs
    from contexta.client import Contexta
    from contexta.config import load_config

    projects = {
        "vision": "Which product is on this photo?",
        "forecast": "How much of it is sold next week?",
    }
    # No variable and no file has a say: one that names a ledger elsewhere must not get the demo.
    config = load_config(
        workspace=root,
        project_name="vision",
        # What a power cut takes from a demo can be written again.
        config={"records": {"durability_mode": "flush"}},
        use_env=False,
    )
    with Contexta(config=config) as ctx:
        write_projects(ctx, projects, plans[0].started)
        write_runs(ctx, plans, tick)
        write_deployments(ctx, vision.deployments())
        ctx.flush(seal=True)


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValidationError(
            f"--until takes an instant with a zone such as 2026-03-01T12:00:00Z, not {text!r}",
            code="demo_invalid_until",
            details={"until": text},
        )
    return moment


def _next_steps(facts: dict[str, Any]) -> list[str]:
    workspace = Path(facts["workspace"])
    where = f"cd {shlex.quote(printable(workspace.parent))}"
    if workspace.name != ".contexta":
        where = f"export CONTEXTA_WORKSPACE={shlex.quote(printable(workspace))}"
    wrote = f"Wrote {facts['runs']} runs, {facts['points']:,} points, to {printable(workspace)}"
    return [
        wrote,
        "",
        "Look around:",
        f"  {where}",
        "  contexta runs --project vision",
        "  contexta run show night-01",
        "  contexta compare night-01 night-02",
        "  contexta bisect accuracy --project vision",
        "  contexta lineage deployment:vision.photo-search-2 --direction upstream",
        "  contexta ui",
    ]
