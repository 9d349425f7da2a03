"""Groups and gates on data written by capture: seeds x params, through the facade."""

import json
import math

import numpy as np
import pytest

from contexta import Contexta
from contexta.interpretation import RunListQuery
from contexta.interpretation.gate import GateService
from contexta.interpretation.groups import GroupService

RATES = {0.1: 0.90, 0.03: 0.93, 0.01: 0.90}
SEEDS = range(6)
RULES = json.loads(
    """
    {"rules": [
        {"type": "threshold", "metric_key": "accuracy", "operator": ">=", "value": 0.85,
         "stage_name": "eval"},
        {"type": "no_regression", "metric_key": "accuracy", "stage_name": "eval"},
        {"type": "no_regression", "metric_key": "loss", "relative_margin": 0.5},
        {"type": "required_stages", "stage_names": ["fit", "eval"]},
        {"type": "required_metrics", "metric_keys": ["accuracy", "loss"]},
        {"type": "required_artifacts", "kinds": ["model"]},
        {"type": "no_errors"},
        {"type": "completeness", "max_missing": 0, "metric_keys": ["accuracy", "loss"]}
    ]}
    """
)


def train(ctx, folder, random, rate, seed, gain=0.0):
    """Log a noisy training: a falling loss, an evaluation, a model."""
    model = folder / "model.bin"
    model.write_bytes(f"{rate} {seed}".encode())
    with ctx.run("train", params={"lr": rate, "seed": seed}) as run:
        with run.stage("fit") as fit:
            for step in range(5):
                fit.metric("loss", math.exp(-step) + 0.3 + random.normal(0, 0.02), step=step)
        with run.stage("eval") as evaluation:
            evaluation.metric("accuracy", RATES[rate] + gain + random.normal(0, 0.008))
        run.register_artifact("model", path=model)
        return str(run.ref)


@pytest.fixture
def ctx(tmp_path):
    """A workspace with 18 finished runs: three rates, six seeds each."""
    random = np.random.default_rng(42)
    with Contexta(config={"project_name": "demo"}, workspace=tmp_path / ".contexta") as ctx:
        for rate in RATES:
            for seed in SEEDS:
                train(ctx, tmp_path, random, rate, seed)
        yield ctx


def test_replicates_are_compared(ctx):
    """0.03 is better than 0.1, 0.01 is not; the loss does not differ, and says what it would."""
    service = GroupService(ctx.query_service)
    groups = {group.params["lr"]: group for group in service.replicate_groups(["lr"]).groups}
    better = service.compare_groups(groups[0.1], groups[0.03], ["accuracy", "loss"])
    equal = service.compare_groups(groups[0.1], groups[0.01], ["accuracy", "loss"])

    assert {rate: group.size for rate, group in groups.items()} == dict.fromkeys(RATES, 6)
    assert [row.verdict for row in better.metrics] == ["better", "no difference found"]
    assert [row.verdict for row in equal.metrics] == ["no difference found"] * 2
    assert better.metric("accuracy").difference == pytest.approx(0.03, abs=0.02)
    assert 0 < equal.metric("accuracy").smallest_detectable < 0.05
    assert better.completeness.complete


@pytest.mark.parametrize("method", ["welch", "permutation"])
def test_seeds_make_pairs(ctx, method):
    """The same seeds on both sides."""
    found = GroupService(ctx.query_service).compare_groups(
        RunListQuery(params={"lr": 0.1}),
        RunListQuery(params={"lr": 0.03}),
        ["accuracy"],
        paired_by="seed",
        method=method,
    )

    assert (found.metrics[0].left.n, found.metrics[0].verdict) == (6, "better")


def test_a_gate_lets_an_equal_run_pass(ctx, tmp_path):
    """Every rule of the file passes for a seventh seed."""
    candidate = train(ctx, tmp_path, np.random.default_rng(7), 0.1, 7)
    found = GateService(ctx.query_service).evaluate(
        candidate, RULES, RunListQuery(params={"lr": 0.1})
    )

    assert {item.rule: item.outcome for item in found.outcomes} == {
        item.rule: "pass" for item in found.outcomes
    }
    assert (found.verdict, found.exit_code, len(found.outcomes)) == ("pass", 0, 8)
    assert len(found.baseline_run_ids) == 6


def test_a_gate_stops_a_worse_run(ctx, tmp_path):
    """A model that lost 0.08 fails the test against its replicates, and says by how much."""
    candidate = train(ctx, tmp_path, np.random.default_rng(8), 0.1, 8, gain=-0.08)
    found = GateService(ctx.query_service).evaluate(
        candidate, RULES, RunListQuery(params={"lr": 0.1})
    )
    failed = {item.rule_type for item in found.outcomes if item.outcome == "fail"}

    assert (found.verdict, found.exit_code) == ("fail", 1)
    assert failed == {"threshold", "no_regression"}


def test_a_gate_says_what_it_cannot_tell(ctx, tmp_path):
    """Against two baseline runs nobody can tell, and nothing fails."""
    candidate = train(ctx, tmp_path, np.random.default_rng(7), 0.1, 7)
    baseline = [run.run_id for run in ctx.list_runs("demo")][:2]
    found = GateService(ctx.query_service).evaluate(candidate, RULES, baseline)

    assert (found.verdict, found.exit_code) == ("cannot_tell", 2)
    assert {i.rule_type for i in found.outcomes if i.outcome == "cannot_tell"} == {"no_regression"}
