"""Collection of garbage beside processes that put."""

import json
import subprocess
import sys

WRITER = """
import os, sys
from contexta.contract import ArtifactManifest
from contexta.store.artifacts import ArtifactStore, RemovalPolicy, VaultConfig

root, scratch, processes, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

def write(who):
    store = ArtifactStore(VaultConfig(root_path=root))
    for n in range(rounds):
        source = os.path.join(scratch, str(who))
        with open(source, "w") as file:
            file.write(f"body {n % 3}")  # the same few bodies, over and over, by everybody
        ref = f"artifact:p.r.w{who}-{n}"
        store.put_artifact(ArtifactManifest(
            artifact_ref=ref, artifact_kind="checkpoint", run_ref="run:p.r",
            created_at="2026-01-01T00:00:00Z", producer_ref="sdk", location_ref="x"), source)
        if store.read_artifact_bytes(ref) != f"body {n % 3}".encode():
            sys.exit("lost " + ref)
        if n % 3:  # most go again at once, so that their bodies turn to garbage
            plan = store.plan_removal(RemovalPolicy(), named_refs=[ref])
            store.apply_removal_plan(plan, dry_run=False)
        else:
            os.write(1, ref.encode() + b"\\n")

# One interpreter imports once and forks the writers: what is tested are their puts.
children = []
for who in range(processes):
    child = os.fork()
    if child == 0:
        write(who)
        os._exit(0)
    children.append(child)
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""

COLLECTOR = """
import sys
from contexta.store.artifacts import ArtifactStore, VaultConfig
store, removed = ArtifactStore(VaultConfig(root_path=sys.argv[1])), 0
print("ready", flush=True)
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    removed += len(store.collect_garbage(grace_seconds=0, dry_run=False).removed_paths)
# At the end nobody needs what was put last and removed: it is collected now, if not before.
removed += len(store.collect_garbage(grace_seconds=0, dry_run=False).removed_paths)
print(removed)
"""


def test_no_put_loses_its_body_to_a_collector(root, tmp_path, opened):
    """8 processes put the same few bodies while one collects without a grace period."""
    opened()
    collector = subprocess.Popen(
        [sys.executable, "-c", COLLECTOR, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    collector.stdout.readline()
    command = [sys.executable, "-c", WRITER, str(root), str(tmp_path), "8", "5"]
    writers = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    removed, _ = collector.communicate("stop\n", timeout=600)
    kept = writers.stdout.split()
    report = opened().verify_all()

    assert (writers.stderr, writers.returncode) == ("", 0)
    assert sorted(kept) == opened().list_refs()
    assert (report.missing_refs, report.drifted_refs, report.damaged_bindings) == ((), (), ())
    assert json.loads(removed) >= 1
