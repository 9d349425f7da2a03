"""Results can be kept, sent and written."""

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError

import pytest

from contexta.interpretation import MultiRunMetricRow, RunRecord, TrendPoint


def test_results_pickle_and_copy(make):
    """A result with mappings survives pickling and deep copying."""
    run = make.run("r1", params={"lr": 0.1}, tags={"a": "b"})

    assert pickle.loads(pickle.dumps(run)) == copy.deepcopy(run) == run


def test_results_are_frozen(make):
    """Neither fields nor mappings of a result can be changed."""
    run = make.run("r1", tags={"a": "b"})
    with pytest.raises(FrozenInstanceError):
        run.name = "other"
    with pytest.raises(TypeError):
        run.tags["a"] = "c"

    assert run.tags == {"a": "b"}


def test_mappings_are_sorted_and_none_is_empty():
    """Mapping fields have sorted keys, and None gives an empty mapping."""
    run = RunRecord("r", "p", "n", "open", tags={"b": "1", "a": "2"}, metadata=None)

    assert (list(run.tags), dict(run.metadata)) == (["a", "b"], {})


def test_nonfinite_numbers_become_null_with_marker():
    """A number that is not finite is null in JSON and named beside it."""
    point = TrendPoint("r", "n", math.inf).to_dict()
    row = MultiRunMetricRow("k", None, [1.0, math.nan, None]).to_dict()
    json.dumps([point, row], allow_nan=False)

    assert (point["value"], point["value_marker"]) == (None, "Infinity")
    assert (row["values"], row["values_markers"]) == ([1.0, None, None], {"1": "NaN"})
