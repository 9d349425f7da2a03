"""Questions about changes that cannot be meant are refused by name."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import QueryService, ResolutionError
from contexta.interpretation.changes import ChangeError, ChangePolicy, ChangeService


def service(make, parts, **settings):
    config = ChangePolicy(**settings) if settings else None
    return ChangeService(QueryService(make.repository(**parts)), config)


def test_unknown_names_are_answered_with_the_nearest(make, history):
    """A metric, a stage and a run that the history has not are refused by name."""
    found = service(make, history)
    with pytest.raises(ResolutionError) as metric:
        found.find_changes("los")
    with pytest.raises(ResolutionError) as stage:
        found.find_changes("steady", stage_name="trian")
    with pytest.raises(ResolutionError) as run:
        found.bisect("loss", good="run:p.r99")
    with pytest.raises(ChangeError) as order:
        found.bisect("loss", good="run:p.r30", bad="run:p.r10")

    assert (metric.value.code, metric.value.details["nearest"]) == (
        "changes_unknown_metric",
        ["loss"],
    )
    assert (stage.value.code, stage.value.details["nearest"]) == (
        "changes_unknown_stage",
        ["train"],
    )
    assert run.value.code == "query_run_not_found"
    assert order.value.code == "changes_invalid_bisection"


def test_a_run_outside_the_history_is_refused(make, history):
    """A good run that failed cannot bound a history of completed runs."""
    history["runs"].append(make.run("bad", minute=50, status="failed"))
    with pytest.raises(ResolutionError) as caught:
        service(make, history).bisect("loss", good="run:p.bad")

    assert caught.value.code == "changes_run_not_in_history"


def test_every_bad_setting_is_named():
    """All settings that cannot mean anything are refused at once."""
    with pytest.raises(ValidationError) as caught:
        ChangePolicy(min_segment=1, significance=2.0, seed=-1, max_runs=5000, facts_per_side=0)

    assert caught.value.code == "changes_invalid_policy"
    assert len(caught.value.details["problems"]) == 5


def test_an_unknown_choice_is_refused(make, history):
    """Only the latest or the largest change can be asked for."""
    with pytest.raises(ValidationError) as caught:
        service(make, history).bisect("loss", which="first")

    assert caught.value.details["allowed"] == ["latest", "largest"]


@pytest.mark.parametrize("key", ["", None, 5])
def test_a_key_that_is_no_text_is_refused(make, history, key):
    """A metric is named by a text."""
    with pytest.raises(ValidationError) as caught:
        service(make, history).find_changes(key)

    assert caught.value.code == "changes_invalid_metric_key"


@pytest.mark.parametrize("value", ["no", 1, {"loss": False}])
def test_a_direction_is_true_or_false(make, history, value):
    """Anything else would be taken for true, and every direction would be told wrong."""
    asked = service(make, history)
    for question in (asked.find_changes, asked.bisect):
        with pytest.raises(ValidationError) as caught:
            question("loss", higher_is_better=value)
        assert caught.value.code == "changes_invalid_direction"
