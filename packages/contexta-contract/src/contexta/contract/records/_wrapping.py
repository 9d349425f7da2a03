"""Rules between an envelope and its payload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contexta.contract._problems import Problem


def check_wrapped(values: Mapping[str, Any], record_type: str, found: list[Problem]) -> None:
    """Check that the envelope announces this type of record, and a payload that is there."""
    envelope = values.get("envelope")
    if envelope is None:
        return
    if envelope.record_type != record_type:
        found.append(_wrong_type(envelope.record_type, record_type))
    if envelope.completeness_marker == "absent":
        found.append(
            Problem(
                "record_absent_not_allowed",
                "$.envelope.completeness_marker",
                f"'absent' fits no {record_type} record, for its payload is there; "
                "use a degraded record for what is missing",
                {"record_type": record_type},
            )
        )


def check_degraded(values: Mapping[str, Any], found: list[Problem]) -> None:
    """Check that the envelope announces a degraded record and says how it is degraded."""
    envelope = values.get("envelope")
    if envelope is None:
        return
    if envelope.record_type != "degraded":
        found.append(_wrong_type(envelope.record_type, "degraded"))
    if envelope.degradation_marker == "none":
        found.append(
            Problem(
                "record_degraded_requires_gap",
                "$.envelope.degradation_marker",
                "'none' fits no degraded record; say what went wrong, such as 'capture_gap'",
                {},
            )
        )


def _wrong_type(actual: str, expected: str) -> Problem:
    return Problem(
        "record_type_mismatch",
        "$.envelope.record_type",
        f"{actual!r} is not {expected!r}; set record_type={expected!r} or use the other record",
        {"expected": expected, "actual": actual},
    )
