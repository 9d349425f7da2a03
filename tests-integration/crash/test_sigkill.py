"""A killed process loses nothing that it was told is kept."""

import importlib.util
import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path

from contexta import Contexta
from contexta.store.records import IntegrityState, ReplayMode, ScanFilter

_spec = importlib.util.spec_from_file_location("trainer", Path(__file__).with_name("trainer.py"))
trainer = importlib.util.module_from_spec(_spec)
sys.modules["trainer"] = trainer
_spec.loader.exec_module(trainer)


def child(workspace: str, name: str, pipe) -> None:
    trainer.train(workspace, name, pipe.fileno())


def kill_once(server, workspace: Path, name: str, rng: random.Random) -> tuple[bool, int]:
    """Start a trainer, kill it at a random instant; return (opened, acknowledged points)."""
    reader, writer = server.Pipe(duplex=False)
    process = server.Process(target=child, args=(str(workspace), name, writer), daemon=True)
    process.start()
    writer.close()
    # Half of the kills land during start-up and opening, half in the loop.
    if rng.random() < 0.5:
        reader.poll(60)
        time.sleep(rng.uniform(0, 0.12))
    else:
        time.sleep(rng.uniform(0, 0.25))
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    lines = b""
    while piece := os.read(reader.fileno(), 1 << 16):
        lines += piece
    complete = lines.split(b"\n")[:-1]
    return bool(complete), max(len(complete) - 1, 0)


def values_of(ctx: Contexta, run_ref: str) -> list[float]:
    stored = ctx.record_store.scan(ScanFilter(run_ref=run_ref, record_type="metric"))
    return [item.record.payload.value for item in stored]


def test_sigkill_loses_duplicates_and_invents_nothing(tmp_path, kills):
    """Each acknowledged point is read back once, and the run shows as interrupted."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["contexta.client", "sqlalchemy"])
    rng = random.Random(20260101)
    workspace = tmp_path / ".contexta"
    lost = duplicated = invented = not_interrupted = points = opened_runs = 0
    for round_ in range(kills):
        opened, acknowledged = kill_once(server, workspace, f"round-{round_}", rng)
        with Contexta(workspace=workspace, config={"project_name": "crash"}) as ctx:
            ctx.metadata_store  # noqa: B018 - a writable open settles what the dead left
            runs = {run.name: run for run in ctx.list_runs("crash")} if opened else {}
            if not opened:
                continue
            run = runs[f"round-{round_}"]
            values = values_of(ctx, run.run_id)
        opened_runs += 1
        points += acknowledged
        expected = {trainer.value_of(index) for index in range(acknowledged)}
        issued = expected | {trainer.value_of(acknowledged)}
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
