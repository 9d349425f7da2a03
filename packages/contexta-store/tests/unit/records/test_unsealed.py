"""What other tools do not see yet: records that are not in Parquet."""

import pytest

from contexta.contract.errors import ValidationError


def test_unsealed_records_are_counted_until_they_are_sealed(store, add_points):
    """A count of live records by run and key; sealing makes it zero."""
    add_points(store, 3)
    add_points(store, 2, run="run:demo.run-2")
    add_points(store, 4, key="accuracy")
    counts = [
        store.count_unsealed("metric"),
        store.count_unsealed("metric", run_refs=["run:demo.run-1"]),
        store.count_unsealed("metric", run_refs=["run:demo.run-1"], keys=["loss"]),
        store.count_unsealed("event"),
    ]
    store.seal()
    add_points(store, 1)

    assert [9, 7, 3, 0] == counts
    assert 1 == store.count_unsealed("metric")


def test_unsealed_records_of_other_processes_count(open_store, add_points):
    """A reader sees what a writer has not sealed."""
    writer = open_store()
    add_points(writer, 3)

    assert 3 == open_store(read_only=True).count_unsealed("metric")


@pytest.mark.parametrize("question", [("metrics", None), ("metric", ["run-1"])])
def test_a_bad_question_is_refused(store, question):
    """Unknown record types and malformed refs are errors, not zeros."""
    with pytest.raises(ValidationError):
        store.count_unsealed(question[0], run_refs=question[1])
