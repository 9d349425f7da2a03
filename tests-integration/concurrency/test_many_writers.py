"""Several processes write one workspace and one run at once, others read meanwhile."""

import subprocess
import sys

WRITER = """
import sys
from contexta import Contexta
workspace, number, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Contexta(workspace=workspace, config={"project_name": "shared"}) as ctx:
    with ctx.run("own") as run:
        for index in range(count):
            run.metric("loss", number * 1_000_000 + index, step=index)
    print(run.ref)
"""

READER = """
import sys, time
from contexta import Contexta
workspace, seconds = sys.argv[1], float(sys.argv[2])
until, seen, rounds = time.monotonic() + seconds, 0, 0
while time.monotonic() < until:
    with Contexta(workspace=workspace, read_only=True) as ctx:
        counts = [len(ctx.get_run_snapshot(run.run_id).records) for run in ctx.list_runs()]
    assert sum(counts) >= seen, (counts, seen)
    seen, rounds = sum(counts), rounds + 1
print(rounds)
"""


def start(*arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-c", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> str:
    out, err = process.communicate(timeout=1200)
    assert process.returncode == 0, err
    assert err == ""
    return out.strip()


def test_writers_of_one_name_get_runs_of_their_own(tmp_path):
    """Four processes open a run of the same name at once: four refs, all points kept."""
    workspace = tmp_path / ".contexta"
    refs = [
        finish(process)
        for process in [start(WRITER, workspace, number, 2_000) for number in range(4)]
    ]

    from contexta import Contexta
    from contexta.store.records import ScanFilter

    with Contexta(workspace=workspace, read_only=True) as ctx:
        stored = list(ctx.record_store.scan(ScanFilter(record_type="metric")))
    by_run = {ref: [s.record.payload.step for s in stored if s.run_ref == ref] for ref in refs}

    assert len(set(refs)) == 4
    assert all(steps == list(range(2_000)) for steps in by_run.values())
    assert len({s.sequence for s in stored}) == 8_000


def test_readers_are_never_locked_out(tmp_path):
    """A reader that polls while two processes write sees no error, and nothing vanishes."""
    workspace = tmp_path / ".contexta"
    first = start(WRITER, workspace, 0, 10)
    finish(first)
    writers = [start(WRITER, workspace, number, 20_000) for number in (1, 2)]
    reader = start(READER, workspace, 4)
    for writer in writers:
        finish(writer)

    assert int(finish(reader)) >= 1
