"""The run that a training is written into, without any library around it."""

import copy
import json
import logging
import pickle
import threading
from pathlib import Path

import pytest

from contexta.adapters._training import Training, quietly
from contexta.adapters._training._params import MAX_PARAMS, flat_params, number
from contexta.capture.results import PayloadFamily
from contexta.capture.sinks import SinkCaptureReceipt


def run_row(ctx, ref):
    return ctx.metadata_store.runs.get_run(ref)


def test_it_joins_the_active_run_and_leaves_it_open(ctx):
    """A training inside a block belongs to the block."""
    with ctx.run("mine") as run:
        training = Training("lib", ctx=ctx, name="own")
        training.metrics({"loss": 1.0}, split="train", step=0)
        joined = training.run
        training.finish()

        assert run is joined
        assert not run.is_closed
        assert not training.owns_run


def test_without_a_facade_it_finds_the_active_run(ctx):
    """A callback without arguments does what the block around it says."""
    with ctx.run("mine") as run:
        found = Training("lib", name="own").run

    assert run is found


def test_otherwise_it_opens_a_run_and_ends_it(ctx, records_of):
    """An own run is tagged, and has the status of the training."""
    training = Training("lib", ctx=ctx, name="own", tags={"team": "a"})
    training.params({"lr": 0.1, "net": {"width": 3}})
    training.metrics({"loss": 1.0, "name": "text"}, split="valid", step=2, epoch=1.0)
    training.finish("failed")
    row = run_row(ctx, "run:p.own")
    (point,) = records_of(ctx, "metric")

    assert "failed" == row.status
    assert {"framework": "lib", "team": "a"} == dict(row.tags)
    assert {"lr": 0.1, "net.width": 3} == dict(row.params)
    assert "stage:p.own.valid" == str(point.envelope.stage_execution_ref)
    assert (2, 1.0) == (point.payload.step, point.payload.epoch)


def test_an_own_run_that_was_left_open_refuses_nothing(ctx):
    """A library that never said that it ended does not block the next run."""
    Training("lib", ctx=ctx, name="own").params({"a": 1})
    with ctx.run("next") as run:
        assert "run:p.next" == run.ref


def test_what_comes_after_the_end_continues_the_run(ctx):
    """A test after a training belongs to it, until the next training begins."""
    training = Training("lib", ctx=ctx, name="own")
    training.params({"a": 1})
    training.finish()
    training.metrics({"acc": 1.0}, split="test", step=None)
    continued = training.run.ref
    training.finish()
    training.forget()
    fresh = training.run.ref
    training.finish()

    assert ("run:p.own", "run:p.own-2") == (continued, fresh)


def test_the_next_training_ends_what_the_last_one_left(ctx):
    """An own run that nobody ended failed."""
    training = Training("lib", ctx=ctx, name="own")
    training.params({"a": 1})
    training.forget()
    training.finish()

    assert "failed" == run_row(ctx, "run:p.own").status


def test_stages_do_not_take_over_the_users_emits(ctx, records_of):
    """What the user captures meanwhile goes where it went before."""
    with ctx.run("mine"):
        training = Training("lib", ctx=ctx, name="own")
        training.metrics({"loss": 1.0}, split="train", step=0)
        ctx.metric("mine", 1.0)
        training.finish()
    stages = {
        one.payload.metric_key: one.envelope.stage_execution_ref
        for one in records_of(ctx, "metric")
    }

    assert stages["mine"] is None
    assert "stage:p.mine.train" == str(stages["loss"])


def test_the_users_stage_of_that_name_is_used(ctx, records_of):
    """A block `train` is the stage `train`, and stays open."""
    with ctx.run("mine") as run, run.stage("train") as stage:
        training = Training("lib", ctx=ctx, name="own")
        training.metrics({"loss": 1.0}, split="training", step=0)
        training.finish()
        assert not stage.is_closed
    (point,) = records_of(ctx, "metric")

    assert "stage:p.mine.train" == str(point.envelope.stage_execution_ref)


def test_the_end_of_the_run_is_the_end_of_the_training(ctx):
    """What a library never finished is finished before the run closes."""
    done = []

    class Adapter:
        def end(self):
            done.append(training.is_open)

    adapter = Adapter()
    with ctx.run("mine"):
        training = Training("lib", ctx=ctx, name="own")
        training.metrics({"loss": 1.0}, split="train", step=0)
        training.at_end(adapter.end)
    (stage,) = ctx.metadata_store.stages.list_stage_executions("run:p.mine")

    assert [True] == done
    assert "completed" == stage.status


class Broken:
    """An adapter whose logging fails."""

    def __init__(self, training):
        self._training = training

    @quietly
    def log(self):
        """Fail."""
        raise OSError("disk full")


def test_a_failure_is_logged_and_recorded_once(ctx, records_of, caplog):
    """The training goes on; the log and the run say what is missing."""
    with ctx.run("mine"):
        training = Training("lib", ctx=ctx, name="own")
        training.params({"a": 1})
        adapter = Broken(training)
        with caplog.at_level(logging.WARNING):
            results = [adapter.log(), adapter.log()]
    (record,) = records_of(ctx, "degraded")

    assert [None, None] == results
    assert "adapters.lib_failed" == record.payload.issue_key
    assert 1 == caplog.text.count("disk full; the training goes on")


def test_ctrl_c_still_ends_a_training(ctx):
    """Only failures are kept away."""

    class Adapter:
        _training = Training("lib", ctx=ctx, name="own")

        @quietly
        def log(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Adapter().log()


def test_a_pickled_training_joins_the_run(ctx, records_of):
    """A spawned worker writes to the run of its parent, and leaves it open."""
    with ctx.run("mine") as run:
        other = pickle.loads(pickle.dumps(Training("lib", ctx=ctx, name="own")))
        other.metrics({"loss": 1.0}, split=None, step=0)
        other.finish()
        ctx.flush()

        assert "open" == run_row(ctx, run.ref).status
        assert ["run:p.mine"] == [str(r.envelope.run_ref) for r in records_of(ctx, "metric")]


def test_a_copy_writes_to_the_same_place(ctx):
    """Libraries clone what they are given."""
    with ctx.run("mine") as run:
        assert run is copy.deepcopy(Training("lib", ctx=ctx, name="own")).run


def test_threads_share_stages(ctx, records_of):
    """Each stage is opened once."""
    with ctx.run("mine"):
        training = Training("lib", ctx=ctx, name="own")
        training.anchor()
        threads = [
            threading.Thread(
                target=lambda: [
                    training.metrics({"loss": 1.0}, split="train", step=step) for step in range(20)
                ]
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        training.finish()

    assert 160 == len(records_of(ctx, "metric"))
    assert 1 == len(ctx.metadata_store.stages.list_stage_executions("run:p.mine"))


def test_artifacts_say_whether_loading_them_is_safe(ctx):
    """A pickle is marked."""
    with ctx.run("mine"):
        training = Training("pytest", ctx=ctx, name="own")
        training.artifact("model", "m.txt", lambda path: path.write_text("x"), format="text")
        training.artifact("model", "m.pkl", lambda path: path.write_text("y"), safe=False)
    found = {
        one.source_name: one.manifest_snapshot.attributes
        for one in ctx.artifact_store.list_bindings(kind="model")
    }

    assert {"m.txt": True, "m.pkl": False} == {k: v["safe_to_load"] for k, v in found.items()}
    assert pytest.__version__ == found["m.txt"]["framework_version"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_an_artifact_is_not_said_to_be_where_nothing_is(ctx, kind):
    """Its bytes are in the store; the temporary folder that they came from is gone."""

    def write(path):
        if kind == "folder":
            path.mkdir()
            path = path / "weights"
        path.write_text("x")

    with ctx.run("mine") as run:
        Training("lib", ctx=ctx, name="own").artifact("model", "model.bin", write)
        found = ctx.repository.list_artifacts(run_id=run.ref)
    (item,) = [one for one in found if one.kind == "model"]

    assert ("path:model.bin", False) == (item.location, item.body_missing)


def test_a_sink_may_read_an_artifact_where_it_still_lies(open_ctx):
    """Sinks copy the file while it is there; they get its path, the manifest its name."""
    seen = []

    class Copying:
        name = "copying"

        def supports(self, family):
            return family is PayloadFamily.ARTIFACT

        def capture(self, *, family, payload):
            seen.append((payload["manifest"].location_ref, Path(payload["source"].uri).read_text()))
            return SinkCaptureReceipt.success()

    ctx = open_ctx(sinks=[Copying()])
    with ctx.run("mine"):
        Training("lib", ctx=ctx, name="own").artifact("model", "m", lambda p: p.write_text("x"))

    assert [("path:m", "x")] == seen


def test_params_of_any_kind_become_scalars():
    """Nested ones by dots, functions by name, objects without addresses, lists as JSON."""

    class Thing:
        pass

    found = flat_params(
        {
            "a": {"b": {"c": 1}},
            "f": flat_params,
            "cls": Thing,
            "obj": Thing(),
            "list": [1, "x", None, float("nan")],
            "empty": {},
            "none": None,
            3: True,
        }
    )

    assert 1 == found["a.b.c"]
    assert "flat_params" == found["f"]
    assert found["cls"].endswith("Thing")
    assert " at 0x" not in found["obj"]
    assert [1, "x", None, "nan"] == json.loads(found["list"])
    assert found["none"] is None
    assert found["3"] is True
    assert MAX_PARAMS == len(flat_params({str(i): i for i in range(10_000)}))


def test_numbers_of_any_kind():
    """Scalars of numpy count; arrays and texts do not."""
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")

    assert 1.5 == number(numpy.float32(1.5))
    assert 2 == number(numpy.array(2))
    assert 1 == number(True)
    assert number(numpy.zeros(3)) is None
    assert number("1") is None
