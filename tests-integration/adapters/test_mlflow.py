"""The MLflow sink with the real library, on a store in a local database."""

import math
import multiprocessing
import threading

import pytest

pytest.importorskip("mlflow", reason="MLflow is not installed")

import mlflow
from mlflow import MlflowClient

from contexta import Contexta
from contexta.adapters.mlflow import MLflowSink

QUICK = {
    "project_name": "p",
    "capture": {"capture_installed_packages": False, "capture_code_revision": False},
}
pytestmark = [
    # MLflow's own use of its dependencies.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One tracking store for all tests: MLflow takes seconds to make one."""
    folder = tmp_path_factory.mktemp("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    return folder


@pytest.fixture
def client(store):
    """An empty experiment `e`, and a client to look into it."""
    number = len(list(store.glob("artifacts-*")))
    (store / f"artifacts-{number}").mkdir()
    place = (store / f"artifacts-{number}").as_uri()
    experiment = mlflow.create_experiment("e", artifact_location=place)
    mlflow.set_experiment("e")
    client = MlflowClient()
    yield client
    while mlflow.active_run() is not None:
        mlflow.end_run()
    client.rename_experiment(experiment, f"done-{number}")


@pytest.fixture
def open_with(tmp_path):
    """Open facades with sinks; closed afterwards."""
    opened = []

    def build(*sinks, **options):
        ctx = Contexta(workspace=tmp_path / "ws", config=QUICK, sinks=sinks, **options)
        opened.append(ctx)
        return ctx

    yield build
    for ctx in opened:
        ctx.close()


def history(client, run_id, key):
    """Return (step, value) of each stored value, in order of step."""
    found = client.get_metric_history(run_id, key)
    return sorted((one.step, one.value) for one in found)


def run_ids(client):
    """Return the ids of all runs of the experiment."""
    experiment = client.get_experiment_by_name("e").experiment_id
    return [run.info.run_id for run in client.search_runs([experiment])]


def test_a_named_run_receives_values_with_step_and_time(client, open_with):
    """Each value lies at its step and moment, train and valid apart."""
    given = client.create_run(client.get_experiment_by_name("e").experiment_id).info.run_id
    ctx = open_with(MLflowSink(run_id=given))
    past = "2026-01-01T00:00:00Z"
    with (
        ctx.run("r", params={"lr": 0.1}) as run,
        run.stage("train") as train,
        run.stage("valid") as valid,
    ):
        for step in range(5):
            train.metric("loss", 1.0 - step / 10, step=step, unit="nat")
            valid.metric("loss", 2.0 - step / 10, step=step, timestamp=past)
    data = client.get_run(given).data
    moments = {one.timestamp for one in client.get_metric_history(given, "valid/loss")}

    assert [(step, 1.0 - step / 10) for step in range(5)] == history(client, given, "train/loss")
    assert [(step, 2.0 - step / 10) for step in range(5)] == history(client, given, "valid/loss")
    assert {1767225600000} == moments
    assert "nat" == data.tags["contexta.metric_unit.train/loss"]
    assert {"lr": "0.1"} == data.params
    assert "completed" == data.tags["contexta.status"]
    assert "RUNNING" == client.get_run(given).info.status


def test_the_active_run_is_used_and_never_ended(client, open_with):
    """A program that runs MLflow itself keeps its run."""
    sink = MLflowSink()
    ctx = open_with(sink)
    with mlflow.start_run() as active, ctx.run("r") as run:
        run.metric("loss", 0.5, step=3)
        run.event("saved", message="checkpoint")
        run.degraded("rows.dropped", "3 rows were dropped")
        sink.flush()
        status = client.get_run(active.info.run_id).info.status
    tags = client.get_run(active.info.run_id).data.tags

    assert [(3, 0.5)] == history(client, active.info.run_id, "loss")
    assert "checkpoint" == tags["contexta.event.saved"]
    assert "info" == tags["contexta.event_level.saved"]
    assert "capture:warning" == tags["contexta.degraded.rows.dropped"]
    assert "RUNNING" == status


def test_no_run_is_started_silently(client, open_with):
    """Without a run in MLflow, nothing is sent, and the receipt says how to get one."""
    ctx = open_with(MLflowSink())
    with ctx.run("r") as run:
        result = run.metric("loss", 0.5)

    assert [] == run_ids(client)
    assert mlflow.active_run() is None
    assert "FAILURE" == result.deliveries[-1].status.value
    assert "experiment=" in result.deliveries[-1].detail


def test_an_experiment_gets_a_run_per_run_with_its_status(client, open_with):
    """Name, params, tags, values and the true end of each run arrive."""
    ctx = open_with(MLflowSink(experiment="e"))
    with ctx.run("good", params={"lr": 0.1}, tags={"team": "a"}) as run:
        run.log_params({"depth": 3})
        run.log_params({"depth": 4})
        run.set_tags({"late": "yes"})
        run.metric("acc", 0.9, step=1)
    with pytest.raises(ZeroDivisionError), ctx.run("bad"):
        1 / 0  # noqa: B018 - the failure is the point
    found = {
        client.get_run(run_id).info.run_name: client.get_run(run_id) for run_id in run_ids(client)
    }

    assert {"good": "FINISHED", "bad": "FAILED"} == {k: v.info.status for k, v in found.items()}
    assert {"lr": "0.1", "depth": "3"} == found["good"].data.params
    assert "4" == found["good"].data.tags["contexta.param.depth"]
    assert "a" == found["good"].data.tags["contexta.tag.team"]
    assert "yes" == found["good"].data.tags["contexta.tag.late"]
    assert {"acc": 0.9} == found["good"].data.metrics
    assert "run:p.good" == found["good"].data.tags["contexta.run_ref"]


def test_a_run_is_found_by_its_code_and_data(client, open_with):
    """The revision and the data set that a run names are tags, the commit where MLflow shows it."""
    ctx = open_with(MLflowSink(experiment="e"))
    with ctx.run("r", code_revision="4f1c2d", dataset_ref="artifact:p.data.csv"):
        pass
    (only,) = run_ids(client)
    tags = client.get_run(only).data.tags

    assert "4f1c2d" == tags["contexta.code_revision"] == tags["mlflow.source.git.commit"]
    assert "artifact:p.data.csv" == tags["contexta.dataset_ref"]


def test_a_resumed_run_goes_on_in_the_same_mlflow_run(client, open_with):
    """Two programs that work on one run do not make two."""
    ctx = open_with(MLflowSink(experiment="e"))
    with ctx.run("r", run_id="r") as run:
        run.metric("acc", 0.1, step=1)
    again = open_with(MLflowSink(experiment="e"))
    with again.run("r", run_id="r", resume=True) as run:
        run.metric("acc", 0.2, step=2)
    (only,) = run_ids(client)

    assert [(1, 0.1), (2, 0.2)] == history(client, only, "acc")


def test_names_and_numbers_that_mlflow_refuses_arrive_all_the_same(client, open_with):
    """Foreign characters, long names, slashes, NaN: nothing collides, nothing is dropped."""
    sink = MLflowSink(experiment="e")
    ctx = open_with(sink)
    keys = ["a[0]", "a(0)", "ü" * 10, "x" * 255, "a//b", "/a", "../up", "loss"]
    with ctx.run("r") as run:
        for key in keys:
            run.metric(key, 1.0)
        run.metric("loss", math.nan, step=1)
        run.metric("loss", math.inf, step=2)
        for split in ("a", "b"):
            run.metric("acc", 0.5, tags={"split": split})
    (only,) = run_ids(client)
    stored = client.get_run(only).data.metrics

    assert 0 == sink.lost
    assert len(keys) + 2 == len(stored)
    assert {"acc/split:a", "acc/split:b", "loss"} <= set(stored)


def test_plain_keys_where_asked(client, open_with):
    """Dashboards that know bare keys can keep them; tags of later stages are not lost."""
    ctx = open_with(MLflowSink(experiment="e", stage_in_key=False))
    with ctx.run("r") as run:
        for name in ("train", "valid"):
            with run.stage(name) as stage:
                stage.metric("loss", 0.5, tags={"split": name})
    (only,) = run_ids(client)
    data = client.get_run(only).data

    assert ["loss"] == list(data.metrics)
    assert "valid" == data.tags["contexta.tag.split"]
    assert "stage:p.r.valid" == data.tags["contexta.stage_ref"]


def test_a_refused_entry_costs_only_itself(client, open_with):
    """What MLflow will not take is counted and told; its neighbors arrive."""
    given = client.create_run(client.get_experiment_by_name("e").experiment_id).info.run_id
    client.log_param(given, "lr", "0.5")
    sink = MLflowSink(run_id=given, batch_seconds=0.0)
    ctx = open_with(sink)
    with ctx.run("r", params={"lr": 0.1, "depth": 3, "width": 4}) as run:
        sink.flush()
        result = run.metric("acc", 0.9)
    data = client.get_run(given).data

    assert {"lr": "0.5", "depth": "3", "width": "4"} == data.params
    assert {"acc": 0.9} == data.metrics
    assert 1 == sink.lost
    assert "DEGRADED" == result.deliveries[-1].status.value


def test_a_dead_server_does_not_slow_the_loop(client, open_with, monkeypatch):
    """Capture goes on while MLflow fails; the loss is told at the end."""
    given = client.create_run(client.get_experiment_by_name("e").experiment_id).info.run_id
    sink = MLflowSink(run_id=given, batch_seconds=0.0)
    threads = []

    def refuse(*args, **kwargs):
        threads.append(threading.current_thread())
        raise ConnectionError("the server is away")

    monkeypatch.setattr(MlflowClient, "log_batch", refuse)
    ctx = open_with(sink)
    with ctx.run("r") as run:
        results = [run.metric("loss", 1.0, step=step) for step in range(500)]

    assert threading.main_thread() not in threads
    assert all(result.deliveries[-1].status.value != "FAILURE" for result in results)
    assert sink.lost >= 500


def test_a_full_queue_is_told(client, open_with, monkeypatch):
    """Memory is bounded: what does not fit goes to the outbox instead."""
    given = client.create_run(client.get_experiment_by_name("e").experiment_id).info.run_id
    hold = threading.Event()
    monkeypatch.setattr(MlflowClient, "log_batch", lambda *args, **kwargs: hold.wait(10))
    ctx = open_with(MLflowSink(run_id=given, batch_seconds=0.0, max_waiting=3))
    with ctx.run("r") as run:
        results = [run.metric("loss", 1.0, step=step) for step in range(50)]
        hold.set()

    assert "FAILURE" == results[-1].deliveries[-1].status.value
    assert results[-1].recovered_to_outbox


def test_artifacts_where_asked(client, open_with, tmp_path):
    """Files and folders are copied under their kind."""
    (tmp_path / "model.txt").write_text("weights")
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "a.svg").write_text("<svg/>")
    ctx = open_with(MLflowSink(experiment="e", artifacts=True))
    with ctx.run("r") as run:
        run.register_artifact("model", tmp_path / "model.txt")
        run.register_artifact("figures", tmp_path / "plots")
    (only,) = run_ids(client)
    kept = [one.path for kind in ("model", "figures") for one in client.list_artifacts(only, kind)]

    assert ["model/model.txt", "figures/a.svg"] == kept


def test_eight_threads_lose_nothing(client, open_with):
    """The run that was active when the run began counts, also in threads without one."""
    ctx = open_with(MLflowSink())
    with mlflow.start_run() as active, ctx.run("r") as run:

        def work(number):
            for step in range(50):
                run.metric(f"m{number}", float(step), step=step)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    counts = {len(history(client, active.info.run_id, f"m{number}")) for number in range(8)}

    assert {50} == counts


def work_in_child(run):
    """Log from a forked worker."""
    for step in range(10):
        run.metric("child", float(step), step=step)
    run.close()


def test_a_forked_worker_delivers_too(client, open_with):
    """A worker starts its own delivery, and its values reach the same run."""
    sink = MLflowSink(experiment="e")
    ctx = open_with(sink)
    with ctx.run("r") as run:
        run.metric("parent", 1.0)
        sink.flush()
        worker = multiprocessing.get_context("fork").Process(target=work_in_child, args=(run,))
        worker.start()
        worker.join(60)
        run.metric("parent", 2.0, step=1)
    (only,) = run_ids(client)

    assert 0 == worker.exitcode
    assert 10 == len(history(client, only, "child"))
    assert 2 == len(history(client, only, "parent"))
