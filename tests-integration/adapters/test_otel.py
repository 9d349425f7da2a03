"""The OpenTelemetry sink with the real SDK, in memory and over OTLP to a collector on loopback."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the OpenTelemetry SDK is not installed")

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import export as log_export
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

from contexta import Contexta
from contexta.adapters.otel import OTelSink

QUICK = {
    "project_name": "p",
    "capture": {"capture_installed_packages": False, "capture_code_revision": False},
}


@pytest.fixture
def memory():
    """Providers that keep what they get."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    spans, meters = TracerProvider(), MeterProvider(metric_readers=[reader])
    spans.add_span_processor(SimpleSpanProcessor(exporter))
    yield spans, meters, exporter, reader
    spans.shutdown()
    meters.shutdown()


@pytest.fixture
def open_with(tmp_path):
    """Open facades with sinks; closed afterwards."""
    opened = []

    def build(*sinks):
        opened.append(Contexta(workspace=tmp_path / "ws", config=QUICK, sinks=sinks))
        return opened[-1]

    yield build
    for ctx in opened:
        ctx.close()


def gauges(reader):
    data = reader.get_metrics_data()
    found = {}
    for resource in data.resource_metrics if data else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                found[metric.name] = metric
    return found


def test_spans_keep_their_times_and_their_tree(memory, open_with):
    """A trace in the back end has the durations and parents that were recorded."""
    spans, _, exporter, _ = memory
    ctx = open_with(OTelSink(tracer_provider=spans))
    with ctx.run("r") as run, run.span("outer") as outer:
        with run.span("inner", span_kind="io", attributes={"rows": 3, "names": ["a", "b"]}):
            pass
        run.span("past", started_at="2026-01-01T00:00:00Z", ended_at="2026-01-01T00:00:02.5Z")
    found = {span.name: span for span in exporter.get_finished_spans()}

    assert {"outer", "inner", "past"} == set(found)
    assert outer.payload.payload.span_id == found["outer"].attributes["contexta.span_id"]
    assert found["past"].end_time - found["past"].start_time == 2_500_000_000
    assert found["outer"].context.span_id == found["inner"].parent.span_id
    assert found["outer"].context.span_id == found["past"].parent.span_id
    assert found["outer"].parent is None
    assert len({span.context.trace_id for span in found.values()}) == 1
    assert trace.SpanKind.CLIENT is found["inner"].kind
    assert found["inner"].attributes["contexta.span.rows"] == 3
    assert found["inner"].attributes["contexta.span.names"] == ("a", "b")


def test_ids_of_the_right_form_are_kept(memory, make_span):
    """A trace begun elsewhere goes on under its own id."""
    spans, _, exporter, _ = memory
    sink = OTelSink(tracer_provider=spans)
    record = make_span(trace_id="0af7651916cd43dd8448eb211c80319c", span_id="b7ad6b7169203331")
    receipt = sink.capture(family="RECORD", payload=record)
    (span,) = exporter.get_finished_spans()

    assert span.context.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert span.context.span_id == 0xB7AD6B7169203331
    assert receipt.metadata["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_linked_refs_and_the_programs_span_become_links(memory, make_span):
    """What a span touched, and where it was captured, can be followed."""
    spans, _, exporter, _ = memory
    sink = OTelSink(tracer_provider=spans)
    with spans.get_tracer("app").start_as_current_span("request") as request:
        sink.capture(family="RECORD", payload=make_span(linked_refs=["artifact:p.r.model"]))
    span = next(one for one in exporter.get_finished_spans() if one.name == "work")
    refs = [link.attributes.get("contexta.ref") for link in span.links]

    assert refs == ["artifact:p.r.model", None]
    assert request.get_span_context() == span.links[1].context
    assert span.attributes["contexta.linked_refs"] == ("artifact:p.r.model",)


def test_a_status_other_than_ok_is_an_error_with_its_name(memory, make_span):
    """A timeout reads as a timeout."""
    spans, _, exporter, _ = memory
    OTelSink(tracer_provider=spans).capture(family="RECORD", payload=make_span(status="timeout"))
    (span,) = exporter.get_finished_spans()

    assert trace.StatusCode.ERROR is span.status.status_code
    assert span.status.description == "timeout"


def test_a_sampler_decides_for_whole_traces(make_span):
    """Children follow the decision that their root gets, though they are exported before it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(0.5)))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    sink = OTelSink(tracer_provider=provider)
    for number in range(40):
        trace_id = f"trace-{number}"
        sink.capture(
            family="RECORD",
            payload=make_span(trace_id=trace_id, span_id="child", parent_span_id="root"),
        )
        sink.capture(family="RECORD", payload=make_span(trace_id=trace_id, span_id="root"))
    by_trace = {}
    for span in exporter.get_finished_spans():
        by_trace.setdefault(span.context.trace_id, []).append(span)
    provider.shutdown()

    assert {2} == {len(spans) for spans in by_trace.values()}
    assert 5 < len(by_trace) < 35


def test_a_span_left_to_the_sampler_says_so(make_span):
    """Sampling is a choice, not a loss."""
    provider = TracerProvider(sampler=ALWAYS_OFF)
    provider.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    receipt = OTelSink(tracer_provider=provider).capture(family="RECORD", payload=make_span())
    provider.shutdown()

    assert receipt.status.value == "SUCCESS"
    assert "sampler" in receipt.detail


def test_without_a_provider_the_receipt_is_degraded(make_span, open_with):
    """Nobody believes that spans, metrics and events arrived where nobody listens."""
    sink = OTelSink()
    receipt = sink.capture(family="RECORD", payload=make_span())
    ctx = open_with(sink)
    with ctx.run("r") as run:
        metric = run.metric("loss", 1.0)
        event = run.event("saved", message="checkpoint")

    assert receipt.status.value == "DEGRADED"
    assert "set_tracer_provider" in receipt.detail
    assert metric.deliveries[-1].status.value == "DEGRADED"
    assert event.deliveries[-1].status.value == "DEGRADED"


def test_metrics_become_gauges_with_few_labels(memory, open_with):
    """A loss has a last value, and no series per run and tag."""
    _, meters, _, reader = memory
    ctx = open_with(OTelSink(meter_provider=meters))
    with ctx.run("r") as run, run.stage("train") as stage:
        for step in range(3):
            stage.metric("loss", 3.0 - step, step=step, tags={"sample": str(step)})
    metric = gauges(reader)["contexta.loss"]
    (point,) = metric.data.data_points

    assert type(metric.data).__name__ == "Gauge"
    assert point.value == 1.0
    assert dict(point.attributes) == {"contexta.stage": "train"}


def test_histograms_and_labels_where_asked(memory, open_with):
    """Durations can be a distribution, and chosen tags can tell series apart."""
    _, meters, _, reader = memory
    sink = OTelSink(meter_provider=meters, histograms=["step_time"], metric_labels=["split"])
    ctx = open_with(sink)
    with ctx.run("r") as run:
        for number in range(4):
            run.metric("step_time", 0.1 * number, unit="s", tags={"split": f"s{number % 2}"})
    points = gauges(reader)["contexta.step_time"].data.data_points

    assert {one.attributes["contexta.tag.split"]: one.count for one in points} == {"s0": 2, "s1": 2}


def test_series_are_bounded_and_the_bound_is_told(memory, open_with):
    """A label with endless values costs a bounded number of series."""
    _, meters, _, reader = memory
    ctx = open_with(OTelSink(meter_provider=meters, metric_labels=["id"], max_series=5))
    with ctx.run("r") as run:
        results = [run.metric("m", 1.0, tags={"id": str(number)}) for number in range(20)]
    points = gauges(reader)["contexta.m"].data.data_points

    assert len(points) == 6
    assert results[-1].deliveries[-1].status.value == "DEGRADED"


def test_events_go_to_the_programs_span_with_their_time(memory, open_with):
    """An event of a request is found on the request."""
    spans, _, exporter, _ = memory
    ctx = open_with(OTelSink(tracer_provider=spans))
    with ctx.run("r") as run, spans.get_tracer("app").start_as_current_span("request"):
        result = run.event("saved", message="checkpoint", attributes={"n": 2, "deep": {"a": 1}})
        run.degraded("rows.dropped", "3 rows were dropped")
    (span,) = exporter.get_finished_spans()
    saved, degraded = span.events

    assert (saved.name, degraded.name) == ("saved", "contexta.degraded")
    assert saved.attributes["contexta.event.n"] == 2
    assert saved.attributes["contexta.event.deep"] == '{"a": 1}'
    assert degraded.attributes["contexta.issue_key"] == "rows.dropped"
    assert result.deliveries[-1].status.value == "SUCCESS"


def test_events_without_a_span_become_spans(memory, open_with):
    """Nothing vanishes for want of an active span."""
    spans, _, exporter, _ = memory
    ctx = open_with(OTelSink(tracer_provider=spans))
    with ctx.run("r") as run:
        run.event("saved", message="checkpoint")
        run.degraded("rows.dropped", "3 rows were dropped", severity="error")
    saved, degraded = exporter.get_finished_spans()

    assert (saved.name, degraded.name) == ("saved", "contexta.degraded")
    assert saved.start_time == saved.end_time
    assert degraded.attributes["contexta.summary"] == "3 rows were dropped"
    assert trace.StatusCode.ERROR is degraded.status.status_code
    assert saved.context.trace_id == degraded.context.trace_id


def test_events_without_a_span_become_log_records_where_wanted(open_with):
    """A program that collects logs gets them as logs."""
    # The class was renamed between versions of the SDK.
    renamed = getattr(log_export, "InMemoryLogRecordExporter", None)
    exporter = (renamed or log_export.InMemoryLogExporter)()
    provider = LoggerProvider()
    provider.add_log_record_processor(log_export.SimpleLogRecordProcessor(exporter))
    ctx = open_with(OTelSink(logger_provider=provider))
    with ctx.run("r") as run:
        run.event("saved", message="checkpoint", level="warning")
    (found,) = exporter.get_finished_logs()
    provider.shutdown()

    assert found.log_record.body == "checkpoint"
    assert found.log_record.severity_text == "WARNING"
    assert found.log_record.event_name == "saved"


def test_eight_threads_share_a_sink(memory, open_with):
    """Each thread's spans keep their own parents."""
    spans, meters, exporter, _ = memory
    ctx = open_with(OTelSink(tracer_provider=spans, meter_provider=meters))
    run = ctx.run("r")

    def work(number):
        with run.attach(), run.span(f"outer-{number}"):
            for _ in range(20):
                with run.span(f"inner-{number}"):
                    run.metric(f"m{number}", 1.0)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.close()
    found = exporter.get_finished_spans()
    ids = {span.name: span.context.span_id for span in found if span.name.startswith("outer")}
    wrong = [
        span.name
        for span in found
        if span.name.startswith("inner")
        and span.parent.span_id != ids[span.name.replace("inner", "outer")]
    ]

    assert len(found) == 8 * 21
    assert wrong == []


class Collector(BaseHTTPRequestHandler):
    """Take OTLP over HTTP."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        kinds = {
            "/v1/traces": (ExportTraceServiceRequest, ExportTraceServiceResponse),
            "/v1/metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse),
        }
        request, response = kinds[self.path]
        self.server.got.append(request.FromString(body))
        answer = response().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        """Stay quiet."""


@pytest.fixture
def collector():
    """A collector on loopback; `got` holds the requests that came."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.got = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_collector_receives_spans_and_metrics_over_otlp(collector, open_with):
    """What leaves the process is what was captured: names, times, parents, values."""
    url = f"http://127.0.0.1:{collector.server_address[1]}"
    spans = TracerProvider()
    spans.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces")))
    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(endpoint=f"{url}/v1/metrics"), export_interval_millis=float("inf")
    )
    meters = MeterProvider(metric_readers=[reader])
    sink = OTelSink(tracer_provider=spans, meter_provider=meters)
    ctx = open_with(sink)
    with ctx.run("r") as run, run.stage("train") as stage:
        with run.span("outer"), run.span("inner"):
            pass
        stage.metric("loss", 0.25, step=1)
    meters.force_flush()
    spans.shutdown()
    meters.shutdown()
    sent = [
        span
        for request in collector.got
        if isinstance(request, ExportTraceServiceRequest)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    named = {span.name: span for span in sent}
    values = [
        point.as_double
        for request in collector.got
        if isinstance(request, ExportMetricsServiceRequest)
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == "contexta.loss"
        for point in metric.gauge.data_points
    ]

    assert {"outer", "inner"} == set(named)
    assert named["outer"].span_id == named["inner"].parent_span_id
    assert named["outer"].start_time_unix_nano <= named["inner"].start_time_unix_nano
    assert 0.25 in values
