"""Adapters where none of the libraries is installed."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import importlib.abc, json, sys

VENDORS = {
    "opentelemetry", "mlflow", "sklearn", "skops", "lightning", "pytorch_lightning",
    "transformers", "keras", "xgboost", "lightgbm", "optuna",
}

class Away(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in VENDORS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Away())
from contexta.adapters.keras import ContextaCallback as keras
from contexta.adapters.lightgbm import contexta_callback as lightgbm
from contexta.adapters.lightning import ContextaLogger as lightning
from contexta.adapters.mlflow import MLflowSink as mlflow
from contexta.adapters.optuna import ContextaCallback as optuna
from contexta.adapters.otel import OTelSink as otel
from contexta.adapters.sklearn import autolog as sklearn
from contexta.adapters.transformers import ContextaCallback as transformers
from contexta.adapters.xgboost import ContextaCallback as xgboost
from contexta.errors import DependencyError

told = {}
for name in ("otel", "mlflow", "sklearn", "lightning", "transformers", "keras", "xgboost",
             "lightgbm", "optuna"):
    try:
        globals()[name]()
    except DependencyError as error:
        told[name] = [error.code, error.message]
print(json.dumps(told))
"""

CODES = {
    "otel": "otel_api_not_ready",
    "mlflow": "mlflow_not_ready",
    "sklearn": "sklearn_not_ready",
    "lightning": "lightning_not_ready",
    "transformers": "transformers_not_ready",
    "keras": "keras_not_ready",
    "xgboost": "xgboost_not_ready",
    "lightgbm": "lightgbm_not_ready",
    "optuna": "optuna_not_ready",
}


@pytest.fixture(scope="module")
def told():
    """What each adapter says at construction, in a process without the libraries."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CODES)
def test_construction_names_the_extra(told, name):
    """Importing works; constructing tells what to install, under a stable code."""
    code, message = told[name]

    assert CODES[name] == code
    assert f"pip install contexta[{name}]" in message


def test_adapters_hands_on_its_subpackages_when_asked():
    """`contexta.adapters.otel` is there without an import of its own."""
    import contexta.adapters

    assert "contexta.adapters.otel" == contexta.adapters.otel.__name__
    with pytest.raises(AttributeError, match="nowhere"):
        contexta.adapters.nowhere  # noqa: B018 - the lookup is the point
