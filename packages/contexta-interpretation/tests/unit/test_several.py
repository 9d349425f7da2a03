"""Several results are a tuple that can become a table."""

import copy
import pickle

import pytest

from contexta.interpretation import DeploymentRecord, Results, RunRecord, StageRecord


@pytest.fixture
def runs(make):
    return Results([make.run("a"), make.run("b"), make.run("c")], RunRecord)


def test_they_are_a_tuple(runs):
    """Equal to one, hashed, counted and joined as one."""
    plain = tuple(runs)

    assert isinstance(runs, tuple)
    assert plain == runs
    assert (*plain, *plain) == runs + runs
    assert "a" == runs[0].name


def test_some_of_them_are_several_too(runs):
    """A slice keeps what it is of, also when nothing is left."""
    some, none = runs[1:], runs[5:]

    assert (Results, ["b", "c"]) == (type(some), [run.name for run in some])
    assert (Results, RunRecord, ()) == (type(none), none.kind, none)


def test_they_pickle_and_copy(runs):
    """With what they are of."""
    again = pickle.loads(pickle.dumps(runs))

    assert runs == again == copy.deepcopy(runs)
    assert RunRecord is again.kind is copy.copy(runs).kind


@pytest.mark.parametrize("kind", [RunRecord, StageRecord, DeploymentRecord])
def test_none_of_them_keep_their_columns(kind):
    """A pipeline does not break on a filter that matches nothing."""
    table = Results((), kind).to_arrow()

    assert 0 == table.num_rows
    assert {"name", "status", "started_at"} <= set(table.column_names)
    assert "timestamp[us, tz=UTC]" == str(table.schema.field("started_at").type)


def test_they_are_a_table(runs):
    """One row each."""
    assert ["a", "b", "c"] == runs.to_arrow()["name"].to_pylist()
