"""A sink that hands each payload to several others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contexta.capture._checks import shown
from contexta.capture.results import DeliveryStatus, PayloadFamily
from contexta.capture.sinks._base import BaseSink, Sink, SinkCaptureReceipt
from contexta.common.results import FailureInfo, enum_member
from contexta.contract.errors import ContextaError, DispatchError


class CompositeSink(BaseSink):
    """Deliver to each child that wants the family; one failing child stops no other.

    Children that raise, return a FAILURE receipt or return nothing count as
    failed. All failed raises; some failed or degraded gives a degraded receipt.
    """

    def __init__(self, sinks: Sequence[Sink], *, name: str = "composite") -> None:
        self.sinks: tuple[Sink, ...] = tuple(sinks)
        families: dict[PayloadFamily, None] = {}
        for sink in self.sinks:
            for family in PayloadFamily:
                if sink.supports(family):
                    families.setdefault(family)
        super().__init__(name=name, supported_families=families or None)

    def capture(self, *, family: PayloadFamily | str, payload: Any) -> SinkCaptureReceipt:
        """Hand one payload to the children.

        Raises:
            DispatchError: no child takes it, or all children failed.
        """
        member = self.make_request(family=family, payload=payload).family
        children = [sink for sink in self.sinks if sink.supports(member)]
        if not children:
            raise DispatchError(
                f"no child of sink {self.name!r} takes {member.value}",
                code="composite_sink_no_eligible_children",
                details={"sink_name": self.name, "family": member.value},
            )
        good: list[str] = []
        degraded: list[str] = []
        failures: list[dict[str, str]] = []
        for child in children:
            receipt, failure = _deliver(child, member, payload)
            if failure is not None:
                failures.append({"sink_name": child.name, **failure})
            elif receipt is not None and receipt.status is DeliveryStatus.DEGRADED:
                degraded.append(f"{child.name}: {receipt.detail}")
            else:
                good.append(f"{child.name}: {receipt.detail if receipt else ''}")
        return self._summarize(member, good, degraded, failures)

    def _summarize(
        self,
        family: PayloadFamily,
        good: list[str],
        degraded: list[str],
        failures: list[dict[str, str]],
    ) -> SinkCaptureReceipt:
        if not good and not degraded:
            raise DispatchError(
                f"all {len(failures)} children of sink {self.name!r} failed",
                code="composite_sink_all_children_failed",
                details={"sink_name": self.name, "family": family.value, "failures": failures},
            )
        metadata = {
            "family": family.value,
            "success_count": len(good),
            "degraded_count": len(degraded),
            "failure_count": len(failures),
            "successes": tuple(good),
            "degradations": tuple(degraded),
            "failures": tuple(failures),
        }
        if not degraded and not failures:
            return SinkCaptureReceipt.success(metadata=metadata)
        named = [item["sink_name"] for item in failures] + degraded
        return SinkCaptureReceipt.degraded(
            detail=f"not whole at: {', '.join(named)}", metadata=metadata
        )


def _deliver(
    sink: Sink, family: PayloadFamily, payload: Any
) -> tuple[SinkCaptureReceipt | None, dict[str, str] | None]:
    try:
        receipt = sink.capture(family=family, payload=payload)
        status = enum_member(DeliveryStatus, getattr(receipt, "status", None) or "FAILURE")
    except Exception as error:
        info = FailureInfo.from_exception(error)
        code = info.code if isinstance(error, ContextaError) else "unexpected_sink_error"
        return None, {"code": code, "message": info.message}
    if status in (DeliveryStatus.FAILURE, DeliveryStatus.SKIPPED):
        detail = str(getattr(receipt, "detail", "")) or f"the sink returned {shown(receipt)}"
        return None, {"code": "unexpected_sink_error", "message": detail}
    detail = str(getattr(receipt, "detail", "") or "")
    return SinkCaptureReceipt(status, detail), None
