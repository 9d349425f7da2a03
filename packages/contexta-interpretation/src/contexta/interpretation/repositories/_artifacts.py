"""Artifact bindings made into records; bodies are never opened."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from contexta.contract.errors import NotFoundError
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.repositories._project import artifact_record
from contexta.interpretation.repositories._resolve import canonical, checked_text
from contexta.interpretation.repositories.records import ArtifactRecord


class ArtifactPlane(Protocol):
    """The part of the artifact store that is asked here."""

    def list_refs(self) -> list[str]:
        """Return the bound refs, sorted."""
        ...

    def list_bindings(self, *, run_ref: str | None = None) -> Any:
        """Return the readable bindings of a run, or of all, sorted by ref."""
        ...

    def artifact_exists(self, artifact_ref: str) -> bool:
        """Tell whether a ref is bound and its body there."""
        ...

    def get_binding(self, artifact_ref: str) -> Any:
        """Return the binding of an artifact, whether or not its body is there."""
        ...

    def damage(self) -> Any:
        """Return pairs of path and error of unreadable bindings."""
        ...


def of_run(
    store: ArtifactPlane, run_ref: str | None, stage_ref: str | None
) -> tuple[ArtifactRecord, ...]:
    """Return the artifacts of a run (or of all), of one stage when given, sorted by ref."""
    found = (_with_body(store, binding) for binding in store.list_bindings(run_ref=run_ref))
    return tuple(item for item in found if stage_ref in (None, item.stage_id))


def resolve(store: ArtifactPlane, text: str) -> str | None:
    """Return the ref of a bound artifact by ref or unique ending.

    Raises:
        ResolutionError: several fit (``query_artifact_ambiguous``), or it is no text.
        ValidationError: the text starts with ``artifact:`` and is no ref.
    """
    text = checked_text("artifact", text)
    if text.startswith("artifact:"):
        return canonical("artifact", text)
    found = [ref for ref in store.list_refs() if ref.partition(":")[2] == text]
    found = found or [ref for ref in store.list_refs() if ref.endswith("." + text)]
    if len(found) > 1:
        raise ResolutionError(
            f"{text!r} fits {len(found)} artifacts: {', '.join(found[:10])}; use one of these refs",
            code="query_artifact_ambiguous",
            details={"artifact_ref": text, "candidates": found},
        )
    return found[0] if found else None


def find(store: ArtifactPlane, ref: str) -> ArtifactRecord | None:
    """Return one artifact, also when its body is gone; ``None`` when it is not bound.

    Raises:
        IntegrityError: the binding is damaged. Listings leave it out and note it.
    """
    try:
        return _with_body(store, store.get_binding(ref))
    except NotFoundError:
        return None


def _with_body(store: ArtifactPlane, binding: Any) -> ArtifactRecord:
    record = _record(binding)
    is_there = store.artifact_exists(record.artifact_ref)
    return record if is_there else replace(record, body_missing=True)


def _record(binding: Any) -> ArtifactRecord:
    return artifact_record(
        binding.manifest_snapshot,
        created_at=binding.created_at,
        hash_value=binding.hash_value,
        size_bytes=binding.size_bytes,
    )


def damage_notes(store: ArtifactPlane, run_ref: str) -> tuple[str, ...]:
    """Describe the bindings that listing could not read and that may be of a run.

    The name of a binding file is a hash. What it is about is known where the list of bindings
    had it before; else it may be of any run, and the note says so.
    """
    notes = []
    for _, error in store.damage():
        ref = (error.details or {}).get("artifact_ref")
        if ref is None:
            notes.append(f"{error.code}: {error.message} Which run it is of is not known.")
        elif str(ref).startswith(f"artifact:{run_ref.partition(':')[2]}."):
            notes.append(f"{error.code}: {ref}: {error.message}")
    return tuple(notes)
