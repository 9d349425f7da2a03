"""A killed process loses nothing that it was told is kept."""

import random
import subprocess
import sys
import time
from pathlib import Path

from contexta import Contexta
from contexta.store.records import IntegrityState, ReplayMode, ScanFilter

TRAINER = Path(__file__).with_name("trainer.py")


def value_of(index: int) -> float:
    """Return what the trainer logs at an index; an unknown value was invented."""
    return index * 0.5 + 0.125


def kill_once(workspace: Path, name: str, rng: random.Random) -> tuple[bool, int]:
    """Start a trainer, kill it at a random instant; return (opened, acknowledged points)."""
    acknowledged = workspace.with_name(f"{name}.acknowledged")
    with acknowledged.open("wb") as out:
        process = subprocess.Popen([sys.executable, str(TRAINER), str(workspace), name], stdout=out)
    # Most kills land in the loop, some during start-up and opening.
    if rng.random() < 0.75:
        while acknowledged.stat().st_size == 0 and process.poll() is None:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.2))
    else:
        time.sleep(rng.uniform(0, 0.6))
    process.kill()
    assert process.wait() == -9
    lines = acknowledged.read_bytes().split(b"\n")[:-1]
    return bool(lines), max(len(lines) - 1, 0)


def values_of(ctx: Contexta, run_ref: str) -> list[float]:
    stored = ctx.record_store.scan(ScanFilter(run_ref=run_ref, record_type="metric"))
    return [item.record.payload.value for item in stored]


def test_sigkill_loses_duplicates_and_invents_nothing(tmp_path, kills):
    """Each acknowledged point is read back once, and the run shows as interrupted."""
    rng = random.Random(20260101)
    workspace = tmp_path / ".contexta"
    lost = duplicated = invented = not_interrupted = points = opened_runs = 0
    for round_ in range(kills):
        opened, acknowledged = kill_once(workspace, f"round-{round_}", rng)
        with Contexta(workspace=workspace, config={"project_name": "crash"}) as ctx:
            ctx.metadata_store  # noqa: B018 - a writable open settles what the dead left
            runs = {run.name: run for run in ctx.list_runs("crash")} if opened else {}
            if not opened:
                continue
            run = runs[f"round-{round_}"]
            values = values_of(ctx, run.run_id)
        opened_runs += 1
        points += acknowledged
        expected = {value_of(index) for index in range(acknowledged)}
        issued = expected | {value_of(acknowledged)}
        lost += len(expected - set(values))
        duplicated += len(values) - len(set(values))
        invented += len(set(values) - issued)
        not_interrupted += run.status != "interrupted"
    print(
        f"kills={kills} opened={opened_runs} acknowledged={points} lost={lost}"
        f" duplicated={duplicated} invented={invented} not_interrupted={not_interrupted}"
    )
    with Contexta(workspace=workspace) as ctx:
        report = ctx.record_store.check_integrity()
        degraded = ctx.record_store.replay(
            ScanFilter(record_type="degraded"), mode=ReplayMode.TOLERANT
        )

    assert (0, 0, 0, 0) == (lost, duplicated, invented, not_interrupted)
    assert () == report.issues
    assert IntegrityState.HEALTHY is report.state
    assert degraded.record_count >= opened_runs
