"""Compare what two workspaces answer, and name each difference."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contexta.recovery._errors import RestoreError
from contexta.recovery._models_rehearsal import RehearsalDifference

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_DIFFERENCES = 1000


def differences_of(
    live: Mapping[str, Any], restored: Mapping[str, Any]
) -> tuple[RehearsalDifference, ...]:
    """Return where two sets of answers differ, at most 1,000 places, in the order of questions."""
    found: list[RehearsalDifference] = []
    for question in sorted(live.keys() | restored.keys()):
        left, right = live.get(question), restored.get(question)
        for place, one, other in _places(left, right, ""):
            found.append(RehearsalDifference(question, place, one, other))
            if len(found) == MOST_DIFFERENCES:
                return tuple(found)
    return tuple(found)


def json_answers(side: str, answers: object) -> dict[str, Any]:
    """Return answers as plain JSON data, numbers that are not finite included.

    Raises:
        RestoreError: `recovery_rehearsal_answers_invalid` when they are none.
    """
    if not isinstance(answers, Mapping):
        raise _invalid(side, f"{type(answers).__name__} is no mapping", None)
    try:
        data: dict[str, Any] = json.loads(json.dumps({str(key): answers[key] for key in answers}))
    except (TypeError, ValueError, RecursionError) as error:
        raise _invalid(side, str(error), error) from error
    return data


def _invalid(side: str, reason: str, cause: Exception | None) -> RestoreError:
    return RestoreError(
        f"answers() of the {side} workspace did not return JSON data by question: {reason}.",
        code="recovery_rehearsal_answers_invalid",
        details={"side": side},
        cause=cause,
    )


def _places(live: Any, restored: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(live, dict) and isinstance(restored, dict):
        for key in sorted(live.keys() | restored.keys()):
            below = f"{place}.{key}" if place else str(key)
            yield from _places(live.get(key), restored.get(key), below)
    elif isinstance(live, list) and isinstance(restored, list):
        if len(live) != len(restored):
            yield f"length of {place}" if place else "length", len(live), len(restored)
        for index, (one, other) in enumerate(zip(live, restored, strict=False)):
            yield from _places(one, other, f"{place}[{index}]")
    elif not _same(live, restored):
        yield place, live, restored


def _same(live: Any, restored: Any) -> bool:
    if isinstance(live, float) and isinstance(restored, float) and math.isnan(live):
        return math.isnan(restored)
    return type(live) is type(restored) and bool(live == restored)
