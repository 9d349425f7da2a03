"""What runs leave behind: events, metrics, spans, and records of what is missing.

A record is an envelope (who, when, where) and a payload (what). Four kinds of payload, four
record classes; the classes check that envelope and payload belong together.
"""

from contexta.contract.records._degraded import DegradedPayload, DegradedRecord
from contexta.contract.records._envelope import CorrelationRefs, RecordEnvelope
from contexta.contract.records._event import StructuredEventPayload, StructuredEventRecord
from contexta.contract.records._markers import (
    COMPLETENESS_MARKERS,
    DEGRADATION_MARKERS,
    DEGRADED_CATEGORIES,
    DEGRADED_SEVERITIES,
    EVENT_LEVELS,
    METRIC_AGGREGATION_SCOPES,
    ORIGIN_MARKERS,
    RECORD_TYPES,
    TRACE_SPAN_KINDS,
    TRACE_SPAN_STATUSES,
)
from contexta.contract.records._metric import MetricPayload, MetricRecord
from contexta.contract.records._span import TraceSpanPayload, TraceSpanRecord

__all__ = [
    "COMPLETENESS_MARKERS",
    "DEGRADATION_MARKERS",
    "DEGRADED_CATEGORIES",
    "DEGRADED_SEVERITIES",
    "EVENT_LEVELS",
    "METRIC_AGGREGATION_SCOPES",
    "ORIGIN_MARKERS",
    "RECORD_TYPES",
    "TRACE_SPAN_KINDS",
    "TRACE_SPAN_STATUSES",
    "CorrelationRefs",
    "DegradedPayload",
    "DegradedRecord",
    "MetricPayload",
    "MetricRecord",
    "RecordEnvelope",
    "StructuredEventPayload",
    "StructuredEventRecord",
    "TraceSpanPayload",
    "TraceSpanRecord",
]
