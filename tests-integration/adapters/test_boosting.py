"""XGBoost and LightGBM: tiny real trainings, and what the command line knows about them."""

import copy

import pytest

pytest.importorskip("xgboost", reason="XGBoost is not installed")
pytest.importorskip("lightgbm", reason="LightGBM is not installed")

import lightgbm
import xgboost
from _answers import shown_kinds, shown_series
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, train_test_split

from contexta.adapters.lightgbm import contexta_callback
from contexta.adapters.xgboost import ContextaCallback

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def data():
    """Train and valid parts of a small table."""
    features, target = load_breast_cancer(return_X_y=True)
    return train_test_split(features, target, test_size=0.3, random_state=0)


def test_xgboost_train(ctx, show, points, data, artifacts):
    """Params, both evaluation sets by round, and the model are in the run of the block."""
    x_train, x_valid, y_train, y_valid = data
    train = xgboost.DMatrix(x_train, y_train)
    valid = xgboost.DMatrix(x_valid, y_valid)
    log = {}
    with ctx.run("boost") as run:
        booster = xgboost.train(
            {"max_depth": 3, "eta": 0.3, "objective": "binary:logistic", "nthread": 1},
            train,
            num_boost_round=5,
            evals=[(train, "train"), (valid, "eval")],
            evals_result=log,
            verbose_eval=False,
            callbacks=[ContextaCallback(ctx)],
        )
        assert not run.is_closed
    found = points(run.ref)
    snapshot = show("boost")
    ((facts, path),) = artifacts(run.ref)
    again = xgboost.Booster(model_file=path)

    assert [(i, v) for i, v in enumerate(log["train"]["logloss"])] == found["train", "logloss"]
    assert [(i, v) for i, v in enumerate(log["eval"]["logloss"])] == found["valid", "logloss"]
    assert "3" == str(snapshot["run"]["params"]["max_depth"])
    assert "binary:logistic" == snapshot["run"]["params"]["objective"]
    assert "completed" == snapshot["run"]["status"]
    assert "model" in shown_kinds(snapshot)
    assert "ubj" == facts["format"]
    assert facts["safe_to_load"]
    assert booster.predict(valid).tolist() == again.predict(valid).tolist()


def test_xgboost_of_scikit_learn_opens_its_own_run(ctx, show, data):
    """Without a run around it, a training is a run; early stopping is a fact of it."""
    x_train, x_valid, y_train, y_valid = data
    model = xgboost.XGBClassifier(
        n_estimators=50, early_stopping_rounds=2, n_jobs=1, callbacks=[ContextaCallback(ctx)]
    )
    model.fit(x_train, y_train, eval_set=[(x_valid, y_valid)], verbose=False)
    snapshot = show("xgboost")

    assert "completed" == snapshot["run"]["status"]
    assert "xgboost" == snapshot["run"]["tags"]["framework"]
    assert model.best_iteration == int(snapshot["run"]["params"]["best_iteration"])
    assert ("validation-0", "logloss") in shown_series(snapshot)


def test_xgboost_cv_logs_means_and_deviations(ctx, points, data):
    """Cross-validation has two numbers per round."""
    x_train, _, y_train, _ = data
    with ctx.run("cv") as run:
        table = xgboost.cv(
            {"max_depth": 2, "objective": "binary:logistic", "nthread": 1},
            xgboost.DMatrix(x_train, y_train),
            num_boost_round=3,
            nfold=3,
            callbacks=[ContextaCallback(ctx)],
        )
    found = points(run.ref)

    assert list(table["test-logloss-mean"]) == [value for _, value in found["test", "logloss"]]
    assert list(table["train-logloss-std"]) == [value for _, value in found["train", "logloss_std"]]


def test_a_cloned_callback_goes_on_logging(ctx, data, artifacts):
    """scikit-learn copies what an estimator is given; the copies write to the same run."""
    x_train, _, y_train, _ = data
    search = GridSearchCV(
        xgboost.XGBClassifier(n_estimators=2, n_jobs=1, callbacks=[ContextaCallback(ctx)]),
        {"max_depth": [1, 2]},
        cv=2,
    )
    with ctx.run("search") as run:
        search.fit(x_train, y_train)

    assert 5 == len(artifacts(run.ref))


def test_a_failing_log_never_stops_xgboost(ctx, data, monkeypatch):
    """The booster is whole, and the run says what is missing."""
    x_train, _, y_train, _ = data
    callback = ContextaCallback(ctx)
    monkeypatch.setattr(type(callback._training), "metrics", _break)
    with ctx.run("r") as run:
        train = xgboost.DMatrix(x_train, y_train)
        booster = xgboost.train(
            {"nthread": 1}, train, 3, evals=[(train, "train")], verbose_eval=False,
            callbacks=[callback],
        )  # fmt: skip
    from contexta.store.records import ScanFilter

    ctx.flush()
    found = ctx.record_store.scan(ScanFilter(run_ref=run.ref, record_type="degraded"))

    assert 3 == booster.num_boosted_rounds()
    assert ["adapters.xgboost_failed"] == [one.record.payload.issue_key for one in found]


def _break(*args, **kwargs):
    raise OSError("disk full")


def test_lightgbm_train(ctx, show, points, data, artifacts):
    """Params, both evaluation sets by round, and the model text are in the run."""
    x_train, x_valid, y_train, y_valid = data
    train = lightgbm.Dataset(x_train, y_train)
    log = {}
    with ctx.run("light") as run:
        booster = lightgbm.train(
            {"num_leaves": 4, "objective": "binary", "verbose": -1, "num_threads": 1},
            train,
            num_boost_round=5,
            valid_sets=[train, lightgbm.Dataset(x_valid, y_valid, reference=train)],
            valid_names=["training", "valid_0"],
            callbacks=[lightgbm.record_evaluation(log), contexta_callback(ctx)],
        )
        assert not run.is_closed
    found = points(run.ref)
    snapshot = show("light")
    ((_, path),) = artifacts(run.ref)
    again = lightgbm.Booster(model_file=path)

    assert log["training"]["binary_logloss"] == [v for _, v in found["train", "binary_logloss"]]
    assert list(enumerate(log["valid_0"]["binary_logloss"])) == found["valid", "binary_logloss"]
    assert 4 == snapshot["run"]["params"]["num_leaves"]
    assert booster.predict(x_valid).tolist() == again.predict(x_valid).tolist()


def test_lightgbm_that_stops_early_keeps_its_model(ctx, show, data):
    """No event tells the end; the model is kept all the same, with an own run and in a block."""
    x_train, x_valid, y_train, y_valid = data

    def fit(callback):
        model = lightgbm.LGBMClassifier(n_estimators=500, n_jobs=1, verbose=-1)
        stop = lightgbm.early_stopping(2, verbose=False)
        model.fit(x_train, y_train, eval_set=[(x_valid, y_valid)], callbacks=[stop, callback])
        return model

    model = fit(contexta_callback(ctx))
    with ctx.run("block"):
        kept = contexta_callback(ctx)
        fit(kept)
    own, block = show("lightgbm"), show("block")

    assert "completed" == own["run"]["status"]
    assert model.best_iteration_ == own["run"]["params"]["best_iteration"]
    assert "model" in shown_kinds(own)
    assert "model" in shown_kinds(block)


def test_lightgbm_cv(ctx, points, data):
    """Cross-validation has two numbers per round."""
    x_train, _, y_train, _ = data
    with ctx.run("cv") as run:
        table = lightgbm.cv(
            {"objective": "binary", "verbose": -1, "num_threads": 1},
            lightgbm.Dataset(x_train, y_train),
            num_boost_round=3,
            nfold=3,
            callbacks=[contexta_callback(ctx)],
        )
    found = points(run.ref)

    assert table["valid binary_logloss-mean"] == [v for _, v in found["valid", "binary_logloss"]]
    assert table["valid binary_logloss-stdv"] == [
        v for _, v in found["valid", "binary_logloss_std"]
    ]


@pytest.mark.parametrize("make", [ContextaCallback, contexta_callback])
def test_a_callback_can_be_copied(ctx, make):
    """Copies write to the same place."""
    with ctx.run("r") as run:
        copied = copy.deepcopy(make(ctx))

        assert run is copied.run
