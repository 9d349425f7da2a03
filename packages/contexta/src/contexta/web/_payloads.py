"""Plain data of the JSON routes, in the shapes that clients of 1.0 know."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

_DEPTH = 64


def to_jsonable(value: Any, _depth: int = 0) -> Any:
    """Return ``value`` as data that strict JSON holds.

    Scalars stay, except that a number that is not finite becomes ``None`` (results name it
    beside, as ``value_marker``). Mappings, sequences and sets become objects and lists;
    anything else is asked for ``to_dict()``, then ``to_json()``, then its fields, then text.
    """
    if value is None or isinstance(value, str | bool | int):
        return _text(value) if isinstance(value, str) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if _depth > _DEPTH:
        return str(value)
    if isinstance(value, Mapping):
        return {_text(str(key)): to_jsonable(item, _depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence | AbstractSet) and not isinstance(value, bytes | bytearray):
        if isinstance(value, AbstractSet):
            value = sorted(value, key=str)
        return [to_jsonable(item, _depth + 1) for item in value]
    return _object(value, _depth)


def _object(value: Any, depth: int) -> Any:
    for name in ("to_dict", "to_json"):
        method = getattr(value, name, None)
        if callable(method):
            return to_jsonable(method(), depth + 1)
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return to_jsonable(fields, depth + 1)
    plain = getattr(value, "__dict__", None)
    return to_jsonable(plain, depth + 1) if plain else _text(str(value))


def nonfinite_name(value: float) -> str | None:
    """Name a number that is not finite, as JSON answers do; ``None`` for a finite one."""
    if math.isfinite(value):
        return None
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _text(value: str) -> str:
    # A lone surrogate is no Unicode text; JSON could write it, and hardly anybody read it.
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()


def run_summary_payload(snapshot: Any) -> dict[str, Any]:
    """Return the body of ``/runs/{run_id}``, from a snapshot or the facts of a run."""
    run = snapshot.run
    counts = dict(snapshot.record_counts)
    return {
        **to_jsonable(run),
        "stages": [to_jsonable(stage) for stage in snapshot.stages],
        "artifact_count": len(snapshot.artifacts),
        "record_count": sum(counts.values()) or len(getattr(snapshot, "records", ())),
        "record_counts": counts,
        "completeness_notes": list(snapshot.completeness_notes),
        "completeness": to_jsonable(snapshot.completeness),
        "provenance": to_jsonable(snapshot.provenance),
    }


_SCORES = {"complete": 1.0, "partial": 0.5, "missing": 0.0}


def reproducibility_payload(audit: Any) -> dict[str, Any]:
    """Return the body of ``/runs/{run_id}/reproducibility``."""
    provenance = audit.provenance
    bundle = None if provenance is None else provenance.evidence_bundle_ref
    missing = [
        name
        for name, found in (("provenance", provenance), ("environment_ref", audit.environment_ref))
        if found is None
    ]
    return {
        "run_id": audit.run_id,
        "code_revision": None if provenance is None else provenance.formation_context_ref,
        "config_hash": None if provenance is None else provenance.policy_ref,
        "environment_ref": audit.environment_ref,
        "dataset_version_refs": [] if bundle is None else [bundle],
        "missing_fields": missing,
        "reproducibility_score": _SCORES.get(audit.reproducibility_status, 0.0),
        "reproducibility_status": audit.reproducibility_status,
        "is_fully_reproducible": audit.reproducibility_status == "complete",
        "completeness_notes": [note.summary for note in audit.completeness_notes],
        "checks": dict(audit.checks),
        "python_version": audit.python_version,
        "platform": audit.platform,
        "package_count": audit.package_count,
        "environment_variable_count": audit.environment_variable_count,
    }


def environment_diff_payload(diff: Any) -> dict[str, Any]:
    """Return the body of ``/runs/{run_id}/environment-diff/{other}``."""
    packages = {
        name: to_jsonable(getattr(diff, f"{name}_packages"))
        for name in ("added", "removed", "changed")
    }
    variables = {
        name: to_jsonable(getattr(diff, f"{name}_variables"))
        for name in ("added", "removed", "changed")
    }
    changed = (
        ("python_version", diff.python_version_changed),
        ("platform", diff.platform_changed),
        ("packages", any(packages.values())),
        ("environment_variables", any(variables.values())),
    )
    sides = ("left", "right")
    return {
        "left_run_id": diff.left_run_id,
        "right_run_id": diff.right_run_id,
        "changed_fields": [name for name, differs in changed if differs],
        "missing_fields": [
            f"{side}_environment_ref"
            for side in sides
            if getattr(diff, f"{side}_environment_ref") is None
        ],
        "has_differences": any(differs for _, differs in changed),
        "left_environment_ref": diff.left_environment_ref,
        "right_environment_ref": diff.right_environment_ref,
        **{f"{side}_{name}": None for side in sides for name in ("code_revision", "config_hash")},
        "completeness_notes": [note.summary for note in diff.completeness_notes],
        "package_changes": packages,
        "environment_variable_changes": variables,
    }


def error_envelope(
    code: str, message: str, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the body of an answer that says an error."""
    return {
        "error": {
            "code": code,
            "message": message,
            "details": None if details is None else to_jsonable(details),
        }
    }
