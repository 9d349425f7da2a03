"""The MLflow sink."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any

from contexta.adapters._vendor import missing
from contexta.adapters.mlflow._client import ClientCalls
from contexta.adapters.mlflow._plain import PlainCalls
from contexta.capture.results import PayloadFamily
from contexta.capture.sinks import BaseSink, SinkCaptureReceipt
from contexta.common.results import enum_member
from contexta.contract.models.records import (
    DegradedRecord,
    MetricRecord,
    StructuredEventRecord,
)
from contexta.contract.time import to_epoch_us


class MLflowSink(BaseSink):
    """Send records, params, tags and the status of runs to MLflow.

    Where they go: to the MLflow run `run_id`; or, with `experiment`, to one MLflow run per
    run of Contexta, which ends with its status; or to the run that is active in MLflow when
    a run of Contexta begins. Without any of these nothing is sent, no run is started, and
    receipts say FAILURE.

    A metric becomes `<stage>/<key>`, with `/<tag>:<value>` for each of its tags, so that
    `loss` of `train` and of `valid` stay apart; step and time come along. Characters that
    MLflow refuses become `_`, and 8 hex digits keep such names apart. Params keep their
    first value in MLflow, so a later one is the tag `contexta.param.<name>`. The revision and
    the data set that a run names are tags, as are events and degraded records. Spans are left
    out; `OTelSink` takes them.

    Entries go out in batches from a background thread; `flush`, the end of a run and the
    end of the program wait for it. What MLflow refuses is logged, counted in `lost`, and
    told by the next receipt. Calls may come from any thread.

    A module `mlflow` without a client class is called through its plain `log_metric` and
    `set_tag`, in the capturing thread, with the metric's own key.

    Args:
        run_id: an existing MLflow run, which stays open.
        name: shown in deliveries and logs.
        experiment: name of an experiment; created when it does not exist.
        artifacts: also copy registered artifacts to MLflow.
        stage_in_key: False keeps metric keys as they are; stages and tags become tags.
        batch_seconds: how long a batch is gathered.
        max_waiting: entries that may wait; beyond that receipts say FAILURE.

    Raises:
        DependencyError: code `mlflow_not_ready`: MLflow is not installed.
        ValueError: both `run_id` and `experiment` are given.
    """

    def __init__(
        self,
        *,
        run_id: str | None = None,
        name: str = "mlflow",
        experiment: str | None = None,
        artifacts: bool = False,
        stage_in_key: bool = True,
        batch_seconds: float = 1.0,
        max_waiting: int = 100_000,
    ) -> None:
        families = [PayloadFamily.RECORD, *([PayloadFamily.ARTIFACT] if artifacts else [])]
        super().__init__(name=name, supported_families=families)
        if run_id is not None and experiment is not None:
            raise ValueError(f"give run_id ({run_id!r}) or experiment ({experiment!r}), not both")
        try:
            import mlflow
        except ImportError as error:
            raise missing("MLflowSink", "mlflow", "mlflow", "mlflow_not_ready", error) from error
        self._run_id = run_id
        self._calls: ClientCalls | PlainCalls
        if _is_whole(mlflow):
            self._calls = ClientCalls(
                mlflow,
                run_id=run_id,
                experiment=experiment,
                stage_in_key=stage_in_key,
                seconds=batch_seconds,
                most=max_waiting,
            )
        else:
            self._calls = PlainCalls(mlflow, run_id)

    @property
    def lost(self) -> int:
        """Entries that MLflow did not take."""
        return self._calls.delivery.lost if isinstance(self._calls, ClientCalls) else 0

    def capture(self, *, family: PayloadFamily | str, payload: Any) -> SinkCaptureReceipt:
        """Take one payload; those of other kinds are left alone."""
        member = enum_member(PayloadFamily, family)
        if member is PayloadFamily.RECORD:
            if isinstance(payload, MetricRecord):
                return self._calls.metric(payload)
            if isinstance(payload, StructuredEventRecord):
                return self._calls.event(payload)
            if isinstance(payload, DegradedRecord):
                return self._calls.degraded(payload)
        elif (
            member in self.supported_families
            and isinstance(payload, Mapping)
            and isinstance(self._calls, ClientCalls)
        ):
            return self._calls.artifact(payload)
        return SinkCaptureReceipt.success(detail="MLflow has no form for this payload")

    def flush(self, *, timeout_seconds: float = 30.0) -> bool:
        """Wait until MLflow has what was captured before; say whether it did in time."""
        if isinstance(self._calls, ClientCalls):
            return self._calls.delivery.flush(timeout_seconds)
        return True

    def close(self) -> None:
        """Flush. Runs of MLflow that are still open stay so."""
        self.flush()

    def run_opened(self, run: Any) -> None:
        """Take over params and tags of a run that begins."""
        if isinstance(self._calls, ClientCalls):
            self._calls.open_run(run)

    def params_logged(self, run_ref: str, params: Mapping[str, Any]) -> None:
        """Take over params that were set later."""
        if isinstance(self._calls, ClientCalls):
            self._calls.set_params(run_ref, params)

    def tags_set(self, run_ref: str, tags: Mapping[str, str]) -> None:
        """Take over tags that were set later."""
        if isinstance(self._calls, ClientCalls):
            self._calls.set_tags(run_ref, tags)

    def run_closed(self, run_ref: str, status: str, ended_at: str) -> None:
        """Take over the status of a run, and wait until MLflow has everything."""
        if isinstance(self._calls, ClientCalls):
            self._calls.close_run(run_ref, status, to_epoch_us(ended_at))
            self.flush()


def _is_whole(module: Any) -> bool:
    """Say whether this is the library, and not a stand-in with some of its functions."""
    client = getattr(module, "MlflowClient", None)
    return isinstance(client, type) and isinstance(module.log_metric, FunctionType)
