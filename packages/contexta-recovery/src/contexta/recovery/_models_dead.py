"""What was given up, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contexta.recovery._checks import count, texts
from contexta.recovery._models_base import RecoveryResult, set_fields


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One delivery that failed too often, or one line that is no delivery.

    Args:
        letter_ref: Names it for `retry_dead_letters` and `discard_dead_letters`.
        reason: Why it is here: the last error, or what is wrong with the line.
        dead_lettered_at: UTC text; None when nobody said.
        replay_ref: Of the delivery; None for a line that is none.
        delivery_id: What its sink knows it by.
        family: As written.
        sink_name: The sink that did not take it.
        payload: Plain data, as written.
        payload_type: Name of the class that was captured.
        attempts: Replays that failed.
        capture_attempts: Tries of capture before it was queued.
        line: The text of a line that is no delivery (base64 when it is no UTF-8), else None.
    """

    letter_ref: str
    reason: str
    dead_lettered_at: str | None = None
    replay_ref: str | None = None
    delivery_id: str | None = None
    family: str | None = None
    sink_name: str | None = None
    payload: Any = None
    payload_type: str | None = None
    attempts: int = 0
    capture_attempts: int = 0
    line: str | None = None

    @property
    def can_be_retried(self) -> bool:
        """Whether it is a delivery."""
        return self.line is None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class DeadLetterResult(RecoveryResult):
    """What was done with dead letters.

    `letter_refs` are those that left; `remaining_count` is how many there are still.
    """

    letter_refs: tuple[str, ...] = ()
    remaining_count: int = 0

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        set_fields(
            self,
            letter_refs=texts("letter_refs", self.letter_refs),
            remaining_count=count("remaining_count", self.remaining_count),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "letter_refs": list(self.letter_refs),
            "remaining_count": self.remaining_count,
        }
