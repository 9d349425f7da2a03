"""Keep the files of a folder artifact that are right when others of it are lost.

They become an artifact of their own, `<name>-salvaged`: under the old ref a reader would take a
part for the whole.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError
from contexta.store.fs import ensure_private_dir, sha256_file

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.store.artifacts import ArtifactBinding, ArtifactStore

_SUFFIX = "-salvaged"
_LONGEST_NAME = 63


def keep_members(store: ArtifactStore, binding: ArtifactBinding, scratch: Path) -> str | None:
    """Store the right files of a damaged folder artifact under another ref.

    Args:
        store: The copied store.
        binding: Of the folder artifact.
        scratch: A path that does not exist; the files are gathered there and removed again.

    Returns:
        What was kept, in words; None when nothing could be.
    """
    try:
        members = store.list_members(binding.artifact_ref)
    except ContextaError:
        return None  # what the folder held is not known any more
    kept = []
    for member in members:
        body = store.object_path(member.sha256)
        if not body.is_file() or sha256_file(body) != member.sha256:
            continue
        place = scratch.joinpath(*member.path.split("/"))
        ensure_private_dir(place.parent)
        shutil.copyfile(body, place)
        kept.append(member.path)
    if not kept:
        return None
    ref = _other_ref(binding.artifact_ref)
    lost = sorted({member.path for member in members} - set(kept))
    content = binding.manifest_snapshot.to_dict()
    note = {"part_of": binding.artifact_ref, "files_lost": lost}
    content |= {
        "artifact_ref": ref,
        "hash_value": None,
        "size_bytes": None,
        "attributes": {**content.get("attributes", {}), "salvage": note},
    }
    try:
        store.put_artifact(content, scratch, source_name=binding.source_name)
    finally:
        shutil.rmtree(scratch)
    shown = ", ".join(repr(path) for path in lost[:5]) + (" and more" if len(lost) > 5 else "")
    return f"{len(kept)} of its {len(members)} files were kept as {ref!r}; lost are {shown}."


def _other_ref(ref: str) -> str:
    owner, _, name = ref.rpartition(".")
    return f"{owner}.{name[: _LONGEST_NAME - len(_SUFFIX)].rstrip('-')}{_SUFFIX}"
