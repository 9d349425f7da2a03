"""Eight processes that put and replay at once, and a parent that kills them at random.

Called with a folder, the number of deliveries, of kills, of processes, and a seed. Writes below
the folder: `outbox/`, `store/` (a record store), `put.log` (what was confirmed, one name a line),
`seen.log` (`<delivery id> <name> taken|failed` for each call of the unreliable sink). Prints what
happened, as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace as Section
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent))

from _outbox_points import settings

from contexta.contract.testing import builders
from contexta.recovery import StoreSink, list_dead_letters, replay_outbox
from contexta.recovery.outbox import append_entry, delivery_checksum
from contexta.store.records import RecordStore, RecordStoreConfig

POISON_EVERY = 40
FAILURE_RATE = 0.3


def open_store(folder: Path) -> RecordStore:
    return RecordStore(RecordStoreConfig(folder / "store", durability_mode="flush"))


class Log:
    """Appends a line by one write, so that a kill leaves it whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def write(self, line: str) -> None:
        os.write(self._fd, f"{line}\n".encode())


class Unreliable:
    """Fails at random, sometimes after it took the delivery; always for poison."""

    name = "remote"

    def __init__(self, folder: Path, rng: random.Random, rate: float = FAILURE_RATE) -> None:
        self._log, self._rng, self._rate = Log(folder / "seen.log"), rng, rate

    def deliver(self, delivery):
        name = delivery.payload["name"]
        if delivery.payload["poison"] or self._rng.random() < self._rate:
            self._log.write(f"{delivery.delivery_id} {name} failed")
            raise OSError("refused")
        self._log.write(f"{delivery.delivery_id} {name} taken")
        if self._rng.random() < self._rate / 3:
            raise OSError("the answer was lost")
        return Section(status="SUCCESS")


def entry_of(name: str, sink: str, *, poison: bool) -> dict:
    """An entry as capture writes it, after the sink refused the payload."""
    payload, kind = {"name": name, "poison": poison}, "dict"
    if sink == "store":
        envelope = builders.record_envelope(
            run_ref="run:p.r", record_ref=f"record:p.r.{name}", stage_execution_ref=None
        )
        payload, kind = builders.metric_record(envelope=envelope).to_dict(), "MetricRecord"
    delivery_id = uuid4().hex
    entry = {
        "attempts": 0,
        "capture_attempts": 1,
        "delivery_id": delivery_id,
        "family": "RECORD",
        "payload": payload,
        "payload_type": kind,
        "replay_ref": f"replay:record.{delivery_id}",
        "sink_name": sink,
    }
    return entry | {"delivery_sha256": delivery_checksum(entry)}


def work(folder: Path, number: int, seed: int) -> None:
    """Put and replay until the parent says stop."""
    rng = random.Random(seed)
    config = settings(folder)
    put = Log(folder / "put.log")
    with open_store(folder) as records:
        sinks = [Unreliable(folder, rng), StoreSink(records=records)]
        count = 0
        while not (folder / "stop").exists():
            for _ in range(rng.randint(1, 6)):
                count += 1
                sink = rng.choice(("remote", "remote", "store"))
                poison = sink == "remote" and rng.randrange(POISON_EVERY) == 0
                name = f"m{number}-{seed}-{count}"
                entry = entry_of(name, sink, poison=poison)
                append_entry(folder / "outbox", entry, sync=rng.random() < 0.5)
                put.write(f"{entry['replay_ref']} {name} {sink} {'poison' if poison else 'good'}")
            if rng.random() < 0.3:
                limit = rng.choice((None, None, 3, 30))
                replay_outbox(config, sinks=sinks, limit=limit, wait_seconds=300)
            if rng.random() < 0.1:
                list_dead_letters(config)


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


class Crowd:
    """Keeps a number of workers alive, whatever is done to them."""

    def __init__(self, folder: Path, processes: int, seed: int) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        self.workers: dict[int, int] = {}
        self.failures: list[str] = []
        for number in range(processes):
            self.start(number)

    def start(self, number: int) -> None:
        seed = self.rng.randrange(10**9)
        pid = os.fork()
        if pid == 0:
            try:
                work(self.folder, number, seed)
            except BaseException as error:
                Log(self.folder / "errors.log").write(f"{type(error).__name__}: {error}")
                os._exit(1)
            os._exit(0)
        self.workers[pid] = number

    def kill_one(self) -> None:
        pid = self.rng.choice(list(self.workers))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.start(self.workers.pop(pid))

    def stop(self) -> None:
        (self.folder / "stop").touch()
        for pid in list(self.workers):
            _, status = os.waitpid(pid, 0)
            if status:
                self.failures.append(f"worker {self.workers[pid]} ended with {status}")


def main() -> None:
    folder = Path(sys.argv[1])
    deliveries, kills, processes, seed = map(int, sys.argv[2:])
    started = time.monotonic()
    crowd = Crowd(folder, processes, seed)
    killed = 0
    while killed < kills or lines_in(folder / "put.log") < deliveries:
        time.sleep(crowd.rng.uniform(0.01, 0.15))
        # Only workers that got to work: a kill at birth proves nothing.
        if killed < kills and lines_in(folder / "seen.log") > killed:
            crowd.kill_one()
            killed += 1
    crowd.stop()
    errors = folder / "errors.log"
    found = errors.read_text().splitlines() if errors.exists() else []
    seconds = round(time.monotonic() - started, 1)
    print(json.dumps({"killed": killed, "seconds": seconds, "errors": found + crowd.failures}))


if __name__ == "__main__":
    main()
