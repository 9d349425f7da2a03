"""What it costs to build one validated record, beside a bare pydantic model."""

from __future__ import annotations

import time
from collections.abc import Callable

from _harness import Options, in_turn, main, row
from pydantic import BaseModel

from contexta.contract import MetricPayload, MetricRecord, RecordEnvelope

ENVELOPE = {
    "record_ref": "record:p.r.m-1",
    "record_type": "metric",
    "recorded_at": "2026-01-01T00:00:00.000000Z",
    "observed_at": "2026-01-01T00:00:00.000000Z",
    "producer_ref": "sdk.python.local",
    "run_ref": "run:p.r",
    "stage_execution_ref": "stage:p.r.train",
}
PAYLOAD = {"metric_key": "loss", "value": 0.5, "value_type": "float", "step": 3}
FLOOR = "pydantic model, 4 fields"


class Floor(BaseModel):
    """A plain pydantic model with as many fields as a metric payload uses here."""

    metric_key: str
    value: float
    value_type: str
    step: int | None = None


def build() -> MetricRecord:
    """Build a whole record from texts and values, as a script does."""
    return MetricRecord(envelope=RecordEnvelope(**ENVELOPE), payload=MetricPayload(**PAYLOAD))


def mean_us(call: Callable[[], object], count: int) -> Callable[[], float]:
    """Return a measurement: the mean microseconds of `count` calls."""

    def run() -> float:
        before = time.perf_counter_ns()
        for _ in range(count):
            call()
        return (time.perf_counter_ns() - before) / count / 1e3

    return run


def measure(options: Options) -> list[dict]:
    """Measure a validated record, a trusted read of one, and a bare pydantic model."""
    count = options.pick(1_000, 5_000)
    record = build()
    data = record.to_dict()
    works = {
        "MetricRecord constructed and validated": build,
        "MetricRecord.model_validate(dict)": lambda: MetricRecord.model_validate(data),
        "MetricRecord.to_dict()": record.to_dict,
    }
    calls = {name: mean_us(call, count) for name, call in works.items()}
    calls[FLOOR] = mean_us(lambda: Floor(**PAYLOAD), count)
    found = in_turn(calls, options.pick(5, 11))
    floor = (FLOOR, found[FLOOR])
    return [row(name, 1, "us", found[name], floor=floor) for name in works]


if __name__ == "__main__":
    main(measure)
