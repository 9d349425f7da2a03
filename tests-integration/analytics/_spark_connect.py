"""A Spark Connect server of one's own, and random records to ask about."""

from __future__ import annotations

import math
import os
import random
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pyspark

from contexta.contract.testing import builders as build
from contexta.store.records import RecordStore, SeriesContext

START_US = 1_700_000_000_000_000
PROJECTS = ("vision", "speech", "2024")
STAGES = (None, "train", "train-phase", "eval")
KEYS = ("loss", "accuracy", "val/auc")
ODD = (math.nan, math.inf, -math.inf)


@contextmanager
def spark_connect_server(folder: Path):
    """Run a server in a process of its own; yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": 2,
        "spark.sql.warehouse.dir": folder / "warehouse",
        "spark.ui.enabled": "false",
        # Another zone than UTC: answers must not depend on the session's.
        "spark.sql.session.timeZone": "Asia/Tokyo",
    }
    home = Path(pyspark.__file__).parent
    command = [str(home / "bin" / "spark-submit"), "--master", "local[2]"]
    for name, value in settings.items():
        command += ["--conf", f"{name}={value}"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    log = folder / "server.log"
    env = {**os.environ, "SPARK_HOME": str(home)}
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "spark-internal"], cwd=folder, env=env, stdout=output, stderr=output
        )
    try:
        _wait(server, port, log)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


def _wait(server: subprocess.Popen, port: int, log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended:\n{log.read_text()[-4000:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"the server does not listen:\n{log.read_text()[-4000:]}")


def run_refs(count: int) -> list[str]:
    """Refs of runs, spread over the projects."""
    return [f"run:{PROJECTS[n % len(PROJECTS)]}.run-{n}" for n in range(count)]


def fill(store: RecordStore, runs: list[str], rows: int, dice: random.Random) -> None:
    """Append ``rows`` points and a few records of each other type, in many small parts."""
    writer = store.writer()
    for number in range(rows):
        run = dice.choice(runs)
        writer.append_point(
            _series(writer, run, dice),
            # Few distinct instants: ties are common, within a series too.
            START_US + dice.randrange(rows // 4) * 1_000_000,
            _value(dice),
            None if dice.random() < 0.1 else dice.randrange(12),
        )
        if number % (rows // 16) == 0:
            _others(store, run, number)
            store.seal()


def _series(writer, run: str, dice: random.Random) -> int:
    scope = run.removeprefix("run:")
    stage = dice.choice(STAGES)
    # Some runs log on stages only, some on the run only, most on both.
    number = int(run.rsplit("-", 1)[1])
    if number % 3 == 0:
        stage = stage or "train"
    elif number % 3 == 1 and dice.random() < 0.5:
        stage = None
    ref = None if stage is None else f"stage:{scope}.{stage}"
    context = SeriesContext(run, scope.split(".")[0], stage_execution_ref=ref)
    return writer.define_series(context, dice.choice(KEYS))


def _value(dice: random.Random) -> float:
    if dice.random() < 0.05:
        return dice.choice(ODD)
    return dice.choice((dice.gauss(3.0, 1.0), dice.lognormvariate(0, 2), float(dice.randrange(3))))


def _others(store: RecordStore, run: str, number: int) -> None:
    """One event, span and degraded record of a run."""
    scope = run.removeprefix("run:")
    for kind, make in (
        ("event", build.structured_event_record),
        ("span", build.trace_span_record),
        ("degraded", build.degraded_record),
    ):
        envelope = build.record_envelope(
            kind,
            record_ref=f"record:{scope}.{kind}-{number}",
            run_ref=run,
            stage_execution_ref=None,
            completeness_marker="partial" if number % 3 == 0 else "complete",
            degradation_marker="none" if kind == "event" else "capture_gap",
        )
        store.append(make(envelope=envelope))
