"""What a fragment says of itself to programs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any


def facts_of(value: Any) -> dict[str, Any]:
    """Return `kind`, and `run_ids`, `metric_key` and `completeness` where the result has them."""
    several = isinstance(value, Sequence)
    first = value[0] if several and value else value
    kind = getattr(value, "kind", type(first)) if several and not value else type(first)
    facts: dict[str, Any] = {"kind": _snake(kind.__name__)}
    runs = list(dict.fromkeys(_runs_of(value if several else [value])))
    if runs:
        facts["run_ids"] = runs
    key = getattr(first, "metric_key", None)
    if key is not None:
        facts["metric_key"] = key
    completeness = getattr(value, "completeness", None)
    if completeness is not None:
        facts["completeness"] = completeness.to_dict()
    return facts


def _runs_of(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        run = getattr(value, "run", None)
        singles = [getattr(value, name, None) for name in ("run_id", "left_run_id", "right_run_id")]
        yield from (found for found in (getattr(run, "run_id", None), *singles) if found)
        yield from getattr(value, "run_ids", ())
        yield from (point.run_id for point in getattr(value, "points", ()) if _has_run(point))


def _has_run(point: object) -> bool:
    return hasattr(point, "run_id")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
