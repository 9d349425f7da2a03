"""Eight processes put metadata on shared rows: nobody is refused, no update is lost."""

import json
import subprocess
import sys

import pytest

from contexta.store.metadata import MetadataStore, MetadataStoreConfig

PROCESSES = 8

# One interpreter imports once and forks the writers: what is tested is eight processes, not
# eight imports. Each writer prints its worst put in milliseconds and its repeated attempts.
WRITERS = """
import json, os, sys, time
from contexta.contract.errors import ConflictError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.testing import ModelFactory

settings, processes, puts = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
make = ModelFactory()

def count_up(store):
    repeats = 0
    while True:
        revision = store.runs.get_revision("run:p.counter")
        run = store.runs.get_run("run:p.counter")
        more = make.run("counter", params={"n": run.params["n"] + 1})
        try:
            store.runs.put_run(more, expected_revision=revision)
        except ConflictError:
            repeats += 1
        else:
            return repeats

def write(process):
    store = MetadataStore(MetadataStoreConfig(**settings))
    worst, repeats = 0.0, 0
    for number in range(puts):
        start = time.perf_counter()
        if number % 4 == 0:
            repeats += count_up(store)
        elif number % 4 == 1:
            store.runs.update_tags("run:p.tags", {f"{process}-{number}": "x"})
        elif number % 4 == 2:
            store.runs.create_run(make.run("created"))
        else:
            store.runs.put_run(make.run(f"shared-{number % 5}", tags={"by": str(process)}))
        worst = max(worst, time.perf_counter() - start)
    store.close()
    print(f"{worst * 1e3:.1f} {repeats}", flush=True)

with MetadataStore(MetadataStoreConfig(**settings)) as store:
    store.projects.put_project(make.project())
    store.runs.put_many([make.run("counter", params={"n": 0}), make.run("tags")])
children = []
for process in range(processes):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            write(process)
            code = 0
        finally:
            os._exit(code)
    children.append(child)
start = time.perf_counter()
failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
print(f"{time.perf_counter() - start:.2f} s", flush=True)
sys.exit(failed)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request, tmp_path):
    if request.param == "sqlite":
        return {"database_path": str(tmp_path / "ledger.sqlite")}
    return {"url": request.getfixturevalue("postgres_url")}


def test_eight_processes_lose_no_update(settings, puts, record_property):
    """Compare-and-set counts exactly, tags of all are kept, created runs have refs of their own."""
    done = subprocess.run(
        [sys.executable, "-c", WRITERS, json.dumps(settings), str(PROCESSES), str(puts)],
        check=False,
        capture_output=True,
        text=True,
    )
    figures = done.stdout.split("\n")
    record_property("worst put in ms and repeats by process, then seconds", figures)
    print(figures)
    with MetadataStore(MetadataStoreConfig(**settings)) as store:
        kinds = [len(range(first, puts, 4)) * PROCESSES for first in range(4)]
        counter = store.runs.get_run("run:p.counter").params["n"]
        revision = store.runs.get_revision("run:p.counter")
        tags = store.runs.get_run("run:p.tags").tags
        created = [run.run_ref.text for run in store.runs.list_runs(name="created")]
        report = store.check_integrity()

    assert (done.returncode, done.stderr) == (0, "")
    assert (counter, revision) == (kinds[0], kinds[0] + 1)
    assert len(tags) == kinds[1]
    assert len(set(created)) == len(created) == kinds[2]
    assert report.ok
