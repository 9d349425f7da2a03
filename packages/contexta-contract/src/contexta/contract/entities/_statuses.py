"""The states of things that run, and the rules that come with them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from contexta.contract._fields._text import ChoiceRule
from contexta.contract._problems import Problem

_Status = Literal["open", "completed", "failed", "cancelled", "interrupted"]
Status = Annotated[_Status, ChoiceRule("context_invalid_status")]

RUN_STAGE_STATUSES: Final[tuple[str, ...]] = get_args(_Status)
"""``interrupted``: the process ended without closing the run; a later opener closed it."""


def check_lifecycle(values: dict[str, Any], found: list[Problem]) -> None:
    """Check that status and ``ended_at`` agree and that nothing ends before it starts."""
    status = values.get("status")
    if status is not None and "ended_at" in values:
        ended = values["ended_at"]
        if status == "open" and ended is not None:
            found.append(_transition(status, ended, "has ended_at; leave it out until the end"))
        elif status != "open" and ended is None:
            found.append(_transition(status, ended, "needs ended_at; pass when it ended"))
    started, ended = values.get("started_at"), values.get("ended_at")
    if started is not None and ended is not None and ended < started:
        found.append(
            Problem(
                "context_invalid_time_order",
                "$.ended_at",
                f"{ended!r} lies before started_at {started!r}; swap or correct them",
                {"started_at": started, "ended_at": ended},
            )
        )


def _transition(status: str, ended: str | None, reason: str) -> Problem:
    details = {"status": status, "ended_at": ended} if ended else {"status": status}
    return Problem(
        "context_invalid_status_transition", "$.ended_at", f"status {status!r} {reason}", details
    )
