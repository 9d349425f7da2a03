"""Outbox methods of the facade: deliver again what the sinks did not take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from contexta._workspace import Workspace
    from contexta.capture.sinks import Sink
    from contexta.config import UnifiedConfig
    from contexta.recovery import (
        Backoff,
        DeadLetter,
        DeadLetterResult,
        ReplayBatchResult,
    )
    from contexta.runtime.session import RuntimeSession


class OutboxDelegates:
    """The outbox of the workspace, with the sinks of this facade."""

    __slots__ = ()

    config: UnifiedConfig
    _planes: Workspace

    if TYPE_CHECKING:

        @property
        def _session(self) -> RuntimeSession: ...

    def replay_outbox(
        self,
        *,
        target: str | None = None,
        limit: int | None = None,
        acknowledge_successes: bool = True,
        dead_letter_after_failures: int | None = None,
        due_only: bool = False,
        mode: Literal["tolerant", "strict"] | None = None,
        backoff: Backoff | None = None,
        wait_seconds: float = 60.0,
    ) -> ReplayBatchResult:
        """Deliver what waits to the sinks of this facade, each entry to the sink that it names.

        A sink gets the models that it would have got while they were captured.
        Entries of sinks that this facade does not have are `SKIPPED` and stay.
        See `contexta.recovery.replay_outbox` for the arguments.

        Raises:
            ReplayError: `recovery_replay_target_missing` when there is no such
                sink, or none at all; otherwise as `contexta.recovery.replay_outbox`.
            ReadOnlyStoreError: code `facade_read_only`.
        """
        from contexta.recovery import ReplayError, replay_outbox

        self._planes.require_writable()
        sinks = self._session.dispatcher.sinks
        if not sinks:
            raise ReplayError(
                "This Contexta has no sinks to deliver to. Open it with sinks=[...]; or copy the "
                "waiting payloads to files with contexta.recovery.replay_outbox(ctx.config).",
                code="recovery_replay_target_missing",
                details={"target": target, "sinks": []},
            )
        return replay_outbox(
            self.config,
            target=target,
            limit=limit,
            acknowledge_successes=acknowledge_successes,
            dead_letter_after_failures=dead_letter_after_failures,
            sinks=[_as_live(sink) for sink in sinks],
            due_only=due_only,
            by_name=True,
            typed=True,
            mode=mode,
            backoff=backoff,
            redact=self._session.redactor.text,
            wait_seconds=wait_seconds,
        )

    def list_dead_letters(self, *, target: str | None = None) -> tuple[DeadLetter, ...]:
        """Return the deliveries that were given up, oldest first."""
        from contexta.recovery import list_dead_letters

        return list_dead_letters(self.config, target=target)

    def retry_dead_letters(self, refs: Sequence[str] | None = None) -> DeadLetterResult:
        """Put dead letters back into the outbox; None means all.

        Raises:
            ReplayError: as `contexta.recovery.retry_dead_letters`.
            ReadOnlyStoreError: code `facade_read_only`.
        """
        from contexta.recovery import retry_dead_letters

        self._planes.require_writable()
        return retry_dead_letters(self.config, refs)

    def discard_dead_letters(self, refs: Sequence[str]) -> DeadLetterResult:
        """Remove dead letters for good.

        Raises:
            ReplayError: as `contexta.recovery.discard_dead_letters`.
            ReadOnlyStoreError: code `facade_read_only`.
        """
        from contexta.recovery import discard_dead_letters

        self._planes.require_writable()
        return discard_dead_letters(self.config, refs)


def _as_live(sink: Sink) -> Any:
    """Return the sink, called as the dispatcher calls it, unless it asks for whole deliveries."""
    from contexta.recovery import wants_deliveries

    return sink if wants_deliveries(sink) else _LiveSink(sink)


class _LiveSink:
    """Hands a sink the family and the payload in the classes of live capture."""

    def __init__(self, sink: Sink) -> None:
        from contexta.capture.dispatch import name_of

        self.name = name_of(sink)
        self._sink = sink
        self.flush_deliveries = getattr(sink, "flush_deliveries", None)

    def capture(self, *, family: str, payload: Any) -> Any:
        from contexta.capture.results import PayloadFamily
        from contexta.common.results import enum_member

        member = enum_member(PayloadFamily, family)
        if member is PayloadFamily.ARTIFACT and isinstance(payload, Mapping):
            payload = _artifact_payload(payload)
        receipt = self._sink.capture(family=member, payload=payload)
        if getattr(receipt, "status", None) is None:
            # The dispatcher holds the same: nothing says that the payload was taken.
            raise ValueError(f"sink {self.name!r} returned no receipt")
        return receipt


def _artifact_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    from contexta.capture.artifacts import (
        ArtifactRegistrationRequest,
        ArtifactSource,
        ArtifactSourceKind,
        ArtifactVerificationPolicy,
    )

    def source(data: Mapping[str, Any]) -> ArtifactSource:
        return ArtifactSource(ArtifactSourceKind(data["kind"]), data["uri"], data["exists"])

    models = dict(payload)
    if isinstance(payload.get("source"), Mapping):
        models["source"] = source(payload["source"])
    request = payload.get("request")
    if isinstance(request, Mapping):
        models["request"] = ArtifactRegistrationRequest(
            request["artifact_ref"],
            request["artifact_kind"],
            source(request["source"]),
            ArtifactVerificationPolicy(**request["verification_policy"]),
            request["attributes"],
        )
    return models
