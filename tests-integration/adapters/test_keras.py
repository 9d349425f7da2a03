"""Keras: a tiny real training, and what the command line knows about it."""

import os

import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("keras", reason="Keras is not installed")

import keras
import numpy as np
from _answers import shown_kinds, shown_series

from contexta.adapters.keras import ContextaCallback

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture
def data():
    """A table that a line fits."""
    features = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    return features, features @ np.array([[1.0], [-2.0], [0.5]], dtype="float32")


@pytest.fixture
def model():
    """A compiled network of one layer."""
    keras.utils.set_random_seed(0)
    built = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="line")
    built.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse", metrics=["mae"])
    return built


def fit(model, data, callback, **options):
    """Train two epochs."""
    settings = {"epochs": 2, "batch_size": 16, "validation_split": 0.25, "verbose": 0}
    return model.fit(*data, callbacks=[callback], **{**settings, **options})


def test_a_training_is_a_run(ctx, show, points, model, data, artifacts):
    """Params, train and valid by epoch, and a model that predicts the same."""
    history = fit(model, data, ContextaCallback(ctx, name="line")).history
    snapshot = show("line")
    found = points("run:p.line")
    ((facts, path),) = artifacts("run:p.line")
    # Keras wants the ending of its format.
    again = keras.models.load_model(path.rename(path.with_suffix(".keras")))

    assert list(enumerate(history["loss"])) == found["train", "loss"]
    assert list(enumerate(history["val_loss"])) == found["valid", "loss"]
    assert (2, 1, history["val_mae"][-1]) == shown_series(snapshot)["valid", "mae"]
    assert 2 == snapshot["run"]["params"]["epochs"]
    assert 0.05 == pytest.approx(snapshot["run"]["params"]["optimizer.learning_rate"])
    assert "completed" == snapshot["run"]["status"]
    assert {"train", "valid"} == {one["name"] for one in snapshot["stages"]}
    assert "model" in shown_kinds(snapshot)
    assert facts["safe_to_load"]
    assert np.allclose(model.predict(data[0], verbose=0), again.predict(data[0], verbose=0))


def test_it_joins_the_run_of_the_block(ctx, model, data, points):
    """The run stays open for what comes after, and the user's emits go to the run."""
    with ctx.run("mine") as run:
        fit(model, data, ContextaCallback(ctx, every_n_batches=2))
        ctx.metric("after", 1.0)
        still_open = not run.is_closed
    found = points(run.ref)

    assert still_open
    assert [(None, 1.0)] == found[None, "after"]
    assert [2, 4, 6] == [step for step, _ in found["train", "batch_loss"]]


def test_evaluate_after_fit_continues_the_run(ctx, model, data, points):
    """The test score belongs to the training."""
    callback = ContextaCallback(ctx, name="line")
    fit(model, data, callback)
    model.evaluate(*data, callbacks=[callback], verbose=0)

    assert ("test", "loss") in points("run:p.line")
    assert not ctx.metadata_store.runs.exists_run("run:p.line-2")


def test_two_fits_are_two_runs(ctx, model, data):
    """Folds trained with one callback stay apart."""
    callback = ContextaCallback(ctx, name="fold", log_model=False)
    fit(model, data, callback)
    fit(model, data, callback)

    assert ctx.metadata_store.runs.exists_run("run:p.fold-2")


def test_a_training_that_raises_is_failed(ctx, model, data):
    """The next training closes what the last one left, as failed, and nothing is nested."""

    class Broken(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("out of memory")

    callback = ContextaCallback(ctx, name="fold", log_model=False)
    with pytest.raises(RuntimeError, match="out of memory"):
        model.fit(*data, callbacks=[callback, Broken()], verbose=0)
    with ctx.run("another"):
        pass
    fit(model, data, ContextaCallback(ctx, name="other", log_model=False))
    fit(model, data, callback)

    runs = ctx.metadata_store.runs
    assert "failed" == runs.get_run("run:p.fold").status
    assert "completed" == runs.get_run("run:p.fold-2").status


def test_a_failing_log_never_stops_keras(ctx, model, data, monkeypatch, caplog):
    """The training ends, and the run says what is missing."""

    def refuse(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(type(model), "save", refuse)
    with ctx.run("r") as run:
        history = fit(model, data, ContextaCallback(ctx)).history
    from contexta.store.records import ScanFilter

    ctx.flush()
    found = list(ctx.record_store.scan(ScanFilter(run_ref=run.ref, record_type="degraded")))

    assert 2 == len(history["loss"])
    assert ["adapters.keras_failed"] == [one.record.payload.issue_key for one in found]
    assert "disk full" in caplog.text
