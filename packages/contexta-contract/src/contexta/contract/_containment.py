"""Rules between refs: what lies inside what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contexta.contract._problems import Problem
from contexta.contract._refs._stable_ref import StableRef

_BELOW_STAGE = ("batch_execution_ref", "sample_observation_ref", "operation_context_ref")


def inside(ref: StableRef, owner: StableRef) -> bool:
    """Tell whether the components of ``ref`` start with all of those of ``owner``."""
    return ref.value.startswith(owner.value + ".")


def check_inside(
    values: Mapping[str, Any], field: str, owner_field: str, code: str, found: list[Problem]
) -> None:
    """Report a ref that does not start with its owner's components; absent ones pass."""
    ref, owner = values.get(field), values.get(owner_field)
    if ref is None or owner is None or ref.value.startswith(owner.value + "."):
        return
    found.append(mismatch(field, ref, owner_field, owner, code))


def check_derived(
    values: Mapping[str, Any], field: str, owner_field: str, name_field: str, found: list[Problem]
) -> None:
    """Report a ref that is not its owner's value, a dot and the object's own name."""
    ref, owner, name = values.get(field), values.get(owner_field), values.get(name_field)
    if ref is None or owner is None or name is None:
        return
    expected = f"{owner.value}.{name}"
    if ref.value != expected:
        found.append(
            Problem(
                "context_ref_prefix_mismatch",
                "$." + field,
                f"{ref.text!r} is not built from {owner_field} and {name_field}; "
                f"it must be '{ref.kind}:{expected}'",
                {
                    "field_name": field,
                    field: ref.text,
                    owner_field: owner.text,
                    name_field: name,
                    "ref_value": ref.value,
                    "prefix_value": owner.value,
                },
            )
        )


def mismatch(field: str, ref: StableRef, owner_field: str, owner: StableRef, code: str) -> Problem:
    """Build the problem of a ref that does not lie inside its owner."""
    return Problem(
        code,
        "$." + field,
        f"{ref.text!r} does not lie inside {owner_field} {owner.text!r}; "
        f"its value must start with '{owner.value}.'",
        {
            "field_name": field,
            field: ref.text,
            owner_field: owner.text,
            "ref_value": ref.value,
            "prefix_value": owner.value,
        },
    )


def check_containment(
    values: Mapping[str, Any], own_field: str, area: str, found: list[Problem]
) -> None:
    """Check the scope refs of a record or an artifact against its run, outside in.

    Args:
        values: The fields; those that are bad by themselves are left out.
        own_field: The field with the object's own ref.
        area: ``record`` or ``artifact``, the beginning of the codes.
        found: Receives the problems.
    """
    get = values.get
    run, stage, batch = get("run_ref"), get("stage_execution_ref"), get("batch_execution_ref")
    sample, operation = get("sample_observation_ref"), get("operation_context_ref")
    code = area + "_ref_prefix_mismatch"
    if run is not None:
        # Written out: this runs once for every record.
        prefix = run.value + "."
        own = get(own_field)
        if own is not None and not own.value.startswith(prefix):
            found.append(mismatch(own_field, own, "run_ref", run, code))
        if stage is not None and not stage.value.startswith(prefix):
            found.append(mismatch("stage_execution_ref", stage, "run_ref", run, code))
    if batch is sample is operation is None:
        return
    if stage is None:
        if "stage_execution_ref" in values:
            found += [_needs_stage(field, area) for field in _BELOW_STAGE if get(field) is not None]
        return
    check_inside(values, "batch_execution_ref", "stage_execution_ref", code, found)
    owner = "stage_execution_ref" if batch is None else "batch_execution_ref"
    check_inside(values, "sample_observation_ref", owner, code, found)
    check_inside(values, "operation_context_ref", owner, code, found)


def _needs_stage(field: str, area: str) -> Problem:
    return Problem(
        area + "_missing_stage_context",
        "$.stage_execution_ref",
        f"is missing although {field} is given; pass the stage that it belongs to",
        {},
    )
