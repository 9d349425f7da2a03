"""Kill a backup, a restore or a prune at many of its system calls, and check what each kill leaves.

Run as `python kill_script.py <backup|restore|prune> <most kills> <folder>`, with the folder of
`conftest.py` on the path. The child counts what it opens, renames, links, removes, and kills
itself at a chosen count: unlike a timer, that reaches every moment on any machine.
"""

import os
import random
import shutil
import signal
import sys
from pathlib import Path

from conftest import config_at, contents, populate

from contexta.recovery import (
    create_workspace_backup,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    prune_backups,
    restore_workspace,
    verify_backup,
)

EVENTS = frozenset(
    {"open", "os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.scandir"}
    | {"sqlite3.connect", "shutil.rmtree", "os.fwalk", "ctypes.dlsym", "os.chmod", "os.utime"}
)


def events_of(function, kill_at=None):
    """Run a function in a forked child; return its number of events, None when it was killed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        count = 0

        def on_event(event, arguments):
            nonlocal count
            if event in EVENTS:
                count += 1
                if count == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(on_event)
        function()
        os.write(writing, b"%d" % count)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    assert text or os.WIFSIGNALED(status), "the child failed; see its traceback"
    return int(text) if text else None


def moments(count, most):
    return sorted(random.Random(5).sample(range(1, count + 1), min(most, count)))


def kill_backups(root, most):
    config = config_at(root)
    before = populate(root)
    whole = plan_workspace_backup(config)
    create_workspace_backup(config, whole)  # loads what a child would, and is linked to from now on
    total = min(events_of(lambda: create_workspace_backup(config, whole)) for _ in range(2))
    killed = 0
    for moment in moments(total, most):
        plan = plan_workspace_backup(config)
        killed += events_of(lambda: create_workspace_backup(config, plan), moment) is None  # noqa: B023
        assert all(verify_backup(config, one.backup_ref).ok for one in list_backups(config))
        assert contents(root) == before, moment
    last = create_workspace_backup(config, plan_workspace_backup(config))
    assert last.status == "SUCCESS"
    hidden = [path for path in (root / "recovery" / "backups").iterdir() if path.name[0] == "."]
    assert hidden == []
    return killed


def restore_events(config, ref, refs):
    """Return the number of calls, with as many backups there as when one is killed."""
    plan = plan_restore(config, ref)
    count = events_of(lambda: restore_workspace(config, plan))
    remove_others(config, refs)
    return count


def remove_others(config, refs):
    """Remove the safety backups."""
    for one in list_backups(config):
        if one.backup_ref not in refs:
            shutil.rmtree(one.location)


def kill_restores(root, most):
    config = config_at(root)
    states, refs = [populate(root)], []
    refs.append(create_workspace_backup(config, plan_workspace_backup(config)).backup_ref)
    populate(root, "second")
    states.append(contents(root))
    refs.append(create_workspace_backup(config, plan_workspace_backup(config)).backup_ref)
    (root / "mine.txt").write_text("mine")
    restore_workspace(config, plan_restore(config, refs[1]))  # loads what a child would
    remove_others(config, refs)
    total = min(restore_events(config, ref, refs) for ref in (*refs, *refs))
    killed = 0
    for number, moment in enumerate(moments(total, most)):
        wanted = number % 2
        plan = plan_restore(config, refs[wanted])
        killed += events_of(lambda: restore_workspace(config, plan), moment) is None  # noqa: B023
        assert contents(root) in states, moment
        assert (root / "mine.txt").read_text() == "mine"
        assert all(verify_backup(config, one.backup_ref).ok for one in list_backups(config))
        rerun = restore_workspace(config, plan_restore(config, refs[wanted]))
        assert rerun.applied, moment
        assert contents(root) == states[wanted], moment
        assert [path.name for path in root.parent.iterdir()] == [root.name]
        remove_others(config, refs)
    return killed


def kill_prunes(root, most):
    config = config_at(root)
    populate(root)
    made = [create_workspace_backup(config, plan_workspace_backup(config)) for _ in range(4)]
    refs = [one.backup_ref for one in made]
    kept = root.parent / "kept"
    for one in made[:2]:
        shutil.copytree(one.location, kept / one.backup_ref, copy_function=os.link)
    total = events_of(lambda: prune_backups(config, keep_last=2))
    killed = 0
    for moment in moments(total, most):
        for ref in refs[:2]:
            shutil.copytree(kept / ref, made[0].location.parent / ref, copy_function=os.link)
        killed += events_of(lambda: prune_backups(config, keep_last=2), moment) is None
        left = [one.backup_ref for one in list_backups(config)]
        assert left in (refs, refs[1:], refs[2:]), moment
        assert all(verify_backup(config, ref).ok for ref in left), moment
        again = prune_backups(config, keep_last=2)
        assert again.status == "SUCCESS", moment
        found = sorted(path.name for path in made[0].location.parent.iterdir())
        assert found == refs[2:], moment
    return killed


if __name__ == "__main__":
    run = {"backup": kill_backups, "restore": kill_restores, "prune": kill_prunes}[sys.argv[1]]
    print(run(Path(sys.argv[3]), int(sys.argv[2])))
