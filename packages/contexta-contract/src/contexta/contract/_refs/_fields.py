"""Which kind of ref belongs into which field."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from contexta.contract._refs._stable_ref import (
    CORE_STABLE_REF_COMPONENT_COUNTS,
    CORE_STABLE_REF_KINDS,
    StableRef,
    count_fits,
    count_problem,
)
from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr

STABLE_REF_FIELD_KIND_MAP: Final = MappingProxyType(
    {
        "project_ref": ("project",),
        "run_ref": ("run",),
        "deployment_execution_ref": ("deployment",),
        "stage_execution_ref": ("stage",),
        "batch_execution_ref": ("batch",),
        "sample_observation_ref": ("sample",),
        "operation_context_ref": ("op",),
        "record_ref": ("record",),
        "artifact_ref": ("artifact",),
        "subject_ref": tuple(CORE_STABLE_REF_COMPONENT_COUNTS),
    }
)


def validate_core_stable_ref(ref: StableRef) -> StableRef:
    """Return ``ref`` if a core kind has its number of components; other kinds pass.

    Raises:
        ValidationError: ``stable_ref_invalid_shape``, or ``context_invalid_ref`` for another type.
    """
    _require_ref(ref)
    if ref.kind in CORE_STABLE_REF_KINDS and not count_fits(ref):
        raise ValidationError(
            count_problem(ref),
            code="stable_ref_invalid_shape",
            details={
                "kind": ref.kind,
                "value": ref.value,
                "expected_count": CORE_STABLE_REF_COMPONENT_COUNTS[ref.kind],
            },
        )
    return ref


def validate_stable_ref_kind(
    ref: StableRef, expected: str | Sequence[str], *, field_name: str | None = None
) -> StableRef:
    """Return ``ref`` if its kind is ``expected``, or one of them.

    Raises:
        ValidationError: ``stable_ref_kind_mismatch``.
    """
    _require_ref(ref)
    allowed = (expected,) if isinstance(expected, str) else tuple(expected)
    if ref.kind not in allowed:
        raise kind_mismatch(ref, allowed, field_name)
    return ref


def validate_stable_ref_field(ref: StableRef, field_name: str) -> StableRef:
    """Return ``ref`` if it may stand in the field of that name.

    Raises:
        ValidationError: ``stable_ref_unknown_field``, ``stable_ref_invalid_shape`` or
            ``stable_ref_kind_mismatch``.
    """
    validate_core_stable_ref(ref)
    allowed = STABLE_REF_FIELD_KIND_MAP.get(field_name)
    if allowed is None:
        known = ", ".join(STABLE_REF_FIELD_KIND_MAP)
        raise ValidationError(
            f"Unknown ref field {short_repr(field_name)}; known fields are {known}",
            code="stable_ref_unknown_field",
            details={"field_name": field_name},
        )
    return validate_stable_ref_kind(ref, allowed, field_name=field_name)


def kind_mismatch(
    ref: StableRef, allowed: tuple[str, ...], field_name: str | None
) -> ValidationError:
    """Build the error of a ref whose kind does not fit its place."""
    where = f"{field_name} " if field_name else ""
    return ValidationError(
        f"ref kind mismatch: {where}{short_repr(ref.text)} is a {ref.kind!r} ref, expected "
        f"{' or '.join(repr(kind) for kind in allowed)}; pass a ref of that kind",
        code="stable_ref_kind_mismatch",
        details={"field_name": field_name, "allowed": allowed, "actual": ref.kind},
    )


def _require_ref(ref: object) -> None:
    if not isinstance(ref, StableRef):
        raise ValidationError(
            f"{short_repr(ref)} is {type(ref).__name__}, not a StableRef; "
            "use StableRef.parse(text)",
            code="context_invalid_ref",
            details={"field_name": None, "type": type(ref).__name__},
        )
