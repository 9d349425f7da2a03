"""kill -9 before each changing system call of puts, imports, removals and collections."""

import pytest

from contexta.contract import ArtifactManifest
from contexta.contract.errors import ContextaError
from contexta.store.artifacts import ArtifactStore, RemovalPolicy, VaultConfig


def manifest(name, **more):
    return ArtifactManifest(
        artifact_ref=f"artifact:p.r.{name}",
        artifact_kind="checkpoint",
        run_ref="run:p.r",
        created_at="2026-01-01T00:00:00Z",
        producer_ref="sdk",
        location_ref="x",
        **more,
    )


def opened(folder):
    return ArtifactStore(VaultConfig(root_path=folder / "artifacts"))


def source(folder, name):
    path = folder / name
    path.write_bytes(name.encode() * 1000)
    return path


def prepare(folder):
    """An old artifact, a package, a folder, another store's body."""
    with opened(folder) as store:
        store.put_artifact(manifest("old"), source(folder, "old"))
        store.put_artifact(manifest("gone"), source(folder, "gone"))
        store.put_artifact(manifest("replaced"), source(folder, "first"))
        store.export_artifact("artifact:p.r.old", export_root=folder / "out", archive=True)
    (folder / "tree" / "sub").mkdir(parents=True)
    source(folder / "tree", "a")
    source(folder / "tree" / "sub", "b")
    for name in ("new", "moved", "second"):
        source(folder, name)


def put(folder, say):
    with opened(folder) as store:
        for name in ("new", "old"):
            store.put_artifact(manifest(f"put-{name}"), folder / name)
            say(f"put-{name} {name}")
        store.put_artifact(manifest("old", attributes={"a": 1}), folder / "old")


def move(folder, say):
    with opened(folder) as store:
        store.put_artifact(manifest("moved"), folder / "moved", mode="move")
        say("moved moved")
        store.put_artifact(manifest("tree"), folder / "tree", mode="move")
        say("tree ")


def transfer(folder, say):
    with opened(folder) as store:
        store.import_artifact(manifest("replaced"), folder / "second", conflict_policy="replace")
        say("replaced second")
        store.export_artifact("artifact:p.r.old", export_root=folder / "out")
        plan = store.plan_removal(RemovalPolicy(), named_refs=["artifact:p.r.old"])
        store.apply_removal_plan(plan, dry_run=False)
        store.import_export_package(folder / "out" / "artifact__p.r.old.tar")
        say("old old")


def care(folder, say):
    with opened(folder) as store:
        plan = store.plan_removal(RemovalPolicy(), named_refs=["artifact:p.r.gone"])
        store.apply_removal_plan(plan, dry_run=False)
        say("gone -")
        store.collect_garbage(grace_seconds=0, dry_run=False)
        store.quarantine_bound_artifact("artifact:p.r.replaced")
        (entry,) = store.list_quarantine()
        store.restore_quarantined(entry.entry_id)
        say("replaced first")


def noting(folder):
    """Return what writes a line down, by calls that do not count."""

    def say(line):
        with (folder / "said").open("a") as file:
            file.write(line + "\n")

    return say


def problems(folder, work):
    """Return what is wrong after a kill: of what was said, of the rest, of what is left over."""
    path = folder / "said"
    said = dict(line.split(" ") for line in path.read_text().splitlines()) if path.exists() else {}
    wrong = []
    with opened(folder) as store:
        for name, body in {"old": "old", **said}.items():
            ref = f"artifact:p.r.{name}"
            try:
                if body == "-":
                    wrong += [f"{name} is back"] if store.artifact_exists(ref) else []
                elif body:
                    ok = store.read_artifact_bytes(ref) == body.encode() * 1000
                    wrong += [] if ok else [f"{name} reads otherwise"]
                else:
                    store.list_members(ref)
            except ContextaError as error:
                removing = work is transfer and name == "old" and "old" not in said
                wrong += [] if removing else [f"{name}: {error.code}"]
        sweep = store.verify_all()
        bad = {"artifact:p.r.replaced"} if work is care and "replaced" not in said else set()
        wrong += [ref for ref in (*sweep.missing_refs, *sweep.drifted_refs) if ref not in bad]
        wrong += [str(path) for path in sweep.damaged_bindings]
        wrong += [str(path) for path in (store.root_path / "staging").iterdir()]
        for name in ("moved", "tree/a", "tree/sub/b"):
            bound = f"artifact:p.r.{name.partition('/')[0]}" in store.list_refs()
            wrong += [] if bound or (folder / name).exists() else [f"{name} is lost"]
        store.put_artifact(manifest("afterwards"), folder / "old")
        store.collect_garbage(grace_seconds=0, dry_run=False)
        wrong += [ref for ref in store.verify_all().missing_refs if ref not in bad]
    return wrong


@pytest.mark.parametrize(
    ("work", "least"),
    [(put, 60), (move, 80), (transfer, 100), (care, 60)],
    ids=["put", "move", "transfer", "care"],
)
def test_a_kill_between_two_steps_loses_and_breaks_nothing(
    tmp_path, killed_before, kill_numbers, work, least
):
    """What was confirmed is read, nothing is half, staging is clean, work goes on."""
    wrong = {}
    for number in kill_numbers(13):
        folder = tmp_path / str(number)
        folder.mkdir()
        prepare(folder)
        killed = killed_before(number, work, folder, noting(folder))
        found = problems(folder, work)
        if found:
            wrong[number] = found
        if not killed:
            break

    assert wrong == {}
    assert number > least
