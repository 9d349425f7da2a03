"""What a fitted estimator says about itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from contexta.adapters._training._params import number, plain

MAX_CANDIDATES = 200
"""Candidates of a search that become batches; all of them are in the artifact."""
_MAX_NAMES = 1_000


def params_of(estimator: Any) -> dict[str, Any]:
    """Return class and parameters, those of nested estimators as `step__name`."""
    found = {"estimator": type(estimator).__name__}
    for key, value in sorted(estimator.get_params(deep=True).items()):
        found[key] = type(value).__name__ if hasattr(value, "get_params") else value
    return found


def features_of(estimator: Any, data: Any) -> dict[str, Any]:
    """Return shape and column names of the data that an estimator was fitted on."""
    found: dict[str, Any] = {}
    shape = getattr(data, "shape", None)
    if isinstance(shape, tuple) and shape and all(number(one) is not None for one in shape):
        found["n_samples"] = int(shape[0])
    count = _fitted(estimator, "n_features_in_")
    if count is not None:
        found["n_features"] = int(count)
    names = _fitted(estimator, "feature_names_in_")
    if names is not None:
        found["feature_names"] = [str(name) for name in list(names)[:_MAX_NAMES]]
    classes = _fitted(estimator, "classes_")
    if classes is not None and len(classes) <= _MAX_NAMES:
        found["classes"] = [plain(one) for one in classes]
    return found


def is_model(estimator: Any) -> bool:
    """Say whether a fit makes a model: scalers and encoders alone are no training."""
    return any(hasattr(estimator, name) for name in ("predict", "fit_predict", "score_samples"))


def candidates_of(estimator: Any) -> list[dict[str, Any]]:
    """Return the candidates of a search: params, and scores and times by name."""
    results = _fitted(estimator, "cv_results_")
    if not isinstance(results, Mapping) or "params" not in results:
        return []
    names = [
        name
        for name, values in results.items()
        if not name.startswith("param") and len(values) == len(results["params"])
    ]
    return [
        {"params": params, "scores": {name: number(results[name][i]) for name in names}}
        for i, params in enumerate(results["params"])
    ]


def as_json(candidates: Sequence[Mapping[str, Any]]) -> str:
    """Return candidates as JSON text; numbers without JSON form are texts."""
    rows = [
        {
            "params": {key: plain(value) for key, value in one["params"].items()},
            "scores": {key: _finite(value) for key, value in one["scores"].items()},
        }
        for one in candidates
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False)


def _finite(value: Any) -> Any:
    return value if value is None or value - value == 0 else str(value)


def _fitted(estimator: Any, name: str) -> Any:
    try:
        return getattr(estimator, name, None)
    except (AttributeError, ValueError):  # properties of estimators that are not whole
        return None
