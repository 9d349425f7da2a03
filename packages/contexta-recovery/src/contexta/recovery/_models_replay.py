"""What became of outbox entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contexta.recovery._checks import count, required_text
from contexta.recovery._models_base import RecoveryResult, set_fields


@dataclass(frozen=True, slots=True)
class ReplayEntryResult:
    """What became of one outbox entry.

    `status` is `SUCCESS`, `DEGRADED` or `FAILURE` of the delivery, or `SKIPPED` when no sink of
    its name was given. `attempts` counts failed replays, this one included. `delivery_id` is what
    the sink can tell a repetition by. `next_attempt_at`, UTC text, is when an entry that failed is
    due again; None when it left the outbox or did not fail.
    """

    replay_ref: str
    family: str
    target: str
    status: str
    detail: str = ""
    attempts: int = 0
    delivery_id: str = ""
    next_attempt_at: str | None = None

    def __post_init__(self) -> None:
        set_fields(
            self,
            replay_ref=required_text("replay_ref", self.replay_ref),
            family=required_text("family", self.family),
            target=required_text("target", self.target),
            status=required_text("status", self.status).upper(),
            attempts=count("attempts", self.attempts),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {
            "replay_ref": self.replay_ref,
            "family": self.family,
            "target": self.target,
            "status": self.status,
            "detail": self.detail,
            "attempts": self.attempts,
            "delivery_id": self.delivery_id,
            "next_attempt_at": self.next_attempt_at,
        }


@dataclass(frozen=True, slots=True)
class ReplayBatchResult(RecoveryResult):
    """One pass over the outbox. `pending_count` is what is left in the file."""

    entries: tuple[ReplayEntryResult, ...] = ()
    acknowledged_count: int = 0
    pending_count: int = 0
    dead_lettered_count: int = 0

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        set_fields(
            self,
            entries=tuple(self.entries),
            acknowledged_count=count("acknowledged_count", self.acknowledged_count),
            pending_count=count("pending_count", self.pending_count),
            dead_lettered_count=count("dead_lettered_count", self.dead_lettered_count),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "entries": [entry.to_dict() for entry in self.entries],
            "acknowledged_count": self.acknowledged_count,
            "pending_count": self.pending_count,
            "dead_lettered_count": self.dead_lettered_count,
        }
