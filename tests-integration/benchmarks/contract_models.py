"""What it costs to build one validated record."""

from __future__ import annotations

from _timing import best_us, emit
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


class Floor(BaseModel):
    """A plain pydantic model with as many fields as a metric payload uses here."""

    metric_key: str
    value: float
    value_type: str
    step: int | None = None


def build() -> MetricRecord:
    """Build a whole record from texts and values, as a script does."""
    return MetricRecord(envelope=RecordEnvelope(**ENVELOPE), payload=MetricPayload(**PAYLOAD))


def main() -> None:
    """Measure a validated record, a trusted read of one, and a bare pydantic model."""
    data = build().to_dict()
    floor = best_us(lambda: Floor(**PAYLOAD), 20_000)
    rows = [{"what": "pydantic model of 4 fields (floor)", "value": floor, "unit": "us"}]
    for what, call in (
        ("MetricRecord constructed and validated", build),
        ("MetricRecord.model_validate(dict)", lambda: MetricRecord.model_validate(data)),
        ("MetricRecord.to_dict()", build().to_dict),
    ):
        spent = best_us(call, 5_000)
        rows.append(
            {"what": what, "value": spent, "unit": "us", "ratio": spent / floor, "to": "floor"}
        )
    emit(rows)


if __name__ == "__main__":
    main()
