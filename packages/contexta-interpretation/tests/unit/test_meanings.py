"""Notes on completeness, in words."""

import pytest

from contexta.interpretation.meanings import in_a_sentence


@pytest.mark.parametrize(
    ("summary", "told"),
    [
        ("missing_metric_for_run:loss", "a run has no value of this metric: loss"),
        ("projects_mixed", "the runs belong to several projects"),
        ("left:run_unknown", "left: there is no such run"),
        ("right_provenance_missing", "right: no provenance was recorded"),
        ("metric_unknown:a:b", "no run has this metric: a:b"),
        ("of_others:x", "of others: x"),
        ("left_out_by_others", "left out by others"),
        ("A part is damaged: a_b.parquet", "A part is damaged: a_b.parquet"),
        ("", ""),
    ],
)
def test_a_note_is_a_sentence_with_its_subject(summary, told):
    """Those that have no meaning here keep their own words."""
    assert told == in_a_sentence(summary)
