"""Kill a salvage at many of its system calls, and check what each kill leaves.

Run as `python kill_salvage.py <backup> <folder> <most kills>`, with the folder of `conftest.py`
and this one on the path.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from conftest import Stores, config_at
from kill_script import events_of, moments

from contexta.recovery import salvage


def tree(root):
    """Every file below a folder with the hash of its content."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def contents(root):
    """What a user would find: runs, records by their refs, losses, artifacts by their refs."""
    with Stores(root) as stores:
        records = [item.record for item in stores.records.scan()]
        notes = [item for item in records if item.envelope.record_type == "degraded"]
        return {
            "runs": sorted(run.run_ref.text for run in stores.metadata.runs.list_runs()),
            "records": sorted(item.envelope.record_ref.text for item in records),
            "notes": sorted(item.payload.attributes["place"] for item in notes),
            "artifacts": list(stores.artifacts.list_refs()),
        }


def kill_salvages(backup, folder, most):
    config = config_at(folder / "nowhere", backup_root=folder / "no-backups")
    target = folder / "target"
    before = tree(backup)

    def run():
        return salvage(config, backup, target_workspace=target)

    run()  # loads what is loaded at first use, which a child would count
    shutil.rmtree(target)
    total = events_of(run)
    wanted = contents(target)
    killed = 0
    for moment in moments(total, most):
        shutil.rmtree(target)
        killed += events_of(run, moment) is None
        assert tree(backup) == before, moment
        if target.exists():
            assert contents(target) == wanted, moment
        result = run()
        assert result.status == "DEGRADED", moment
        assert contents(target) == wanted, moment
        assert [path.name for path in folder.iterdir()] == [target.name], moment
    return killed


if __name__ == "__main__":
    print(kill_salvages(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
