"""One life of an outbox, with something going wrong at a chosen call to the system.

Called with a folder and how many points to take of each kind (0: all). Forks for each; prints
what it tried and which deliveries were lost, doubled in our own file, or wrong, as JSON.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from collections import Counter
from pathlib import Path
from types import SimpleNamespace as Section

from contexta.contract.errors import ContextaError
from contexta.recovery import list_dead_letters, replay_outbox, retry_dead_letters
from contexta.recovery.outbox import OutboxFile, append_entry

CALLS = ("open", "write", "fsync", "replace", "unlink", "mkdir")
KINDS = ("kill before", "kill after", "EIO once", "ENOSPC for good", "half a write, then kill")
KILLED, REFUSED, FOREIGN = 9, 3, 4
REAL = {name: getattr(os, name) for name in CALLS}


def settings(root: Path) -> Section:
    """The fields that recovery asks for."""
    places = ("metadata_path", "records_path", "artifacts_path", "exports_path", "cache_path")
    return Section(
        workspace=Section(root_path=root, **dict.fromkeys(places)),
        metadata=Section(database_path=None),
        records=Section(root_path=None),
        artifacts=Section(root_path=None),
        recovery=Section(
            outbox_root=root / "outbox",
            backup_root=None,
            restore_staging_root=None,
            create_backup_before_restore=True,
        ),
    )


def note(path: Path, line: str) -> None:
    """Append a line in a way that nothing below disturbs."""
    fd = REAL["open"](path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    REAL["write"](fd, f"{line}\n".encode())
    os.close(fd)


class Remote:
    """Takes everything but what is called poison; writes down every call."""

    name = "remote"

    def __init__(self, root: Path, *, spares_poison: bool = False) -> None:
        self._log, self._spares = root / "seen.log", spares_poison

    def deliver(self, delivery):
        refuses = delivery.payload["name"].startswith("poison") and not self._spares
        outcome = "failed" if refuses else "taken"
        note(self._log, f"{delivery.delivery_id} {delivery.payload['name']} {outcome}")
        if refuses:
            raise OSError("refused")


def put(root: Path, name: str) -> None:
    fields = {
        "delivery_id": f"id-{name}",
        "family": "RECORD",
        "payload": {"name": name, "text": "x" * 300},
        "replay_ref": f"replay:{name}",
    }
    append_entry(root / "outbox", fields)
    note(root / "put.log", name)


def life(root: Path) -> None:
    """Queue, deliver, give up, retry, and copy to a file of ours."""
    config = settings(root)
    for name in ("a", "poison-b", "c"):
        put(root, name)
    for _ in range(3):
        replay_outbox(config, sinks=[Remote(root)])
    retry_dead_letters(config)
    replay_outbox(config, sinks=[Remote(root, spares_poison=True)])
    for name in ("d", "e"):
        put(root, name)
    replay_outbox(config)


class Trouble:
    """Stands before the system; something happens at its n-th changing call."""

    def __init__(self, kind: str, point: int) -> None:
        self.kind, self.point, self.calls = kind, point, 0

    def install(self) -> None:
        for name in CALLS:
            setattr(os, name, self._wrapped(name))

    def _wrapped(self, name: str):
        def call(*args, **options):
            if name == "open" and not args[1] & os.O_CREAT:
                return REAL[name](*args, **options)
            self.calls += 1
            if self.calls == self.point or (
                self.kind == "ENOSPC for good" and self.calls > self.point
            ):
                return self._happens(name, args, options)
            return REAL[name](*args, **options)

        return call

    def _happens(self, name: str, args, options):
        if self.kind == "EIO once":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self.kind == "ENOSPC for good":
            if name in ("open", "write", "mkdir"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return REAL[name](*args, **options)
        if self.kind == "kill after":
            REAL[name](*args, **options)
        if self.kind == "half a write, then kill" and name == "write":
            REAL[name](args[0], bytes(args[1])[: len(args[1]) // 2])
        os._exit(KILLED)


def lived(root: Path, trouble: Trouble) -> int:
    """Live in a fork; return how it ended."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    trouble.install()
    try:
        life(root)
    except ContextaError:
        os._exit(REFUSED)
    except BaseException:
        note(root / "foreign.log", traceback.format_exc())
        os._exit(FOREIGN)
    note(root / "calls.log", str(trouble.calls))
    os._exit(0)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def problems(root: Path) -> list[str]:
    """Judge what is there, then replay again and judge the end."""
    found = lines_of(root / "foreign.log")
    config = settings(root)
    outbox = OutboxFile(root / "outbox")
    if (root / "outbox").exists():
        waiting = {json.loads(line)["replay_ref"] for line in outbox.waiting_lines()[:-1]}
        dead = Counter(one.replay_ref for one in list_dead_letters(config))
        found += [f"{ref} is dead and waits" for ref in waiting & set(dead)]
        found += [f"{ref} is dead {number} times" for ref, number in dead.items() if number > 1]
    replay_outbox(config, sinks=[Remote(root, spares_poison=True)])
    retry_dead_letters(config)
    replay_outbox(config, sinks=[Remote(root, spares_poison=True)])
    found += [f"{one.reason} at the end" for one in list_dead_letters(config) if one.replay_ref]
    calls = [line.split() for line in lines_of(root / "seen.log")]
    copied = [json.loads(line) for line in _whole(root / "exports/replayed/record.jsonl")]
    twice = Counter(one["replay_ref"] for one in copied)
    found += [f"{ref} is {number} times in our file" for ref, number in twice.items() if number > 1]
    taken = {name for _, name, outcome in calls if outcome == "taken"}
    taken |= {one["payload"]["name"] for one in copied}
    found += [f"{name} is lost" for name in lines_of(root / "put.log") if name not in taken]
    found += [f"{name} came as {id}" for id, name, _ in calls if id != f"id-{name}"]
    return found


def _whole(path: Path) -> list[str]:
    """Return the lines that a kill did not cut."""
    found = []
    for line in lines_of(path):
        try:
            json.loads(line)
        except ValueError:
            continue
        found.append(line)
    return found


def main() -> None:
    folder, wanted = Path(sys.argv[1]), int(sys.argv[2])
    base = folder / "undisturbed"
    base.mkdir()
    assert lived(base, Trouble("none", 0)) == 0, lines_of(base / "foreign.log")
    found = [f"undisturbed: {one}" for one in problems(base)]
    total = int(lines_of(base / "calls.log")[0])
    step = max(1, total // wanted) if wanted else 1
    ends: Counter[str] = Counter()
    for number, kind in enumerate(KINDS):
        for point in range(1 + number % step, total + 1, step):
            root = folder / f"{number}-{point}"
            root.mkdir()
            ends[f"{kind}: {lived(root, Trouble(kind, point))}"] += 1
            found += [f"{kind} at call {point}: {one}" for one in problems(root)]
    print(json.dumps({"calls": total, "ends": ends, "found": found}))


if __name__ == "__main__":
    main()
