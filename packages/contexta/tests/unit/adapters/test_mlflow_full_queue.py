"""What the MLflow sink does when more waits for MLflow than may wait."""

import queue
import types

import pytest

from contexta.adapters.mlflow._client import ClientCalls


class Entity:
    def __init__(self, *values):
        self.values = values


class Client:
    """Counts what arrives."""

    def __init__(self):
        self.sent, self.ended = [], []

    def log_batch(self, run_id, metrics, params, tags):
        self.sent += [one.values for one in (*params, *tags)]

    def get_experiment_by_name(self, name):
        return None

    def create_experiment(self, name):
        return "1"

    def create_run(self, place, **facts):
        return types.SimpleNamespace(info=types.SimpleNamespace(run_id="own"))

    def set_terminated(self, run_id, status, end_time):
        self.ended.append((run_id, status))


@pytest.fixture
def client():
    return Client()


def calls_of(client, **options):
    entities = types.SimpleNamespace(Metric=Entity, Param=Entity, RunTag=Entity)
    module = types.SimpleNamespace(MlflowClient=lambda: client, entities=entities)
    chosen = {"run_id": "r", "experiment": None} | options
    return ClientCalls(module, stage_in_key=True, seconds=0.0, most=10, **chosen)


@pytest.fixture
def full(monkeypatch):
    """Say that the queue of a sink has no room, until the returned function is called."""

    def fill(calls):
        def refuse(entry):
            raise queue.Full

        monkeypatch.setattr(calls.delivery._queue, "put_nowait", refuse)
        return monkeypatch.undo

    return fill


@pytest.mark.parametrize("what", ["params", "tags"])
def test_what_had_no_room_is_sent_when_it_comes_again(client, full, what):
    """It does not count as sent."""
    calls = calls_of(client)
    put = calls.set_params if what == "params" else calls.set_tags
    make_room = full(calls)
    put("run:p.r", {"a": "1"})
    make_room()
    put("run:p.r", {"a": "1"})
    calls.delivery.flush(10.0)

    assert [("a" if what == "params" else "contexta.tag.a", "1")] == client.sent


def test_the_end_of_a_run_waits_for_room(client, full):
    """Without it the run would stay open in MLflow for good."""
    calls = calls_of(client, run_id=None, experiment="e")
    calls.set_tags("run:p.r", {"a": "1"})
    full(calls)
    calls.close_run("run:p.r", "completed", 0)
    calls.delivery.flush(10.0)

    assert [("own", "FINISHED")] == client.ended
