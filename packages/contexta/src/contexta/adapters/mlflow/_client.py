"""Records, params, tags and status of runs as entries for MLflow's client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from contexta.adapters.mlflow._delivery import Delivery, Entry
from contexta.adapters.mlflow._names import MAX_PARAM, MAX_TAG, allowed, as_text, metric_name
from contexta.capture.sinks import SinkCaptureReceipt
from contexta.contract.models.records import (
    DegradedRecord,
    MetricRecord,
    StructuredEventRecord,
)
from contexta.contract.time import to_epoch_us

_LAST_WAIT = 30.0
_STATUS = {"completed": "FINISHED", "failed": "FAILED"}
NO_RUN = (
    "no MLflow run is active in this thread: call mlflow.start_run() first, or give the sink "
    "run_id= or experiment="
)


class ClientCalls:
    """Log through an `MlflowClient`, in the background.

    Args:
        module: what `import mlflow` gives.
        run_id: the MLflow run; None means the active one, or one per run of Contexta.
        experiment: name of the experiment in which runs are opened; None opens none.
        stage_in_key: put stage and tags into metric names.
        seconds: how long a batch is gathered.
        most: entries that may wait.
    """

    def __init__(
        self,
        module: Any,
        *,
        run_id: str | None,
        experiment: str | None,
        stage_in_key: bool,
        seconds: float,
        most: int,
    ) -> None:
        self._module = module
        self._run_id = run_id
        self._experiment = experiment
        self._stage_in_key = stage_in_key
        self._client = module.MlflowClient()
        self._entities: Any = module.entities
        self._lock = threading.RLock()
        self._targets: dict[str, Callable[[], str]] = {}
        self._sent: dict[tuple[str, str], str] = {}
        self._told = 0
        self.delivery = Delivery(self._client, seconds=seconds, most=most)

    # -- records -----------------------------------------------------------

    def metric(self, record: MetricRecord) -> SinkCaptureReceipt:
        """Queue one value with its step and time."""
        payload = record.payload
        name = metric_name(record, stage=self._stage_in_key)
        moment = to_epoch_us(record.envelope.observed_at) // 1000
        value = self._entities.Metric(name, float(payload.value), moment, payload.step or 0)
        tags = {} if payload.unit is None else {f"contexta.metric_unit.{name}": payload.unit}
        if not self._stage_in_key:
            tags |= {f"contexta.tag.{key}": text for key, text in payload.tags.items()}
        told = {"metric_key": payload.metric_key, "mlflow_key": name}
        return self._queue(record, told, metrics=[value], tags=tags)

    def event(self, record: StructuredEventRecord) -> SinkCaptureReceipt:
        """Queue a tag with the message of the event, and its level when it changes."""
        payload = record.payload
        tags = {
            f"contexta.event.{payload.event_key}": payload.message,
            f"contexta.event_level.{payload.event_key}": payload.level,
        }
        return self._queue(record, {"event_key": payload.event_key}, tags=tags)

    def degraded(self, record: DegradedRecord) -> SinkCaptureReceipt:
        """Queue a tag with category and severity of the issue."""
        payload = record.payload
        tags = {
            f"contexta.degraded.{payload.issue_key}": f"{payload.category}:{payload.severity}",
            "contexta.degraded_run_ref": str(record.envelope.run_ref),
        }
        return self._queue(record, {"issue_key": payload.issue_key}, tags=tags)

    def artifact(self, payload: Mapping[str, Any]) -> SinkCaptureReceipt:
        """Copy a file or folder into the MLflow run, before this returns."""
        manifest, source = payload["manifest"], payload.get("source")
        told = {"artifact_ref": str(manifest.artifact_ref)}
        path = Path(str(getattr(source, "uri", "")))
        if not path.is_absolute() or not path.exists():
            return SinkCaptureReceipt.failure(
                detail=f"{path} is not there any more; register with mode='copy'", metadata=told
            )
        target = self._target(str(manifest.run_ref))
        if target is None:
            return SinkCaptureReceipt.failure(detail=NO_RUN, metadata=told)
        log = self._client.log_artifacts if path.is_dir() else self._client.log_artifact
        log(target(), str(path), manifest.artifact_kind)
        return SinkCaptureReceipt.success(metadata=told)

    # -- runs --------------------------------------------------------------

    def open_run(self, run: Any) -> None:
        """Send params and tags of a run; open its MLflow run where that is wanted."""
        ref = str(run.run_ref)
        if self._experiment is not None and self._run_id is None:
            self._target(ref, name=run.name, started_us=to_epoch_us(run.started_at))
        self.set_params(ref, dict(run.params or {}))
        tags = {f"contexta.tag.{key}": value for key, value in (run.tags or {}).items()}
        self._put(ref, tags={**tags, **_origin(run), "contexta.run_name": run.name})

    def set_params(self, run_ref: str, params: Mapping[str, Any]) -> None:
        """Send params; MLflow keeps the first value of each, so later ones become tags."""
        fresh, tags = {}, {}
        for key, value in params.items():
            name, text = allowed(key), as_text(value, MAX_PARAM)
            with self._lock:
                known = self._sent.get((run_ref, f"param {name}"))
                self._sent.setdefault((run_ref, f"param {name}"), text)
            if known is None:
                fresh[name] = text
            elif known != text:
                tags[f"contexta.param.{name}"] = text
        entities = [self._entities.Param(name, text) for name, text in fresh.items()]
        if self._put(run_ref, params=entities, tags=tags):
            self._forget(run_ref, (f"param {name}" for name in fresh))

    def set_tags(self, run_ref: str, tags: Mapping[str, str]) -> None:
        """Send tags."""
        self._put(run_ref, tags={f"contexta.tag.{key}": value for key, value in tags.items()})

    def close_run(self, run_ref: str, status: str, ended_us: int) -> None:
        """Give an MLflow run that this sink opened its status, after all its entries."""
        self._put(run_ref, tags={"contexta.status": status})
        with self._lock:
            target = self._targets.pop(run_ref, None)
            self._sent = {key: text for key, text in self._sent.items() if key[0] != run_ref}
        if isinstance(target, OwnRun):
            final = _STATUS.get(status, "KILLED")

            def end(run_id: str) -> None:
                self._client.set_terminated(run_id, final, ended_us // 1000)

            # Waits for room: without it the run would stay open in MLflow.
            self.delivery.put_waiting(Entry(target, call=end), timeout=_LAST_WAIT)

    # -- queueing ----------------------------------------------------------

    def _queue(self, record: Any, told: dict[str, str], **values: Any) -> SinkCaptureReceipt:
        envelope = record.envelope
        tags = {**values.pop("tags"), "contexta.run_ref": str(envelope.run_ref)}
        if envelope.stage_execution_ref is not None and not self._stage_in_key:
            tags["contexta.stage_ref"] = str(envelope.stage_execution_ref)
        problem = self._put(str(envelope.run_ref), tags=tags, **values)
        if problem:
            return SinkCaptureReceipt.failure(detail=problem, metadata=told)
        lost, reason = self.delivery.lost, self.delivery.reason
        if lost > self._told:
            detail = f"{lost - self._told} earlier entries did not arrive: {reason}"
            self._told = lost
            return SinkCaptureReceipt.degraded(detail=detail, metadata=told)
        return SinkCaptureReceipt.success(metadata={**told, "queued": "true"})

    def _put(self, run_ref: str, *, tags: Mapping[str, Any], **values: list[Any]) -> str:
        """Queue values; return what is wrong, or empty text."""
        target = self._target(run_ref)
        if target is None:
            return NO_RUN
        texts = {key: as_text(value, MAX_TAG) for key, value in tags.items()}
        fresh = [key for key, text in texts.items() if self._is_news(run_ref, key, text)]
        metrics, params = values.get("metrics", []), values.get("params", [])
        if not fresh and not metrics and not params:
            return ""
        entities = [self._entities.RunTag(allowed(key), texts[key]) for key in fresh]
        if self.delivery.put(Entry(target, metrics, params, entities)):
            return ""
        self._forget(run_ref, fresh)
        return "more entries wait for MLflow than may wait; this one was not taken"

    def _is_news(self, run_ref: str, key: str, value: str) -> bool:
        with self._lock:
            if self._sent.get((run_ref, key)) == value:
                return False
            self._sent[run_ref, key] = value
            return True

    def _forget(self, run_ref: str, keys: Iterable[str]) -> None:
        """Take back that values were sent: the queue had no room for them."""
        with self._lock:
            for key in keys:
                self._sent.pop((run_ref, key), None)

    def _target(
        self, run_ref: str, *, name: str | None = None, started_us: int | None = None
    ) -> Callable[[], str] | None:
        """Return where entries of a run go; asked in the thread that captures."""
        with self._lock:
            found = self._targets.get(run_ref)
            if found is None:
                found = self._new_target(run_ref, name, started_us)
                if found is not None:
                    self._targets[run_ref] = found
        return found

    def _new_target(
        self, run_ref: str, name: str | None, started_us: int | None
    ) -> Callable[[], str] | None:
        if self._run_id is not None:
            return Known(self._run_id)
        if self._experiment is not None:
            return OwnRun(self._client, self._experiment, run_ref, name, started_us)
        active = self._module.active_run()
        return None if active is None else Known(str(active.info.run_id))


def _origin(run: Any) -> dict[str, str]:
    """Return what a run was told to be made of; MLflow shows the commit as its version."""
    revision = getattr(run, "code_revision", None)
    found = {
        "contexta.code_revision": revision,
        "mlflow.source.git.commit": revision,
        "contexta.dataset_ref": getattr(run, "dataset_ref", None),
    }
    return {key: str(value) for key, value in found.items() if value is not None}


class Known:
    """A run of MLflow that somebody else opened."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id

    def __call__(self) -> str:
        """Return its id."""
        return self._run_id


class OwnRun:
    """The run of MLflow that stands for one of Contexta; found or created when first needed."""

    def __init__(
        self, client: Any, experiment: str, run_ref: str, name: str | None, started_us: int | None
    ) -> None:
        self._client = client
        self._experiment = experiment
        self._run_ref = run_ref
        self._name = name or run_ref.rpartition(".")[2]
        self._started_ms = None if started_us is None else started_us // 1000
        self._lock = threading.Lock()
        self._run_id: str | None = None

    def __call__(self) -> str:
        """Return its id."""
        with self._lock:
            if self._run_id is None:
                self._run_id = self._find_or_create()
        return self._run_id

    def _find_or_create(self) -> str:
        known = self._client.get_experiment_by_name(self._experiment)
        if known is None:
            place = self._client.create_experiment(self._experiment)
        else:
            place = known.experiment_id
            # A worker, a resumed run and a replay go on in the run that is there.
            wanted = f"tags.`contexta.run_ref` = '{self._run_ref}'"
            found = self._client.search_runs([place], filter_string=wanted, max_results=1)
            if found:
                return str(found[0].info.run_id)
        created = self._client.create_run(
            place,
            start_time=self._started_ms,
            tags={"contexta.run_ref": self._run_ref},
            run_name=self._name,
        )
        return str(created.info.run_id)
