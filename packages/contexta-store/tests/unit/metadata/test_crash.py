"""Killed writers."""

import json
import subprocess
import sys

# Forks a writer, reads what it confirms, kills it at a random moment; twenty times.
KILLER = """
import json, os, random, signal, sys, time
from contexta.contract import LineageEdge, Project, Run
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
T = "2026-01-01T00:00:00Z"

def write(out):
    store = MetadataStore(MetadataStoreConfig(database_path=sys.argv[1]))
    project = Project(project_ref="project:p", name="p", created_at=T)
    while True:
        run = Run(run_ref="run:p.x", project_ref="project:p", name="x", status="open",
                  started_at=T, params={"lr": 0.1}, tags={"a": "b"})
        run = store.runs.create_run(run, project=project)
        name = run.run_ref.value.partition(".")[2]
        store.relations.put_relation(LineageEdge(
            relation_ref="relation:p." + name, relation_type="used", source_ref=run.run_ref,
            target_ref="artifact:p.x.m", recorded_at=T, origin_marker="explicit",
            confidence_marker="high", evidence_refs=("record:p.x.1",)))
        store.runs.close_run(run.run_ref, status="completed", ended_at=T)
        os.write(out, run.run_ref.text.encode() + b"\\n")

dice, confirmed = random.Random(7), []
for _ in range(20):
    source, out = os.pipe()
    child = os.fork()
    if child == 0:
        write(out)
    os.close(out)
    with os.fdopen(source) as lines:
        confirmed.append(lines.readline().strip())
        time.sleep(dice.random() * 0.05)
        os.kill(child, signal.SIGKILL)
        confirmed += [line.strip() for line in lines]
    os.waitpid(child, 0)
print(json.dumps(confirmed))
"""


def test_twenty_killed_writers_lose_nothing_confirmed(path, opened):
    """After each kill -9 every confirmed run is there, whole, and the check is silent."""
    result = subprocess.run(
        [sys.executable, "-c", KILLER, str(path)], stdout=subprocess.PIPE, check=True
    )
    confirmed = json.loads(result.stdout)
    store = opened()
    runs = {run.run_ref.text: run for run in store.runs.list_runs()}
    edges = {ref.replace("run:", "relation:") for ref in confirmed}
    report = store.check_integrity()

    assert len(confirmed) == len(set(confirmed)) >= 20
    assert [ref for ref in confirmed if runs[ref].status != "completed"] == []
    assert edges <= set(store.list_registered_refs())
    assert report.issues == ()


def test_kill_during_creation_leaves_a_file_that_opens(path, opened):
    """An empty file, as a kill right after its creation leaves it, becomes a ledger."""
    path.parent.mkdir()
    path.touch()

    assert opened().get_store_schema_version() == "1"
