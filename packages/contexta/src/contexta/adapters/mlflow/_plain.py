"""The plain functions of MLflow, called one by one in the capturing thread."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

from contexta.adapters.mlflow._names import MAX_TAG
from contexta.capture.sinks import SinkCaptureReceipt
from contexta.contract.models.records import (
    DegradedRecord,
    MetricRecord,
    StructuredEventRecord,
)


class PlainCalls:
    """Log through `log_metric` and `set_tag` of a module that has little else.

    Args:
        module: what `import mlflow` gives.
        run_id: given to every call that takes it; None means the active run.
    """

    def __init__(self, module: Any, run_id: str | None) -> None:
        self._module = module
        self._run_id = run_id
        self._once: set[str] = set()
        self._lock = threading.Lock()

    def metric(self, record: MetricRecord) -> SinkCaptureReceipt:
        """Log one value under its own key."""
        payload = record.payload
        log = self._module.log_metric
        when = {}
        if payload.step is not None and takes(log, "step"):
            when["step"] = payload.step
        log(payload.metric_key, float(payload.value), **when, **self._run(log))
        self._tag_once("contexta.run_ref", str(record.envelope.run_ref))
        if record.envelope.stage_execution_ref is not None:
            self._tag_once("contexta.stage_ref", str(record.envelope.stage_execution_ref))
        if payload.unit is not None:
            self._tag_once(f"contexta.metric_unit.{payload.metric_key}", payload.unit)
        for key, value in payload.tags.items():
            self._tag_once(f"contexta.tag.{key}", value)
        return SinkCaptureReceipt.success(metadata={"metric_key": payload.metric_key})

    def event(self, record: StructuredEventRecord) -> SinkCaptureReceipt:
        """Set a tag with the message of the event."""
        payload = record.payload
        self._tag(f"contexta.event.{payload.event_key}", payload.message[:MAX_TAG])
        self._tag_once("contexta.run_ref", str(record.envelope.run_ref))
        self._tag_once(f"contexta.event_level.{payload.event_key}", payload.level)
        return SinkCaptureReceipt.success(metadata={"event_key": payload.event_key})

    def degraded(self, record: DegradedRecord) -> SinkCaptureReceipt:
        """Set a tag with category and severity of the issue."""
        payload = record.payload
        self._tag(
            f"contexta.degraded.{payload.issue_key}", f"{payload.category}:{payload.severity}"
        )
        self._tag_once("contexta.degraded_run_ref", str(record.envelope.run_ref))
        return SinkCaptureReceipt.success(metadata={"issue_key": payload.issue_key})

    def _tag_once(self, key: str, value: str) -> None:
        with self._lock:
            if key in self._once:
                return
            self._once.add(key)
        self._tag(key, value)

    def _tag(self, key: str, value: str) -> None:
        call = self._module.set_tag
        if self._run_id is not None and not takes(call, "run_id"):
            # MLflow's own set_tag writes to the active run only; its client takes any run.
            self._module.MlflowClient().set_tag(self._run_id, key, value)
            return
        call(key, value, **self._run(call))

    def _run(self, call: Callable[..., Any]) -> dict[str, str]:
        if self._run_id is None or not takes(call, "run_id"):
            return {}
        return {"run_id": self._run_id}


def takes(call: Callable[..., Any], name: str) -> bool:
    """Say whether `call` has a parameter `name`, or takes any keyword."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):  # a callable that does not tell: as its documentation says
        return True
    return any(one.name == name or one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters)
