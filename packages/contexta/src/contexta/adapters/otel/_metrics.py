"""Metrics as gauges, or histograms where asked, with a bounded number of series."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from contexta.adapters.otel._attributes import as_text
from contexta.adapters.otel._scope import Scope
from contexta.capture.sinks import SinkCaptureReceipt
from contexta.contract.models.records import MetricRecord

_FACTS = ("project", "run_ref", "stage", "stage_ref", "aggregation_scope", "value_type")


class Instruments:
    """Instruments of one meter, each created once.

    Args:
        scope: where the meter comes from.
        histograms: keys of metrics whose distribution is wanted, not their last value.
        labels: what tells series apart: `project`, `run_ref`, `stage`, `stage_ref`,
            `aggregation_scope`, `value_type`, or the name of a tag.
        max_series: distinct label sets per metric; beyond them labels are left out.
    """

    def __init__(
        self, scope: Scope, histograms: Iterable[str], labels: Iterable[str], max_series: int
    ) -> None:
        self._scope = scope
        self._histograms = frozenset(histograms)
        self._labels = tuple(labels)
        self._max_series = max_series
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Any] = {}
        self._series: dict[str, set[tuple[tuple[str, str], ...]]] = {}

    def send(self, record: MetricRecord) -> SinkCaptureReceipt:
        """Record one value."""
        payload, meter = record.payload, self._scope.meter()
        told = {"metric_key": payload.metric_key}
        if not self._scope.knows(meter, "Meter"):
            self._instrument(meter, record, "create_histogram").record(
                float(payload.value), attributes=_all_facts(record)
            )
            return SinkCaptureReceipt.success(metadata=told)
        wanted = self._chosen(record)
        attributes = self._bounded(payload.metric_key, wanted)
        if payload.metric_key in self._histograms:
            instrument = self._instrument(meter, record, "create_histogram")
            instrument.record(float(payload.value), attributes=attributes)
        else:
            instrument = self._instrument(meter, record, "create_gauge")
            instrument.set(float(payload.value), attributes=attributes)
        return self._receipt(told, capped=attributes != wanted)

    def _receipt(self, told: dict[str, str], *, capped: bool) -> SinkCaptureReceipt:
        if capped:
            detail = (
                f"{told['metric_key']} has {self._max_series} series already, so its labels were "
                "left out; take fewer metric_labels, or raise max_series"
            )
            return SinkCaptureReceipt.degraded(detail=detail, metadata=told)
        provider = self._scope.meter_provider()
        if not hasattr(provider, "force_flush"):
            detail = (
                "no meter provider is set up, so nobody receives metrics; "
                "call opentelemetry.metrics.set_meter_provider, or give meter_provider="
            )
            return SinkCaptureReceipt.degraded(detail=detail, metadata=told)
        return SinkCaptureReceipt.success(metadata=told)

    def _instrument(self, meter: Any, record: MetricRecord, create: str) -> Any:
        payload = record.payload
        unit = payload.unit or "1"
        with self._lock:
            found = self._known.get((payload.metric_key, unit))
            if found is None:
                found = getattr(meter, create)(
                    name=f"contexta.{payload.metric_key}",
                    unit=unit,
                    description=f"Contexta metric {payload.metric_key}",
                )
                self._known[payload.metric_key, unit] = found
        return found

    def _chosen(self, record: MetricRecord) -> dict[str, str]:
        facts, tags = _facts(record), record.payload.tags
        found = {}
        for label in self._labels:
            value = facts.get(label) if label in _FACTS else tags.get(label)
            if value is not None:
                name = label if label in _FACTS else f"tag.{label}"
                found[f"contexta.{name}"] = str(value)
        return found

    def _bounded(self, key: str, attributes: dict[str, str]) -> dict[str, str]:
        series = tuple(sorted(attributes.items()))
        with self._lock:
            known = self._series.setdefault(key, set())
            if series not in known:
                if len(known) >= self._max_series:
                    return {}
                known.add(series)
        return attributes


def _facts(record: MetricRecord) -> dict[str, str | None]:
    envelope = record.envelope
    run, stage = str(envelope.run_ref), envelope.stage_execution_ref
    return {
        "project": run.partition(":")[2].rpartition(".")[0],
        "run_ref": run,
        "stage": None if stage is None else str(stage).rpartition(".")[2],
        "stage_ref": None if stage is None else str(stage),
        "aggregation_scope": record.payload.aggregation_scope,
        "value_type": record.payload.value_type,
    }


def _all_facts(record: MetricRecord) -> dict[str, str]:
    names = ("run_ref", "aggregation_scope", "value_type", "stage_ref")
    facts = _facts(record)
    found = {f"contexta.{name}": str(facts[name]) for name in names if facts[name] is not None}
    return found | as_text(record.payload.tags, "contexta.tag.")
