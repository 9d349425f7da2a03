"""Make of an artifact plane with damaged and missing files one that passes its check.

A damaged body goes to quarantine. An artifact without its body is unbound and leaves a tombstone;
its manifest goes into the degraded record of its run, so that what it was is not lost with what
it held. Of a binding that cannot be read its file name still tells which ref it was of, if the
ref is known from anywhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ContextaError, SchemaVersionError
from contexta.recovery._errors import RestoreError
from contexta.recovery._models_salvage import LostItem
from contexta.recovery._salvage_trees import keep_members
from contexta.store.artifacts.files import (
    Layout,
    binding_paths,
    load_binding,
    load_tombstone,
    tombstone_paths,
)
from contexta.store.fs import fsync_dir, sha256_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from contexta.recovery._salvage_earlier import Earlier
    from contexta.recovery._salvage_losses import Losses
    from contexta.store.artifacts import ArtifactStore

    Owners = Mapping[str, Sequence[str]]

ARTIFACTS = "artifacts"
_REF = re.compile(rb"artifact:[a-z0-9]+(?:[.-][a-z0-9]+)*")
_DERIVED = ("_catalogue.json", "_hashed.jsonl", "_audit.jsonl", "locks/", "staging/")
_QUARANTINE = "quarantine_bound_artifact"
_MOST_GUESSES = 2_000_000


def mend_artifacts(
    root: Path,
    losses: Losses,
    known_refs: Iterable[str],
    known_runs: Callable[[], Iterable[str]],
    earlier: Earlier,
) -> dict[str, Any]:
    """Repair a copied artifact plane and note what is lost.

    Args:
        root: The folder of the plane, in the copy.
        losses: Has the files that were missing or damaged in the source; receives the rest.
        known_refs: Refs of artifacts that anything names, to tell what a lost binding was of.
        known_runs: Returns refs of runs, likewise; asked only when a ref is not known otherwise.
        earlier: Backups that right copies of bindings and bodies may come from.

    Returns:
        The manifests of the artifacts that are lost, as plain data, by ref.

    Raises:
        SchemaVersionError: A newer release wrote a file of the plane.
        StoreError: When the copy cannot be written.
    """
    if not root.is_dir():
        return {}
    from contexta.store.artifacts import ArtifactStore, VaultConfig

    _forget_derived(root, losses)
    refs = {hashlib.sha256(ref.encode()).hexdigest(): ref for ref in known_refs}
    _supply_bindings(root, losses, earlier)
    _remove_bindings(root, losses, refs, earlier)
    _guess_refs(losses, refs, known_runs)
    _name_lost_bindings(losses, refs)
    _remove_damaged_notes(root, losses)
    store = ArtifactStore(VaultConfig(root_path=root))
    owners = _owners(store)
    _quarantine_drifted(store)
    _supply(store, owners, losses, earlier)
    manifests = _unbind_lost(store, losses)
    _settle_bodies(store, root, losses, owners)
    left = store.verify_all()
    if left.orphan_paths:
        losses.note(f"bodies_without_artifact:{len(left.orphan_paths)}")
    references = set(left.missing_refs) | set(left.drifted_refs)
    own = [ref for ref in sorted(references) if store.get_binding(ref).location is None]
    if own or left.damaged_bindings:
        raise RestoreError(
            f"The copied artifacts could not be repaired: {own or left.damaged_bindings}. Look "
            "whether the disk of the target is full or failing, then call again.",
            code="recovery_repair_failed",
            details={"artifact_refs": own},
            retryable=True,
        )
    losses.warnings += [
        f"{ref!r} is a reference to a file outside the workspace that is not there as it was."
        for ref in sorted(references)
    ]
    return manifests


def _forget_derived(root: Path, losses: Losses) -> None:
    for name in ("_catalogue.json", "_hashed.jsonl"):
        (root / name).unlink(missing_ok=True)
    for item in losses.of_plane(ARTIFACTS):
        if item.place.removeprefix(f"{ARTIFACTS}/").startswith(_DERIVED):
            losses.mended(ARTIFACTS, item.place, "made_anew")


def _supply_bindings(root: Path, losses: Losses, earlier: Earlier) -> None:
    """Bring bindings back that the latest backup has, that are gone, and that nobody removed.

    Where somebody removed the artifact, a tombstone of the same name says so.
    """
    for place in earlier.latest_files(f"{ARTIFACTS}/bindings"):
        below = place.split("/")[2:]
        path = root.joinpath("bindings", *below)
        if path.exists() or root.joinpath("tombstones", *below).exists():
            continue
        ref = earlier.take_file(place, path)
        if ref is not None:
            losses.note(f"supplied:{place}:{ref}")


def _remove_bindings(root: Path, losses: Losses, refs: dict[str, str], earlier: Earlier) -> None:
    """Take away binding files that cannot be read, and say of which artifact each was."""
    layout = Layout(root)
    for path in sorted(binding_paths(layout)):
        place = f"{ARTIFACTS}/{path.relative_to(root).as_posix()}"
        reason = _fault_of(layout, path, refs)
        if reason is None:
            continue
        other = earlier.take_file(place, path)
        if other is not None and _fault_of(layout, path, refs) is None:
            losses.forget(ARTIFACTS, place)
            losses.note(f"supplied:{place}:{other}")
            continue
        ref = refs.get(path.stem) or _ref_inside(path)
        if ref is not None:
            refs[path.stem] = ref
        path.unlink()
        fsync_dir(path.parent)
        old = losses.at(ARTIFACTS, place)
        losses.add(
            LostItem(
                plane=ARTIFACTS,
                place=place,
                reason=old.reason if old else "binding_damaged",
                message=f"The binding {place!r} cannot be read: {reason}.",
                count=1,
            )
        )


def _fault_of(layout: Layout, path: Path, refs: dict[str, str]) -> str | None:
    """Say what is wrong with a binding file; of one that is right, note the ref."""
    try:
        ref = load_binding(path).artifact_ref
    except ContextaError as error:
        _raise_newer(error, path)
        return str((error.details or {}).get("reason", error.message))
    if layout.binding(ref) != path:
        return "it is misplaced"
    refs[path.stem] = ref
    return None


def _raise_newer(error: ContextaError, path: Path) -> None:
    """Let an error pass that says that a newer release wrote a file, when its digest is right."""
    if not isinstance(error, SchemaVersionError):
        return
    try:
        content = json.loads(path.read_bytes())
        claimed = content.pop("sha256", None)
    except (ValueError, AttributeError, RecursionError):
        return
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    if claimed == hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest():
        raise error


def _ref_inside(path: Path) -> str | None:
    """Return the ref in a damaged binding whose hash is the name of the file: that proves it."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    for found in set(_REF.findall(raw)):
        if hashlib.sha256(found).hexdigest() == path.stem:
            return str(found.decode("ascii"))
    return None


def _guess_refs(
    losses: Losses, refs: dict[str, str], known_runs: Callable[[], Iterable[str]]
) -> None:
    """Try the names of other artifacts for each run: the hash of a ref proves a right guess."""
    unknown = {
        item.place.rsplit("/", 1)[-1].removesuffix(".json")
        for item in losses.of_plane(ARTIFACTS)
        if item.place.startswith(f"{ARTIFACTS}/bindings/")
    } - refs.keys()
    if not unknown:
        return
    names = sorted({ref.rpartition(".")[2] for ref in refs.values()})
    owners = sorted(run.partition(":")[2] for run in known_runs())
    if len(names) * len(owners) > _MOST_GUESSES:
        return
    for owner, name in product(owners, names):
        ref = f"artifact:{owner}.{name}"
        digest = hashlib.sha256(ref.encode()).hexdigest()
        if digest in unknown:
            refs[digest] = ref


def _name_lost_bindings(losses: Losses, refs: dict[str, str]) -> None:
    for item in losses.of_plane(ARTIFACTS):
        pieces = item.place.split("/")
        if len(pieces) != 4 or pieces[1] != "bindings":
            continue
        ref = refs.get(pieces[3].removesuffix(".json"))
        text = item.message
        if ref is not None:
            text = f"{text} It was of {ref!r}; its body, if it is whole, has no name any more."
        runs = () if ref is None else (run_of(ref),)
        losses.add(
            LostItem(ARTIFACTS, item.place, item.reason, text, runs, certain=bool(runs), count=1)
        )


def run_of(artifact_ref: str) -> str:
    """Return the run that an artifact ref names."""
    return "run:" + ".".join(artifact_ref.partition(":")[2].split(".")[:2])


def _remove_damaged_notes(root: Path, losses: Losses) -> None:
    """Take away tombstones and quarantine entries that cannot be read; one would stop lists."""
    layout = Layout(root)
    for path in tombstone_paths(layout):
        try:
            load_tombstone(path)
        except ContextaError as error:
            _raise_newer(error, path)
            path.unlink()
            place = f"{ARTIFACTS}/{path.relative_to(root).as_posix()}"
            text = f"{place!r} cannot be read: that an artifact was removed is not known any more."
            losses.add(LostItem(ARTIFACTS, place, "tombstone_damaged", text, certain=False))


def _quarantine_drifted(store: ArtifactStore) -> None:
    from contexta.store.artifacts import RepairPlan

    # Orphans stay: a body that nothing names is no damage, and may be what a user looks for.
    wanted = [a for a in store.build_repair_plan().actions if a.startswith(f"{_QUARANTINE}:")]
    if wanted:
        store.apply_repair_plan(RepairPlan(tuple(wanted)), dry_run=False)


def _supply(store: ArtifactStore, owners: Owners, losses: Losses, earlier: Earlier) -> None:
    """Bring bodies back that are missing here and that another backup has."""
    for sha256 in owners:
        path = store.object_path(sha256)
        if path.exists():
            continue
        ref = earlier.take_copy(sha256, path)
        if ref is not None:
            path.chmod(0o400)
            losses.note(f"supplied:{ARTIFACTS}/objects/{sha256[:2]}/{sha256}:{ref}")


def _unbind_lost(store: ArtifactStore, losses: Losses) -> dict[str, Any]:
    """Unbind the artifacts that miss bytes, with a tombstone each; references stay."""
    from contexta.store.artifacts import RemovalPolicy

    sweep = store.verify_all()
    bindings = {binding.artifact_ref: binding for binding in store.list_bindings()}
    lost = [
        ref
        for ref in sorted({*sweep.missing_refs, *sweep.drifted_refs})
        if bindings[ref].body_kind != "reference"
    ]
    manifests: dict[str, Any] = {}
    for ref in lost:
        binding = bindings[ref]
        manifests[ref] = binding.manifest_snapshot.to_dict()
        text = "Its body is gone or damaged."
        if binding.body_kind == "tree":
            kept = keep_members(store, binding, store.root_path.with_name("_tree.tmp"))
            text = kept or "Nothing of the folder can be read."
        losses.add(
            LostItem(
                plane=ARTIFACTS,
                place=ref,
                reason="body_lost",
                message=f"{ref!r} ({binding.artifact_kind}, {binding.size_bytes} bytes, SHA-256 "
                f"{binding.hash_value}). {text}",
                run_refs=(binding.manifest_snapshot.run_ref.text,),
                count=1,
            )
        )
    if lost:
        plan = store.plan_removal(RemovalPolicy(), named_refs=lost)
        store.apply_removal_plan(plan, dry_run=False)
    return manifests


def _settle_bodies(store: ArtifactStore, root: Path, losses: Losses, owners: Owners) -> None:
    """Say of lost body files which artifacts they cost; those are listed by their refs."""
    for item in losses.of_plane(ARTIFACTS):
        if not item.place.startswith(f"{ARTIFACTS}/objects/"):
            continue
        path = root.joinpath(*item.place.split("/")[1:])
        if path.is_file() and sha256_file(path) == path.name:
            losses.mended(ARTIFACTS, item.place, "verified")
            continue
        if path.is_file():  # nothing names it, or it would have been put aside already
            store.quarantine_orphan_body(path)
        runs = {run for ref in owners.get(path.name, ()) for run in _runs_at(losses, ref)}
        losses.add(item.with_runs(runs, certain=bool(runs)))


def _runs_at(losses: Losses, ref: str) -> tuple[str, ...]:
    item = losses.at(ARTIFACTS, ref)
    return () if item is None else item.run_refs


def _owners(store: ArtifactStore) -> Owners:
    """Return the refs of the artifacts that need each body, by its SHA-256."""
    found: dict[str, list[str]] = {}
    for binding in store.list_bindings():
        hashes = [binding.hash_value or ""]
        if binding.body_kind == "tree":
            # When the tree object is gone itself, what it listed is not known any more.
            with suppress(ContextaError):
                hashes += [member.sha256 for member in store.list_members(binding.artifact_ref)]
        for sha256 in hashes:
            found.setdefault(sha256, []).append(binding.artifact_ref)
    return found
