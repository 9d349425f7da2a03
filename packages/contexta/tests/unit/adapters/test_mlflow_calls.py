"""The calls that the MLflow sink makes on a module with only the plain functions."""

import sys
import threading
import types

import pytest


@pytest.fixture
def fake(monkeypatch):
    """Install a `mlflow` whose functions take any keyword and record their calls."""
    module = types.ModuleType("mlflow")
    module.calls = []

    def log_metric(key, value, **options):
        module.calls.append(("log_metric", key, value, options))

    def set_tag(key, value, **options):
        module.calls.append(("set_tag", key, value, options))

    module.log_metric, module.set_tag = log_metric, set_tag
    monkeypatch.setitem(sys.modules, "mlflow", module)
    return module


def sink_of(**options):
    from contexta.adapters.mlflow import MLflowSink

    return MLflowSink(**options)


def test_a_metric_and_its_tags_each_once(fake, make_record):
    """Values are logged each time, what stays the same only once."""
    sink = sink_of()
    record = make_record("metric", stage="train", unit="ms", tags={"split": "a"})
    sink.capture(family="RECORD", payload=record)
    receipt = sink.capture(family="RECORD", payload=record)

    assert [
        ("log_metric", "loss", 0.5, {}),
        ("set_tag", "contexta.run_ref", "run:p.r", {}),
        ("set_tag", "contexta.stage_ref", "stage:p.r.train", {}),
        ("set_tag", "contexta.metric_unit.loss", "ms", {}),
        ("set_tag", "contexta.tag.split", "a", {}),
        ("log_metric", "loss", 0.5, {}),
    ] == fake.calls
    assert "loss" == receipt.metadata["metric_key"]


def test_what_was_written_is_remembered_per_sink(fake, make_record):
    """Another sink writes its own tags."""
    for _ in range(2):
        sink_of().capture(family="RECORD", payload=make_record("metric"))
    tags = [call for call in fake.calls if call[0] == "set_tag"]

    assert [("set_tag", "contexta.run_ref", "run:p.r", {})] * 2 == tags


def test_a_run_id_goes_with_every_call(fake, make_record):
    """Functions that take a run get it."""
    sink = sink_of(run_id="abc")
    for kind in ("metric", "event", "degraded"):
        sink.capture(family="RECORD", payload=make_record(kind))

    assert "abc" == sink._run_id
    assert {"abc"} == {options.get("run_id") for *_, options in fake.calls}


def test_set_tag_without_a_run_falls_back_to_the_client(fake, make_record):
    """MLflow's own set_tag takes no run; its client does."""

    class Client:
        def set_tag(self, run_id, key, value):
            fake.calls.append(("client", run_id, key, value))

    fake.set_tag = lambda key, value, synchronous=None: fake.calls.append(("active", key, value))
    fake.MlflowClient = lambda: Client()
    sink_of(run_id="abc").capture(family="RECORD", payload=make_record("event"))

    assert ("client", "abc", "contexta.event.saved", "checkpoint") == fake.calls[0]
    assert not any(call[0] == "active" for call in fake.calls)


def test_a_step_goes_along_where_it_is_taken(fake, make_record):
    """A value lands on its step, and a function without steps is still called."""
    sink = sink_of()
    sink.capture(family="RECORD", payload=make_record("metric", step=7))
    fake.log_metric = lambda key, value: fake.calls.append(("plain", key, value))
    sink.capture(family="RECORD", payload=make_record("metric", step=8))

    assert ("log_metric", "loss", 0.5, {"step": 7}) == fake.calls[0]
    assert ("plain", "loss", 0.5) == fake.calls[-1]


def test_events_and_degradations_are_tags(fake, make_record):
    """The message each time, the level once; long messages are cut."""
    sink = sink_of()
    for _ in range(2):
        sink.capture(family="RECORD", payload=make_record("event", message="x" * 6_000))
    sink.capture(family="RECORD", payload=make_record("degraded"))

    assert [
        ("set_tag", "contexta.event.saved", "x" * 5_000, {}),
        ("set_tag", "contexta.run_ref", "run:p.r", {}),
        ("set_tag", "contexta.event_level.saved", "info", {}),
        ("set_tag", "contexta.event.saved", "x" * 5_000, {}),
        ("set_tag", "contexta.degraded.rows.dropped", "capture:warning", {}),
        ("set_tag", "contexta.degraded_run_ref", "run:p.r", {}),
    ] == fake.calls


def test_spans_and_other_payloads_are_left_alone(fake, make_record):
    """MLflow has no form for them."""
    sink = sink_of()
    receipts = [
        sink.capture(family="RECORD", payload=make_record("span")),
        sink.capture(family="ARTIFACT", payload=object()),
    ]

    assert ["SUCCESS", "SUCCESS"] == [receipt.status.value for receipt in receipts]
    assert [] == fake.calls


def test_threads_write_a_tag_once(fake, make_record):
    """The memory of a sink holds under contention."""
    sink, record = sink_of(), make_record("metric")
    threads = [
        threading.Thread(
            target=lambda: [sink.capture(family="RECORD", payload=record) for _ in range(50)]
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 400 == sum(call[0] == "log_metric" for call in fake.calls)
    assert 1 == sum(call[0] == "set_tag" for call in fake.calls)


def test_a_run_and_an_experiment_together_are_refused(fake):
    """They say different things about where values go."""
    with pytest.raises(ValueError, match="not both"):
        sink_of(run_id="abc", experiment="e")


def test_names_never_collide(make_record):
    """Stage and tags are part of a name; foreign characters are replaced and told apart."""
    from contexta.adapters.mlflow._names import allowed, metric_name

    def name(**fields):
        return metric_name(make_record("metric", **fields), stage=True)

    assert "train/loss" == name(stage="train")
    assert "train/loss" == name(stage="train", metric_key="train/loss")
    assert "valid/loss/split:a" == name(stage="valid", tags={"split": "a"})
    assert allowed("a[0]").startswith("a_0_-")
    assert len({allowed(one) for one in ("a[0]", "a(0)", "a{0}", "a_0_")}) == 4
    assert 250 == len(allowed("x" * 300))
    assert {".", "..", ""}.isdisjoint(allowed("../a//./b/").split("/"))
