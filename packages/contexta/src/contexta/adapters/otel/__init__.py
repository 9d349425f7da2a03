"""Send captured records to OpenTelemetry.

`OTelSink` turns spans into spans with their recorded times, ids and parents, metrics into
gauges, events and degraded records into span events or log records. It uses the providers
that the program set up; it sets up and shuts down none.
"""

from contexta.adapters.otel._sink import OTelSink

__all__ = ["OTelSink"]
