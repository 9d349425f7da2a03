"""Which sink an entry goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contexta.contract.errors import ValidationError
from contexta.recovery._errors import ReplayError
from contexta.recovery._layout import layout_of
from contexta.recovery._sinks import LocalReplaySink, ReplaySink, wants_deliveries

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery.outbox import Entry


@dataclass(frozen=True, slots=True)
class Router:
    """Chooses the sink of an entry.

    Args:
        sinks: In order of preference.
        target: Only entries of this sink, and those that name none; None means all.
        by_name: Whether an entry that names a sink goes to no other.
        own: The sinks that this replay made, and closes.
    """

    sinks: tuple[ReplaySink, ...]
    target: str | None
    by_name: bool
    own: tuple[LocalReplaySink, ...] = ()

    @classmethod
    def of(
        cls,
        config: RecoveryConfig,
        sinks: Sequence[ReplaySink] | None,
        target: str | None,
        *,
        by_name: bool,
    ) -> Router:
        """Build a router.

        Raises:
            ReplayError: `recovery_replay_target_missing` when no given sink is named `target`.
            ValidationError: `recovery_invalid_sink`, naming all that are none.
        """
        if not sinks:
            local = LocalReplaySink(layout_of(config).exports / "replayed", target)
            return cls((local,), target, by_name=False, own=(local,))
        _check(sinks)
        chosen = tuple(sink for sink in sinks if target is None or sink.name == target)
        if not chosen:
            names = [sink.name for sink in sinks]
            raise ReplayError(
                f"No sink is named {target!r}; the given ones are {names}.",
                code="recovery_replay_target_missing",
                details={"target": target, "sinks": names},
            )
        return cls(chosen, target, by_name or len(chosen) > 1)

    def wants(self, entry: Entry) -> bool:
        """Tell whether this replay is about the entry."""
        return self.target is None or entry.sink_name in (None, self.target)

    def sink_of(self, entry: Entry) -> ReplaySink | None:
        """Return the sink, or None when the entry names one that was not given."""
        if entry.sink_name is None or not self.by_name:
            return self.sinks[0]
        return next((sink for sink in self.sinks if sink.name == entry.sink_name), None)


def _check(sinks: Sequence[ReplaySink]) -> None:
    # A sink that cannot be called would cost each entry one of its tries.
    wrong = [
        f"{sink!r:.80}"
        for sink in sinks
        if not isinstance(getattr(sink, "name", None), str)
        or not (callable(getattr(sink, "capture", None)) or wants_deliveries(sink))
    ]
    if wrong:
        raise ValidationError(
            f"These are no sinks: {', '.join(wrong)}. A sink has a name, and capture(family=, "
            "payload=) or deliver(delivery).",
            code="recovery_invalid_sink",
            details={"sinks": wrong},
        )
