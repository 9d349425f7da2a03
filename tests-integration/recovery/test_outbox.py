"""Nothing that was queued is lost, whoever is killed: eight processes put and replay at once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from _outbox_crowd import Unreliable, open_store
from _outbox_points import settings

from contexta.recovery import (
    StoreSink,
    list_dead_letters,
    replay_outbox,
    retry_dead_letters,
)
from contexta.recovery.outbox import OutboxFile

CROWD = str(Path(__file__).with_name("_outbox_crowd.py"))
SEED = 20260103


class Put(NamedTuple):
    """One delivery that is confirmed to be queued."""

    replay_ref: str
    name: str
    sink: str
    kind: str


class Call(NamedTuple):
    """One call of the unreliable sink."""

    delivery_id: str
    name: str
    outcome: str


class Aftermath(NamedTuple):
    """What is there when everybody has stopped."""

    folder: Path
    report: dict
    puts: list[Put]

    def calls(self) -> list[Call]:
        lines = (self.folder / "seen.log").read_text().splitlines()
        return [Call(*line.split()) for line in lines]

    def waiting(self) -> list[dict]:
        # A killed replay left decisions that the file does not show yet.
        lines = OutboxFile(self.folder / "outbox").waiting_lines()
        return [json.loads(line) for line in lines]

    def drain(self) -> None:
        """Replay with a sink that only refuses poison."""
        config = settings(self.folder)
        with open_store(self.folder) as records:
            good = Unreliable(self.folder, random.Random(SEED), rate=0.0)
            for _ in range(3):
                replay_outbox(config, sinks=[good, StoreSink(records=records)])


@pytest.fixture(scope="module")
def aftermath(request, tmp_path_factory) -> Aftermath:
    """The outbox after the crowd, before anybody tidied up."""
    folder = tmp_path_factory.mktemp("outbox")
    deliveries = request.config.getoption("--deliveries")
    kills = max(6, deliveries // 20)
    done = subprocess.run(
        [sys.executable, CROWD, str(folder), str(deliveries), str(kills), "8", str(SEED)],
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert done.returncode == 0, done.stderr
    puts = [Put(*line.split()) for line in (folder / "put.log").read_text().splitlines()]
    return Aftermath(folder, json.loads(done.stdout), puts)


def test_nothing_is_lost_and_duplicates_carry_the_same_id(aftermath):
    """Each delivery is taken, waits, or is a dead letter; once drained, each is taken."""
    config = settings(aftermath.folder)
    dead = list_dead_letters(config)
    waiting = {one["replay_ref"] for one in aftermath.waiting()}
    early = {one.replay_ref for one in dead}
    failures = Counter(call.delivery_id for call in aftermath.calls() if call.outcome == "failed")
    lost_answers = Counter(
        call.delivery_id for call in aftermath.calls() if call.outcome == "taken"
    )
    tries = failures + lost_answers
    aftermath.drain()
    dead_once_drained = list_dead_letters(config)
    retry_dead_letters(config)
    aftermath.drain()
    calls = aftermath.calls()
    taken = Counter(call.name for call in calls if call.outcome == "taken")
    with open_store(aftermath.folder) as records:
        stored = Counter(
            str(item.record.envelope.record_ref).rpartition(".")[2] for item in records.scan()
        )
    good = [put for put in aftermath.puts if put.kind == "good"]
    remote = [put for put in good if put.sink == "remote"]
    own = [put for put in good if put.sink == "store"]
    poison = {put.replay_ref for put in aftermath.puts if put.kind == "poison"}
    ids = {}
    for call in calls:
        ids.setdefault(call.name, set()).add(call.delivery_id)
    print(
        f"puts={len(aftermath.puts)} kills={aftermath.report['killed']} "
        f"seconds={aftermath.report['seconds']} calls={len(calls)} "
        f"taken_more_than_once={sum(number > 1 for number in taken.values())} "
        f"dead={len(dead)} poison={len(poison)} waiting_at_the_end={len(waiting)}"
    )

    assert [] == aftermath.report["errors"]
    assert [] == [put for put in remote if not taken[put.name]]
    assert [] == [put for put in own if not stored[put.name]]
    assert [] == [name for name, number in stored.items() if number != 1]
    assert [] == [name for name, found in ids.items() if len(found) != 1]
    assert [] == [put for put in remote if ids[put.name] != {put.replay_ref.partition(".")[2]}]
    # Dead letters: each once, none still waiting, all after three failures; poison stays.
    assert len(dead) == len(early)
    assert set() == early & waiting
    assert [] == [one for one in dead if one.attempts != 3 or tries[one.delivery_id] < 3]
    assert poison <= {one.replay_ref for one in dead_once_drained}
    assert poison <= {one.replay_ref for one in list_dead_letters(config)}
    assert [] == aftermath.waiting()


def test_nothing_of_a_replay_stays_behind(aftermath):
    """When all is delivered, the folder holds the two files and their locks."""
    replay_outbox(settings(aftermath.folder), sinks=[StoreSink(name="remote")], limit=0)
    names = {path.name for path in (aftermath.folder / "outbox").iterdir()}

    assert {
        "_append.lock",
        "_replay.lock",
        "dead_letter.jsonl",
        "failed_deliveries.jsonl",
    } >= names
