"""The kinds of files of the artifact plane."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from _flips import FileKind, Verdict

from contexta.contract.errors import ContextaError
from contexta.contract.testing import builders
from contexta.store.artifacts import ArtifactStore, RemovalPolicy, VaultConfig, _catalogue

DERIVED = dict.fromkeys(
    ("flip", "cut", "zero", "garbage", "delete"), "derived: made again when it does not check out"
)
AUDIT = dict.fromkeys(
    ("flip", "cut", "zero", "garbage", "delete"), "nothing is decided by it; a bad line is left out"
)
GONE = {"delete": "a removed artifact without a tombstone is a removed artifact"}


def ref(name: str) -> str:
    return f"artifact:demo.run-1.{name}"


def fill(folder: Path) -> dict[str, bytes]:
    """Three files, a folder, a removed and a quarantined artifact; return what is readable."""
    bodies = {name: os.urandom(3000) for name in ("one", "two", "three")}
    with ArtifactStore(VaultConfig(root_path=folder / "artifacts")) as store:
        (folder / "tree").mkdir()
        (folder / "tree" / "member").write_bytes(b"member" * 100)
        for name, body in {**bodies, "gone": b"gone", "aside": b"aside" * 50}.items():
            (folder / name).write_bytes(body)
            put(store, name, folder / name)
        put(store, "tree", folder / "tree")
        plan = store.plan_removal(RemovalPolicy(), named_refs=[ref("gone")])
        store.apply_removal_plan(plan, dry_run=False)
        store.collect_garbage(grace_seconds=0, dry_run=False)
        store.quarantine_bound_artifact(ref("aside"))
        _catalogue._SAVE_AFTER, before = 1, _catalogue._SAVE_AFTER
        store.list_refs()  # writes the catalogue, which takes more artifacts otherwise
        _catalogue._SAVE_AFTER = before
    return bodies


def put(store: ArtifactStore, name: str, source: Path) -> None:
    manifest = builders.artifact_manifest(
        artifact_ref=ref(name), location_ref=name, hash_value=None, size_bytes=None
    )
    store.put_artifact(manifest, source)


def judge(folder: Path, bodies: dict[str, bytes], own: str | None) -> Callable[[], Verdict]:
    """Return a judge of the store; `own` is the artifact whose file is damaged."""
    expected = {**bodies, "tree": b"member" * 100}
    listed = len(bodies) + 2

    def look() -> Verdict:
        config = VaultConfig(root_path=folder / "artifacts", read_only=True)
        store = ArtifactStore(config)
        found, wrong, lost = False, 0, []
        for name, body in expected.items():
            member = "member" if name == "tree" else None
            try:
                wrong += store.read_artifact_bytes(ref(name), member=member) != body
            except ContextaError:
                lost.append(name)
        for ask in (store.list_tombstones, store.list_quarantine):
            try:
                ask()
            except ContextaError:
                found = True
        sweep = store.verify_all()
        bad = {*sweep.missing_refs, *sweep.drifted_refs} - {ref("aside")}
        found = found or bool(bad or sweep.damaged_bindings or sweep.orphan_paths)
        complete = not lost and not wrong and len(store.list_refs()) == listed
        return Verdict(found, wrong, len([name for name in lost if name != own]), complete)

    return look


def kinds(folder: Path) -> Iterator[FileKind]:
    """Build a store and yield its kinds of files."""
    folder.mkdir(parents=True)
    bodies = fill(folder)
    root = folder / "artifacts"

    def binding(name: str) -> Path:
        digest = hashlib.sha256(ref(name).encode()).hexdigest()
        return root / "bindings" / digest[:2] / f"{digest}.json"

    store = ArtifactStore(VaultConfig(root_path=root, read_only=True))
    objects = {
        "object": ("two", store.get_artifact(ref("two")).path),
        "tree object": ("tree", store.get_artifact(ref("tree")).path),
        "member of a tree": (
            "tree",
            store.object_path(store.list_members(ref("tree"))[0].sha256),
        ),
    }
    for name, (own, path) in objects.items():
        path.chmod(0o600)
        yield FileKind(f"artifact {name}", path, judge(folder, bodies, own))
    yield FileKind("artifact binding", binding("two"), judge(folder, bodies, "two"))
    whole = judge(folder, bodies, None)
    (stone,) = (root / "tombstones").rglob("*.json")
    yield FileKind("artifact tombstone", stone, whole, GONE)
    (entry,) = (root / "quarantine").rglob("entry.json")
    yield FileKind("quarantine entry", entry, whole)
    yield FileKind("artifact catalogue", root / "_catalogue.json", whole, DERIVED)
    yield FileKind("artifact hash log", root / "_hashed.jsonl", whole, DERIVED)
    yield FileKind("artifact audit", root / "_audit.jsonl", whole, AUDIT)
