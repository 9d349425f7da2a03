"""Kills at random moments, and backups of a workspace that another process is writing."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from contexta.recovery import (
    create_workspace_backup,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
    verify_backup,
)

KILLS = int(os.environ.get("CONTEXTA_TEST_KILLS", "12"))

# A fork server that has the stores loaded: a child starts in milliseconds and inherits no thread.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(
    ["contexta.recovery", "contexta.store.metadata._store", "contexta.store.records._store"]
)

WRITER = """
import sys
from pathlib import Path
from conftest import Stores
stores = Stores(Path(sys.argv[1]))
stores.add_run("live")
for number in range(100_000):
    stores.add_event("live", number)
    if number % 40 == 0:
        stores.add_artifact("live", f"a{number}", b"x" * number)
    if number % 100 == 99:
        stores.records.seal()
    print(number, flush=True)
"""


def plain(config):
    """The same configuration in classes that another process can unpickle."""
    workspace = SimpleNamespace(**vars(config.workspace))
    recovery = SimpleNamespace(**vars(config.recovery))
    return SimpleNamespace(
        workspace=workspace,
        recovery=recovery,
        metadata=SimpleNamespace(database_path=None),
        records=SimpleNamespace(root_path=None),
        artifacts=SimpleNamespace(root_path=None),
    )


def run_killed(function, *arguments, after):
    """Run a function in a process and kill it; tell whether it was done before."""
    process = processes.Process(target=function, args=arguments)
    process.start()
    process.join(after)
    alive = process.exitcode is None
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return not alive


def seconds_of(function, *arguments):
    process = processes.Process(target=function, args=arguments)
    start = time.monotonic()
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - start


def test_a_killed_backup_is_never_listed_and_the_next_one_works(config, workspace, contents):
    before = contents(workspace)
    config = plain(config)
    longest = seconds_of(create_workspace_backup, config, plan_workspace_backup(config))
    moments = random.Random(7)

    killed = 0
    for _ in range(KILLS):
        plan = plan_workspace_backup(config)
        done = run_killed(create_workspace_backup, config, plan, after=moments.uniform(0, longest))
        killed += not done
        listed = [one.backup_ref for one in list_backups(config)]
        assert all(verify_backup(config, ref).ok for ref in listed)
        assert not done or plan.backup_ref in listed
        assert contents(workspace) == before

    rerun = create_workspace_backup(config, plan_workspace_backup(config))
    assert killed > 0
    assert rerun.status == "SUCCESS"
    backups = workspace / "recovery" / "backups"
    assert [path.name for path in backups.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("safety", [True, False])
def test_a_killed_restore_leaves_old_or_new_and_a_rerun_completes(
    config_at, root, populate, contents, safety
):
    config = plain(config_at(root, create_backup_before_restore=safety))
    states = [populate(root)]
    refs = [create_workspace_backup(config, plan_workspace_backup(config)).backup_ref]
    populate(root, "second")
    states.append(contents(root))
    refs.append(create_workspace_backup(config, plan_workspace_backup(config)).backup_ref)
    (root / "mine.txt").write_text("mine")
    longest = seconds_of(restore_workspace, config, plan_restore(config, refs[0]))
    moments = random.Random(11)

    killed = 0
    for number in range(KILLS // 2):
        wanted = (number + 1) % 2
        done = run_killed(
            restore_workspace,
            config,
            plan_restore(config, refs[wanted]),
            after=moments.uniform(0, longest),
        )
        killed += not done
        assert contents(root) in states
        assert (root / "mine.txt").read_text() == "mine"
        result = restore_workspace(config, plan_restore(config, refs[wanted]))
        assert result.applied
        assert contents(root) == states[wanted]
        assert [path.name for path in root.parent.iterdir()] == [root.name]

    assert killed > 0


def test_a_backup_taken_while_a_process_writes_restores_with_all_earlier_records(
    config, root, workspace, tmp_path, contents
):
    """W8: copies were taken in the middle of writes."""
    package = Path(__file__).parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root)],
        env={**os.environ, "PYTHONPATH": str(package)},
        stdout=subprocess.PIPE,
        text=True,
    )
    results = []
    try:
        for number in range(4):
            confirmed = int(writer.stdout.readline())
            while confirmed < 60 * (number + 1):
                confirmed = int(writer.stdout.readline())
            results.append(
                (confirmed, create_workspace_backup(config, plan_workspace_backup(config)))
            )
            assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate()

    for number, (confirmed, result) in enumerate(results):
        target = tmp_path / f"restored-{number}"
        assert (result.status, result.warnings) == ("SUCCESS", ())
        restored = restore_workspace(
            config, plan_restore(config, result.backup_ref, target_workspace=target)
        )
        found = contents(target)
        assert restored.status == "SUCCESS"
        assert found["runs"] == ["run:p.first", "run:p.live"]
        messages = [f"event {number}" for number in range(confirmed + 1)]
        assert set(messages) <= set(found["records"])
        assert len(found["artifacts"]) >= 1 + confirmed // 40
