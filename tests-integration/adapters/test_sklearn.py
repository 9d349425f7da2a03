"""scikit-learn: tiny real fits, and what the command line knows about them."""

import json
import threading

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
pytest.importorskip("skops", reason="skops is not installed")

import numpy as np
import pandas as pd
import skops.io
from _answers import shown_kinds, shown_series
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from contexta.adapters.sklearn import autolog

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:joblib"),
    # An older scikit-learn asks a newer SciPy for what that is about to drop.
    pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def data():
    """Flowers, with names of columns."""
    found = load_iris(as_frame=True)
    return found.data, found.target


def runs_of(ctx):
    """Return the names of all runs."""
    return sorted(str(run.run_ref) for run in ctx.metadata_store.runs.list_runs())


def test_a_fit_is_a_run(ctx, show, data, artifacts):
    """Params, time, score, names of features, and a model that predicts the same."""
    with autolog(ctx, log_model="skops"):
        model = LogisticRegression(C=0.5, max_iter=500).fit(*data)
    snapshot = show("logisticregression")
    series = shown_series(snapshot)
    ((facts, path),) = artifacts("run:p.logisticregression")
    again = skops.io.load(path, trusted=[])
    fitted = next(one for one in snapshot["records"] if one["key"] == "sklearn.fitted")

    assert 0.5 == snapshot["run"]["params"]["C"]
    assert "LogisticRegression" == snapshot["run"]["params"]["estimator"]
    assert 150 == snapshot["run"]["params"]["n_samples"]
    assert model.score(*data) == series["fit-logisticregression", "training_score"][2]
    assert series["fit-logisticregression", "fit_seconds"][2] > 0
    assert list(data[0].columns) == fitted["payload"]["attributes"]["feature_names"]
    assert "completed" == snapshot["run"]["status"]
    assert "model" in shown_kinds(snapshot)
    assert "skops" == facts["format"]
    assert np.array_equal(model.predict(data[0]), again.predict(data[0]))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_search_logs_its_candidates_once(ctx, show, data, artifacts, jobs):
    """Each candidate is a batch with its scores; the fits inside are no runs of their own."""
    grid = {"logisticregression__C": [0.1, 1.0, 10.0]}
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    with autolog(ctx), ctx.run("search") as run:
        search = GridSearchCV(pipeline, grid, cv=3, n_jobs=jobs).fit(*data)
    snapshot = show("search")
    means = [
        (one["last_step"], one["last"])
        for one in snapshot["metrics"]
        if one["metric_key"] == "mean_test_score"
    ]
    ((_, path),) = artifacts(run.ref, "cv_results")
    rows = json.loads(path.read_text())

    assert ["run:p.search"] == runs_of(ctx)
    assert ["fit-gridsearchcv"] == [one["name"] for one in snapshot["stages"]]
    assert 3 == len(snapshot["batches"])
    assert (
        search.best_params_["logisticregression__C"]
        == (snapshot["run"]["params"]["best.logisticregression__C"])
    )
    assert list(search.cv_results_["mean_test_score"]) == [
        row["scores"]["mean_test_score"] for row in rows
    ]
    assert (2, search.cv_results_["mean_test_score"][2]) in means


def test_meta_estimators_are_one_fit_whatever_the_workers(ctx, data):
    """Bagging in threads, voting, forests: what they fit inside belongs to them."""
    import joblib

    with autolog(ctx), ctx.run("r") as run:
        with joblib.parallel_backend("threading", n_jobs=2):
            BaggingClassifier(LogisticRegression(max_iter=500), n_estimators=4, n_jobs=2).fit(*data)
        VotingClassifier([("a", LogisticRegression(max_iter=500)), ("b", Ridge())][:1]).fit(*data)
        RandomForestClassifier(5, n_jobs=2).fit(*data)
        StandardScaler().fit(data[0])
    stages = [one.stage_name for one in ctx.metadata_store.stages.list_stage_executions(run.ref)]

    assert [
        "fit-baggingclassifier",
        "fit-votingclassifier-2",
        "fit-randomforestclassifier-3",
    ] == stages
    assert "RandomForestClassifier" == run.params["fit-RandomForestClassifier-3.estimator"]
    assert ["run:p.r"] == runs_of(ctx)


def test_fits_of_several_threads_are_several_fits(ctx, data):
    """Threads of the program are no workers of another fit."""
    with autolog(ctx):
        threads = [
            threading.Thread(target=LogisticRegression(max_iter=500).fit, args=data)
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert 4 == len(runs_of(ctx))


def test_disable_puts_everything_back(ctx, data):
    """No class keeps a trace, and nothing is logged afterwards."""
    before = LogisticRegression.fit
    hook = BaseEstimator.__init_subclass__.__func__
    log = autolog(ctx)
    during = LogisticRegression.fit
    log.disable()
    log.disable()
    LogisticRegression(max_iter=500).fit(*data)

    assert before is LogisticRegression.fit
    assert before is not during
    assert hook is BaseEstimator.__init_subclass__.__func__
    assert [] == runs_of(ctx)


def test_classes_defined_later_are_logged_and_restored(ctx, data):
    """An estimator of the program's own counts like those of the library."""
    with autolog(ctx):

        class Most(ClassifierMixin, BaseEstimator):
            def fit(self, x, y):
                self.classes_, counts = np.unique(y, return_counts=True)
                self.most_ = self.classes_[counts.argmax()]
                return self

            def predict(self, x):
                return np.full(len(x), self.most_)

        clone(Most()).fit(*data)
    Most().fit(*data)

    assert ["run:p.most"] == runs_of(ctx)


def test_subclasses_that_call_their_parent_fit_once(ctx, data):
    """`super().fit()` is part of the fit."""

    class Mine(LogisticRegression):
        def fit(self, x, y):
            return super().fit(x, y)

    with autolog(ctx):
        Mine(max_iter=500).fit(*data)

    assert ["run:p.mine"] == runs_of(ctx)


def test_a_fit_that_raises_is_failed_and_raises(ctx):
    """The program sees its own error."""
    with autolog(ctx), pytest.raises(ValueError, match="inconsistent numbers"):
        Ridge().fit(np.zeros((3, 2)), np.zeros(2))

    assert "failed" == ctx.metadata_store.runs.get_run("run:p.ridge").status


def test_a_failing_log_never_stops_a_fit(ctx, data, monkeypatch):
    """The estimator is fitted whatever becomes of the log."""
    from contexta.adapters._training import Training

    def refuse(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(Training, "open_stage", refuse)
    monkeypatch.setattr(Training, "params", refuse)
    with autolog(ctx):
        model = LogisticRegression(max_iter=500).fit(*data)

    assert hasattr(model, "coef_")


def test_cross_validation_in_processes_logs_nothing_twice(ctx, data):
    """Folds are fits of their own in this process, and none in spawned workers."""
    with autolog(ctx, log_training_score=False), ctx.run("r") as run:
        scores = cross_val_score(LogisticRegression(max_iter=500), *data, cv=3, n_jobs=2)
    stages = ctx.metadata_store.stages.list_stage_executions(run.ref)

    assert 3 == len(scores)
    assert [] == list(stages)


def test_pickles_are_marked(ctx, artifacts, data):
    """What runs code when it is loaded says so."""
    with autolog(ctx, log_model="pickle"):
        LogisticRegression(max_iter=500).fit(pd.DataFrame(data[0]), data[1])
    ((facts, _),) = artifacts("run:p.logisticregression")

    assert not facts["safe_to_load"]
    assert "pickle" == facts["format"]
