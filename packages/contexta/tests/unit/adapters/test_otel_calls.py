"""The calls that the OpenTelemetry sink makes, on stand-ins that record them."""

import sys
import types

import pytest


class Recorder:
    """Record calls of any method; each call returns another recorder."""

    def __init__(self, log, name):
        self._log = log
        self._name = name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args, **kwargs):
            self._log.append((name, args, kwargs))
            return Recorder(self._log, name)

        return call


@pytest.fixture
def calls(monkeypatch):
    """An `opentelemetry` that records what is called."""
    log = []
    package = types.ModuleType("opentelemetry")
    package.__path__ = []
    package.trace = types.ModuleType("opentelemetry.trace")
    package.metrics = types.ModuleType("opentelemetry.metrics")
    package.trace.SpanKind = types.SimpleNamespace(
        INTERNAL="internal", CLIENT="client", PRODUCER="producer"
    )
    package.trace.StatusCode = types.SimpleNamespace(OK="ok", ERROR="error")
    package.trace.get_current_span = lambda: Recorder(log, "span")
    package.trace.get_tracer_provider = lambda: Recorder(log, "provider")
    package.metrics.get_meter_provider = lambda: Recorder(log, "provider")
    for module in (package, package.trace, package.metrics):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return log


def sink_of(**options):
    from contexta.adapters.otel import OTelSink

    return OTelSink(**options)


def test_a_span_is_started_marked_and_ended(calls, make_record):
    """A tracer that knows only name, kind and attributes gets only these."""
    record = make_record(
        "span", stage="train", status="timeout", span_kind="io", parent_span_id="p",
        attributes={"rows": 3},
    )  # fmt: skip
    receipt = sink_of(service_name="svc").capture(family="RECORD", payload=record)
    (_, scope, _), (name, args, start), status, end = calls

    assert ("svc",) == scope
    assert ("start_span", ("work",)) == (name, args)
    assert {"kind", "attributes"} == set(start)
    assert "client" == start["kind"]
    assert {
        "contexta.run_ref": "run:p.r",
        "contexta.record_ref": "record:p.r.x",
        "contexta.span_kind": "io",
        "contexta.span_id": "s",
        "contexta.trace_id": "t",
        "contexta.stage_ref": "stage:p.r.train",
        "contexta.parent_span_id": "p",
        "contexta.span.rows": "3",
    } == start["attributes"]
    assert ("set_status", ("error",), {}) == status
    assert ("end", (), {}) == end
    assert ("SUCCESS", "work") == (receipt.status.value, receipt.metadata["span_name"])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("operation", "internal"), ("internal", "internal"), ("network", "client"),
     ("process", "producer")],
)  # fmt: skip
def test_kinds_of_spans(calls, make_record, kind, expected):
    """Each kind has its counterpart."""
    sink_of().capture(family="RECORD", payload=make_record("span", span_kind=kind))
    start = next(call for call in calls if call[0] == "start_span")

    assert expected == start[2]["kind"]


def test_a_metric_is_a_histogram_where_there_are_no_gauges(calls, make_record):
    """One instrument per name and unit."""
    sink = sink_of()
    record = make_record("metric", stage="train", unit="ms", tags={"split": "a"})
    sink.capture(family="RECORD", payload=record)
    receipt = sink.capture(family="RECORD", payload=record)
    created = [call for call in calls if call[0] == "create_histogram"]
    recorded = [call for call in calls if call[0] == "record"]

    assert 1 == len(created)
    assert ("contexta.loss", "ms") == (created[0][2]["name"], created[0][2]["unit"])
    assert 2 == len(recorded)
    assert (0.5,) == recorded[0][1]
    assert {
        "contexta.run_ref": "run:p.r",
        "contexta.aggregation_scope": "step",
        "contexta.value_type": "float",
        "contexta.stage_ref": "stage:p.r.train",
        "contexta.tag.split": "a",
    } == recorded[0][2]["attributes"]
    assert "loss" == receipt.metadata["metric_key"]


def test_a_metric_without_unit_has_unit_one(calls, make_record):
    """As the specification of OpenTelemetry asks."""
    sink_of().capture(family="RECORD", payload=make_record("metric"))
    created = next(call for call in calls if call[0] == "create_histogram")

    assert "1" == created[2]["unit"]


def test_events_and_degradations_are_added_to_the_current_span(calls, make_record):
    """Both are span events."""
    sink = sink_of()
    event = sink.capture(family="RECORD", payload=make_record("event", attributes={"n": 2}))
    degraded = sink.capture(family="RECORD", payload=make_record("degraded"))
    (_, first, one), (_, second, two) = calls

    assert (("saved",), ("contexta.degraded",)) == (first, second)
    assert {
        "contexta.run_ref": "run:p.r",
        "contexta.event_level": "info",
        "contexta.event_message": "checkpoint",
        "contexta.event.n": "2",
    } == one["attributes"]
    assert {
        "contexta.run_ref": "run:p.r",
        "contexta.issue_key": "rows.dropped",
        "contexta.degradation_category": "capture",
        "contexta.severity": "warning",
    } == two["attributes"]
    assert ("saved", "rows.dropped") == (
        event.metadata["event_key"],
        degraded.metadata["issue_key"],
    )


def test_other_payloads_are_left_alone(calls):
    """Families that nobody asked for are no error."""
    sink = sink_of()

    assert sink.supports("RECORD")
    assert not sink.supports("ARTIFACT")
    assert "SUCCESS" == sink.capture(family="ARTIFACT", payload=object()).status.value
    assert "SUCCESS" == sink.capture(family="RECORD", payload=object()).status.value
    assert [] == calls


def test_given_providers_are_used(calls, make_record):
    """The global ones are not asked."""
    log = []
    sink = sink_of(tracer_provider=Recorder(log, "t"), meter_provider=Recorder(log, "m"))
    sink.capture(family="RECORD", payload=make_record("span"))
    sink.capture(family="RECORD", payload=make_record("metric"))

    assert [] == calls
    assert ["get_tracer", "get_meter"] == [name for name, *_ in log if name.startswith("get_")]


@pytest.mark.parametrize("missing", ["opentelemetry.trace", "opentelemetry.metrics"])
def test_a_part_that_is_missing_is_named(calls, monkeypatch, missing):
    """Half an installation is no installation."""
    from contexta.errors import DependencyError

    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(DependencyError) as caught:
        sink_of()

    assert "otel_api_not_ready" == caught.value.code


def test_a_bound_below_one_is_refused(calls):
    """Nothing could be sent."""
    with pytest.raises(ValueError, match="max_series"):
        sink_of(max_series=0)


def test_ids_follow_from_ids():
    """The right form is kept; anything else becomes a stable number that is never zero."""
    from contexta.adapters.otel._ids import span_id_of, trace_id_of

    assert 0x0AF7651916CD43DD8448EB211C80319C == trace_id_of("0af7651916cd43dd8448eb211c80319c")
    assert trace_id_of("0af76519-16cd-43dd-8448-eb211c80319c") == trace_id_of(
        "0AF7651916CD43DD8448EB211C80319C"
    )
    assert 0 < trace_id_of("0" * 32) < 2**128
    assert trace_id_of("trace-1") == trace_id_of("trace-1") != trace_id_of("trace-2")
    assert 0xB7AD6B7169203331 == span_id_of("t", "b7ad6b7169203331")
    assert span_id_of("t", "root") != span_id_of("u", "root")
    assert 0 < span_id_of("t", "0" * 16) < 2**64
