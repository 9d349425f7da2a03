"""Optuna: tiny real studies, and what the command line knows about them."""

import json

import pytest

pytest.importorskip("optuna", reason="Optuna is not installed")

import optuna
from _answers import shown_kinds, shown_series

from contexta.adapters.optuna import ContextaCallback

pytestmark = [pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")]
optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(trial):
    """Report twice; the second half of the trials is pruned, the fifth fails."""
    x = trial.suggest_float("x", -1, 1)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    for step in range(2):
        trial.report(x * x + step, step)
    if trial.number in (2, 3):
        raise optuna.TrialPruned
    if trial.number == 4:
        raise ValueError("diverged")
    return x * x + (kind == "b")


def make_study(**options):
    """Return a study that repeats itself."""
    return optuna.create_study(
        study_name="tune", sampler=optuna.samplers.RandomSampler(seed=0), **options
    )


def test_a_study_is_a_run_with_a_stage_per_trial(ctx, show, points, artifacts):
    """Params, values, intermediate values and the state of each trial."""
    study = make_study()
    with ContextaCallback(ctx) as callback:
        study.optimize(objective, n_trials=5, callbacks=[callback], catch=(ValueError,))
    snapshot = show("tune")
    found = points("run:p.tune")
    stages = {one["name"]: one for one in snapshot["stages"]}
    ((_, path),) = artifacts("run:p.tune", "optuna_trials")
    rows = json.loads(path.read_text())
    complete = [trial for trial in study.trials if trial.state.name == "COMPLETE"]

    assert {f"trial-{number}" for number in range(5)} == set(stages)
    assert "completed" == snapshot["run"]["status"]
    assert "cancelled" == stages["trial-2"]["status"]
    assert "failed" == stages["trial-4"]["status"]
    assert "PRUNED" == stages["trial-2"]["metadata"]["state"]
    assert study.trials[1].params == stages["trial-1"]["metadata"]["params"]
    assert [(t.number, t.value) for t in complete] == found[None, "value"]
    assert sorted(study.trials[2].intermediate_values.items()) == found["trial-2", "intermediate"]
    assert study.best_value == shown_series(snapshot)["", "best_value"][2]
    assert study.best_params["x"] == snapshot["run"]["params"]["best.x"]
    assert 2 == snapshot["run"]["params"]["trials.pruned"]
    assert [t.params for t in study.trials] == [row["params"] for row in rows]
    assert "optuna_trials" in shown_kinds(snapshot)


def test_trials_can_be_runs(ctx, show):
    """Each trial is compared and filtered like any run."""
    study = make_study()
    with ctx.run("around"):
        study.optimize(
            objective, n_trials=3, callbacks=[ContextaCallback(ctx, trials="runs", name="t")]
        )
    first, pruned = show("t-trial-0"), show("t-trial-2")

    assert study.trials[0].params == first["run"]["params"]
    assert study.trials[0].value == shown_series(first)["", "value"][2]
    assert (2, 1) == shown_series(first)["", "intermediate"][:2]
    assert "PRUNED" == pruned["run"]["tags"]["state"]
    assert "cancelled" == pruned["run"]["status"]


def test_two_objectives_and_four_threads(ctx, points):
    """Values are told apart, no trial is lost, and the run of the block is used."""
    study = make_study(directions=["minimize", "maximize"])
    with ctx.run("mine") as run:
        study.optimize(
            lambda trial: (trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)),
            n_trials=20,
            n_jobs=4,
            callbacks=[ContextaCallback(ctx)],
        )
    found = points(run.ref)

    assert set(range(20)) == {step for step, _ in found[None, "value_0"]}
    assert [trial.values[1] for trial in study.trials] == [
        v for _, v in sorted(found[None, "value_1"])
    ]


def test_a_failing_log_never_stops_a_study(ctx, monkeypatch):
    """All trials are made."""
    callback = ContextaCallback(ctx)

    def refuse(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(type(callback._training), "open_stage", refuse)
    study = make_study()
    with callback:
        study.optimize(
            lambda trial: trial.suggest_float("x", 0, 1), n_trials=3, callbacks=[callback]
        )

    assert 3 == len(study.trials)


def test_a_study_that_nobody_ended_ends_with_its_run(ctx, artifacts):
    """The summary is written before the run closes, also where the callback is kept."""
    with ctx.run("r") as run:
        callback = ContextaCallback(ctx)
        make_study().optimize(objective, n_trials=2, callbacks=[callback])

    assert 1 == len(artifacts(run.ref, "optuna_trials"))
    assert "completed" == ctx.metadata_store.runs.get_run(run.ref).status
