"""Holding runs against rules that need no test."""

import json
import math
import pickle

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import ResolutionError, RunListQuery
from contexta.interpretation.diagnostics import DiagnosticsService
from contexta.interpretation.gate import (
    CompletenessRule,
    NoErrorsRule,
    NoRegressionRule,
    RequiredArtifactsRule,
    RequiredMetricsRule,
    RequiredStagesRule,
    ThresholdRule,
)
from contexta.interpretation.groups import GroupError


@pytest.mark.parametrize(
    ("operator", "value", "outcome"),
    [(">=", 0.9, "pass"), (">", 0.9, "fail"), ("<", 1, "pass"), ("==", 0.9, "pass")],
)
def test_a_threshold_on_one_run(bench, operator, value, outcome):
    """The latest value is held against it, with its record as evidence."""
    bench.add("r", {"accuracy": [0.1, 0.9]})
    found = bench.outcome("run:p.r", ThresholdRule("accuracy", operator, value))

    assert found.outcome == outcome
    assert found.numbers["values"] == (0.9,)
    assert found.evidence_links[0].kind == "record"


def test_a_threshold_on_several_runs(bench):
    """Every run must meet it, or their mean, or their median."""
    for i, value in enumerate([0.5, 0.9, 1.0]):
        bench.add(f"r{i}", {"accuracy": value})
    found = {
        across: bench.outcome(RunListQuery(), ThresholdRule("accuracy", ">=", 0.85, across=across))
        for across in ("every", "mean", "median")
    }

    assert {key: item.outcome for key, item in found.items()} == {
        "every": "fail",
        "mean": "fail",
        "median": "pass",
    }
    assert found["mean"].numbers["mean"] == pytest.approx(0.8)
    assert "run:p.r0" in found["every"].reason


def test_a_threshold_without_the_metric_cannot_be_told(bench):
    """The nearest metric is named."""
    bench.add("r", {"accuracy": 0.9})
    found = bench.outcome("run:p.r", ThresholdRule("acuracy", ">", 0.5))

    assert found.outcome == "cannot_tell"
    assert "nearest: accuracy" in found.reason


def test_one_failing_run_decides_even_if_another_cannot_be_told(bench):
    """A known fail is a fail."""
    bench.add("a", {"accuracy": 0.1})
    bench.add("b", {"loss": 1})

    assert bench.outcome(RunListQuery(), ThresholdRule("accuracy", ">", 0.5)).outcome == "fail"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("operator", [">", "<", "!="])
def test_a_value_that_is_not_finite_fails(bench, value, operator):
    """A loss that became NaN never passes, whatever the operator."""
    bench.add("r", {"loss": [0.5, value]})
    found = bench.outcome("run:p.r", ThresholdRule("loss", operator, 1))

    assert found.outcome == "fail"
    assert "NaN or infinite" in found.reason


def test_a_metric_without_any_finite_value_fails(bench):
    """Also under an aggregation that skips what is not finite."""
    bench.add("r", {"loss": [math.nan, math.inf]})

    rule = ThresholdRule("loss", "<", 1, aggregation="min")
    assert bench.outcome("run:p.r", rule).outcome == "fail"


def test_required_stages(bench):
    """A stage must be there and completed; in an open run it may still come."""
    done, open_run = bench.add("done"), bench.add("open", status="open", ended_at=None)
    bench.stages += [
        bench.make.stage(done, "fit"),
        bench.make.stage(done, "eval", status="failed"),
        bench.make.stage(open_run, "fit", status="open"),
    ]

    assert bench.outcome("run:p.done", RequiredStagesRule(("fit",))).outcome == "pass"
    failed = bench.outcome("run:p.done", RequiredStagesRule(("eval", "evals")))
    assert (failed.outcome, failed.numbers["lacking"]) == ("fail", 1)
    assert "stage eval is failed" in failed.reason
    assert "no stage evals (nearest: eval)" in failed.reason
    assert bench.outcome("run:p.open", RequiredStagesRule(("fit",))).outcome == "cannot_tell"


def test_required_metrics(bench):
    """A metric must have a value in every run, in the stage if one is named."""
    run = bench.add("r", {"loss": 1.0})
    bench.stages.append(bench.make.stage(run, "eval"))
    bench.log(run, {"accuracy": 0.5}, stage="eval")

    assert bench.outcome("run:p.r", RequiredMetricsRule(("loss", "accuracy"))).outcome == "pass"
    staged = RequiredMetricsRule(("accuracy", "loss"), stage_name="eval")
    found = bench.outcome("run:p.r", staged)
    assert found.outcome == "fail"
    assert "no metric loss in stage eval" in found.reason
    bench.add("o", {}, status="open")
    assert bench.outcome("run:p.o", RequiredMetricsRule(("loss",))).outcome == "cannot_tell"


def test_required_artifacts(bench):
    """An artifact without its body does not count."""
    run = bench.add("r")
    bench.artifacts += [
        bench.make.artifact(run, "a", "model"),
        bench.make.artifact(run, "b", "model", body_missing=True),
    ]

    assert bench.outcome("run:p.r", RequiredArtifactsRule(("model",))).outcome == "pass"
    found = bench.outcome("run:p.r", RequiredArtifactsRule(("model", "modl"), minimum=2))
    assert found.outcome == "fail"
    assert "1 of 2 artifacts of kind model, 1 without a body" in found.reason
    assert "kind modl (nearest: model)" in found.reason


def test_no_errors(bench):
    """Diagnostics issues of level error fail, unless their code is ignored."""
    bench.add("good", {"loss": 1.0})
    bench.add("bad", {"loss": math.nan})
    bench.add("open", {"loss": 1.0}, status="open", ended_at=None)

    assert bench.outcome("run:p.good", NoErrorsRule()).outcome == "pass"
    found = bench.outcome("run:p.bad", NoErrorsRule())
    assert (found.outcome, found.numbers["codes"]) == ("fail", ("nonfinite_metric",))
    ignored = NoErrorsRule(ignore=("nonfinite_metric",))
    assert bench.outcome("run:p.bad", ignored).outcome == "pass"
    assert bench.outcome("run:p.open", NoErrorsRule()).outcome == "cannot_tell"


def test_completeness(bench):
    """The counts over all runs are held against the limits, metric by metric if asked."""
    bench.add("a", {"loss": [1.0, math.nan], "accuracy": 1.0})
    bench.add("b", {"loss": 1.0})
    everything = bench.outcome(RunListQuery(), CompletenessRule())
    accuracy = CompletenessRule(max_missing=0, metric_keys=("accuracy",))
    found = bench.outcome(RunListQuery(), accuracy)

    assert (everything.outcome, everything.numbers["nonfinite"]) == ("fail", 1)
    assert bench.outcome(RunListQuery(), CompletenessRule(max_nonfinite=1)).outcome == "pass"
    assert (found.outcome, found.numbers["missing"]) == ("fail", 1)


@pytest.mark.parametrize(
    ("thresholds", "verdict", "exit_code"),
    [
        (["accuracy"], "pass", 0),
        (["accuracy", "unknown"], "cannot_tell", 2),
        (["unknown", "loss", "accuracy"], "fail", 1),
    ],
)
def test_the_verdict_and_the_exit_code(bench, thresholds, verdict, exit_code):
    """Any fail fails; else anything that cannot be told; else pass."""
    bench.add("r", {"accuracy": 0.9, "loss": 0.1})
    found = bench.evaluate("run:p.r", [ThresholdRule(key, ">", 0.5) for key in thresholds])

    assert (found.verdict, found.exit_code) == (verdict, exit_code)
    assert len(found.outcomes) == len(thresholds)


def test_no_candidates_cannot_be_told(bench):
    """A query without runs never passes."""
    found = bench.evaluate(RunListQuery(name="nobody"), [NoErrorsRule()])

    assert (found.verdict, found.exit_code) == ("cannot_tell", 2)
    assert found.outcomes[0].reason == "no run was selected"


def test_a_regression_rule_needs_a_baseline(bench):
    """Leaving it out is an error of the call, not a result."""
    bench.add("r", {"accuracy": 0.9})
    with pytest.raises(ValidationError) as caught:
        bench.evaluate("run:p.r", [NoRegressionRule("accuracy")])

    assert caught.value.code == "gate_no_baseline"


def test_candidates_in_the_baseline(bench):
    """A query leaves them out with a note; naming them is an error."""
    ids = bench.group("a", "accuracy", [0.9, 0.91, 0.92, 0.93, 0.94])
    rules = [NoRegressionRule("accuracy")]
    found = bench.evaluate(ids[0], rules, RunListQuery())

    assert ids[0] not in found.baseline_run_ids
    assert [n.summary for n in found.completeness_notes] == ["gate_candidates_left_out_of_baseline"]
    with pytest.raises(GroupError) as caught:
        bench.evaluate(ids[0], rules, ids)
    assert caught.value.code == "groups_run_in_both"


def test_an_unknown_run_is_refused(bench):
    """Gating nothing by a misspelled name must not pass."""
    bench.add("train")
    with pytest.raises(ResolutionError) as caught:
        bench.evaluate("run:p.trian", [NoErrorsRule()])

    assert caught.value.details["nearest"] == ["run:p.train"]


def test_results_are_json_and_pickle(bench):
    """With NaN among the numbers, too."""
    bench.add("r", {"loss": math.nan})
    found = bench.evaluate("run:p.r", {"rules": [{"type": "no_errors"}]})
    again = json.loads(json.dumps(found.to_dict(), allow_nan=False))

    assert pickle.loads(pickle.dumps(found)) == found
    assert (again["verdict"], again["exit_code"]) == ("fail", 1)


def test_the_mean_of_the_largest_doubles_has_an_answer(bench):
    """Their sum fits in no double; their mean does."""
    runs = bench.group("big", "size", [1.7e308, 1.7e308])
    found = bench.outcome(runs, ThresholdRule("size", "<", 1.75e308, across="mean"))

    assert (found.outcome, found.numbers["mean"]) == ("pass", 1.7e308)


def test_runs_are_diagnosed_once_for_all_rules(bench, monkeypatch):
    """Many rules about errors cost no more than one."""
    run = bench.add("one", {"accuracy": 0.9}).run_id
    asked = []
    original = DiagnosticsService.diagnose_run

    def counted(self, run_id):
        asked.append(run_id)
        return original(self, run_id)

    monkeypatch.setattr(DiagnosticsService, "diagnose_run", counted)
    found = bench.evaluate(run, [NoErrorsRule(name=str(number)) for number in range(5)])

    assert (found.verdict, asked) == ("pass", [run])


@pytest.mark.parametrize(("value", "shown"), [(0.899999, "0.899999"), (0.5, "0.5")])
def test_a_value_just_below_is_not_shown_as_the_threshold(bench, value, shown):
    """The words "accuracy >= 0.9: 0.9" would look like a gate that cannot compare."""
    run = bench.add("one", {"accuracy": value}).run_id
    found = bench.outcome(run, ThresholdRule("accuracy", ">=", 0.9))

    assert (found.outcome, found.reason) == ("fail", f"{shown} in {run}")
