"""Counts with their nouns."""

import pytest

from contexta.store._words import counted
from contexta.store.records._compact_models import CompactionPlan


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 parts"), (1, "1 part"), (2, "2 parts"), (1200, "1200 parts")]
)
def test_one_is_not_many(count, text):
    """Nothing is many, too."""
    assert text == counted(count, "part")


def test_words_that_take_no_s_are_given():
    """The verb follows its noun."""
    assert "1 record goes" == counted(1, "record goes", "records go")
    assert "2 records go" == counted(2, "record goes", "records go")


def test_the_plan_of_a_compaction_speaks_of_one_part():
    """As all texts of the store do."""
    plan = CompactionPlan((), parts=1, size=4096)

    assert "1 part, 0.0 MiB\nnothing to merge" == str(plan)
