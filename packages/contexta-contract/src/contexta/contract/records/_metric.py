"""Metrics: a number was measured."""

from __future__ import annotations

from typing import Any, ClassVar

from contexta.contract._fields._refs import SubjectRef
from contexta.contract._fields._text import MetricKey, SliceRef, SummaryBasis, Text, ValueType
from contexta.contract._fields._values import Epoch, MetricValue, Step, TextMap
from contexta.contract._frozen import EMPTY
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract.records._envelope import RecordEnvelope
from contexta.contract.records._markers import MetricScope
from contexta.contract.records._wrapping import check_wrapped


class MetricPayload(ContractModel):
    """One value of one metric. NaN equals NaN here, so that a copy equals its original."""

    target_model: ClassVar[str] = "metric_payload"
    additive_fields: ClassVar[frozenset[str]] = frozenset({"step", "epoch"})

    metric_key: MetricKey
    """Name of the metric, such as ``val_loss`` or ``train/loss``."""
    value: MetricValue
    """A 64-bit int or a double, also NaN and infinities (texts in JSON)."""
    value_type: ValueType
    """What the value is, such as ``float`` or ``int``; not checked against it."""
    unit: Text | None = None
    """Unit of the value, such as ``ms``."""
    aggregation_scope: MetricScope = "step"
    """What one value stands for."""
    subject_ref: SubjectRef | None = None
    """What was measured."""
    slice_ref: SliceRef | None = None
    """Which part of the data it was measured on."""
    tags: TextMap = EMPTY
    """Labels, text to text."""
    summary_basis: SummaryBasis | None = None
    """How the value was condensed, such as ``mean``."""
    step: Step | None = None
    """Training step, a 64-bit int."""
    epoch: Epoch | None = None
    """Epoch, whole or fractional."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MetricPayload):
            return NotImplemented
        if super().__eq__(other):
            return True
        if self.value == self.value:
            return False
        mine, theirs = {**self.__dict__, "value": None}, {**other.__dict__, "value": None}
        both_nan = other.value != other.value
        return both_nan and mine == theirs and self.model_extra == other.model_extra

    def __hash__(self) -> int:
        values = self.__dict__
        # hash(nan) depends on the object, and two equal payloads must hash alike.
        number = self.value if self.value == self.value else None
        return hash((self.metric_key, number, *list(values.values())[2:]))


class MetricRecord(ContractModel):
    """A metric value with its envelope."""

    envelope: RecordEnvelope
    """Who, when and where."""
    payload: MetricPayload
    """What."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        check_wrapped(values, "metric", found)
