"""Kills in the middle, and backups of a workspace that another process is writing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contexta.recovery import (
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
)

PACKAGE = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PACKAGE)}
# More kills for a thorough run; 40 of each take about a minute.
KILLS = int(os.environ.get("RECOVERY_TEST_KILLS", "8"))

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


@pytest.mark.parametrize("operation", ["backup", "restore", "prune"])
def test_killed_at_any_call_it_leaves_old_or_new_and_a_rerun_completes(operation, root):
    """A killed backup is never listed, a killed restore never leaves neither, a killed prune
    leaves each backup whole or none.
    """
    script = Path(__file__).with_name("kill_script.py")

    done = subprocess.run(
        [sys.executable, str(script), operation, str(KILLS), str(root)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= KILLS * 0.75  # a kill may come after the last call


def test_a_backup_taken_while_a_process_writes_restores_with_all_earlier_records(
    config, root, workspace, tmp_path, contents
):
    """Copies were taken in the middle of writes."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root)],
        env=ENVIRONMENT,
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
