"""Comparing runs and reports."""

import json
import math

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import (
    CompareService,
    ComparisonError,
    ComparisonPolicy,
    QueryService,
    ReportDocument,
    ReportSection,
)
from contexta.interpretation.repositories import EnvironmentRecord


@pytest.fixture
def pair(make):
    """Two runs."""
    return make.run("left", params={"lr": 0.1, "old": 1}), make.run(
        "right", minute=1, params={"lr": 0.2, "new": True}
    )


def compare(make, pair, config=None, **parts):
    repository = make.repository(runs=pair, **parts)
    service = CompareService(QueryService(repository), config=config)
    return service.compare_runs(pair[0].run_id, pair[1].run_id)


def test_run_level_metrics_form_their_own_group(make, pair):
    """Metrics without a stage are compared in a group whose stage name is None."""
    records = [make.metric(run, "loss", value) for run, value in zip(pair, (0.4, 0.5), strict=True)]
    comparison = compare(make, pair, records=records)
    (group,) = comparison.stage_comparisons
    (delta,) = group.metric_deltas

    assert group.stage_name is None
    assert (delta.left_value, delta.right_value) == (0.4, 0.5)
    assert delta.delta == pytest.approx(0.1)
    assert delta.change_ratio == pytest.approx(1.25)
    assert delta.relative_change == pytest.approx(0.25)


def test_a_missing_stage_brings_no_phantom_deltas(make, pair):
    """The run's own metrics are not shown as those of a stage that one side lacks."""
    records = [make.metric(pair[0], "loss", 1.0), make.metric(pair[1], "loss", 1.0)]
    comparison = compare(make, pair, records=records, stages=[make.stage(pair[0], "train")])
    stage = comparison.stage_comparisons[-1]

    assert (stage.stage_name, stage.metric_deltas) == ("train", ())
    assert [note.summary for note in stage.completeness_notes] == ["missing_stage:train"]


def test_float_noise_is_no_change(make, pair):
    """Values that differ in the last digit count as equal; two NaN do too."""
    records = [
        make.metric(pair[0], "loss", 0.1 + 0.2),
        make.metric(pair[1], "loss", 0.3),
        make.metric(pair[0], "nan", math.nan),
        make.metric(pair[1], "nan", math.nan),
    ]
    comparison = compare(make, pair, records=records)

    assert comparison.stage_comparisons[0].metric_deltas == ()


def test_one_sided_metric_gets_a_note(make, pair):
    """A metric that only one run has gives no delta and a note."""
    comparison = compare(make, pair, records=[make.metric(pair[0], "loss", 1.0)])
    (delta,) = comparison.stage_comparisons[0].metric_deltas

    assert (delta.delta, delta.right_value) == (None, None)
    assert delta.completeness_notes[0].summary == "sparse_metric_capture:run:loss"


def test_values_in_different_units_have_no_difference(make, pair):
    """Five milliseconds and five seconds are neither equal nor zero apart; a note says why."""
    units = zip(pair, ("ms", "s"), strict=True)
    records = [make.metric(run, "latency", 5.0, unit=unit) for run, unit in units]
    config = ComparisonPolicy(include_unchanged_metrics=False)
    comparison = compare(make, pair, config, records=records)
    (delta,) = comparison.stage_comparisons[0].metric_deltas

    assert (5.0, 5.0, None, None, None) == (
        delta.left_value,
        delta.right_value,
        delta.delta,
        delta.change_ratio,
        delta.unit,
    )
    (note,) = delta.completeness_notes
    assert "metric_units_differ:run:latency" == note.summary
    assert {"left_unit": "ms", "right_unit": "s"} == dict(note.details)


def test_values_that_differ_are_listed(make, pair):
    """Parameters and environment values appear as added, removed or changed."""
    environments = [
        EnvironmentRecord("environment:p.left.e", pair[0].run_id, "t", "3.11", "linux", {"a": "1"}),
        EnvironmentRecord("environment:p.right.e", pair[1].run_id, "t", "3.12", "linux"),
    ]
    comparison = compare(make, pair, environments=environments)
    found = {(c.kind, c.key): c.change for c in comparison.value_changes}

    assert found == {
        ("param", "lr"): "changed",
        ("param", "new"): "added",
        ("param", "old"): "removed",
        ("environment", "python_version"): "changed",
        ("package", "a"): "removed",
    }
    assert comparison.provenance_comparison.environment_changed is True
    assert comparison.provenance_comparison.code_revision_changed is False


@pytest.mark.parametrize(("recorded", "changed"), [(True, False), (False, True)])
def test_metadata_stands_for_an_environment_that_nobody_recorded(make, recorded, changed):
    """Other arguments of the command are no other environment where that one is known."""
    runs = [
        make.run(name, metadata={"argv": name}, code_revision="one") for name in ("left", "right")
    ]
    environments = [
        EnvironmentRecord(f"environment:p.{run.name}.e", run.run_id, "t", "3.11", "linux")
        for run in runs
    ]
    comparison = compare(make, runs, environments=environments if recorded else [])

    assert comparison.provenance_comparison.environment_changed is changed


def test_artifacts_compare_by_hash(make, pair):
    """Kinds are added, removed, changed or ambiguous; equal ones are left out."""
    left, right = pair
    artifacts = [
        make.artifact(left, "m", "model", hash_value="1", location="m"),
        make.artifact(right, "m", "model", hash_value="2", location="m"),
        make.artifact(left, "d", "data", hash_value="3"),
        make.artifact(right, "d", "data", hash_value="3"),
        make.artifact(right, "r", "report"),
    ]
    changes = compare(make, pair, artifacts=artifacts).artifact_changes

    assert [(c.artifact_kind, c.change, c.change_detail) for c in changes] == [
        ("model", "changed", "hash_changed"),
        ("report", "added", None),
    ]


def test_many_runs_may_mix_staged_and_run_level_metrics(make, pair):
    """Run-level rows come first, then stages; values align with the ids as passed."""
    records = [
        make.metric(pair[0], "loss", 0.4),
        make.metric(pair[1], "loss", 0.3),
        make.metric(pair[1], "loss", 0.2, stage="train"),
    ]
    service = CompareService(QueryService(make.repository(runs=pair, records=records)))
    comparison = service.compare_multiple_runs([run.run_id for run in pair])
    rows = [(row.stage_name, row.values, row.best_run_id) for row in comparison.metric_table]
    json.dumps(comparison.to_dict(), allow_nan=False)

    assert rows == [
        (None, (0.4, 0.3), pair[1].run_id),
        ("train", (None, 0.2), pair[1].run_id),
    ]


@pytest.mark.parametrize(
    ("key", "higher"),
    [
        ("loss", False),
        ("val_loss", False),
        ("train/log-loss", False),
        ("Eval RMSE", False),
        ("fit_seconds", False),
        ("accuracy", True),
        ("glossary_hits", True),
        ("f1", True),
    ],
)
def test_what_is_better_follows_from_the_words_of_the_key(make, pair, key, higher):
    """The best run of a loss is the lowest one, unless the caller says otherwise."""
    records = [make.metric(pair[0], key, 0.4), make.metric(pair[1], key, 0.3)]
    service = CompareService(QueryService(make.repository(runs=pair, records=records)))
    ids = [run.run_id for run in pair]
    (row,) = service.compare_multiple_runs(ids).metric_table
    best, other = ids if higher else reversed(ids)

    assert service.select_best_run(ids, key) == best
    assert service.select_best_run(ids, key, higher_is_better=not higher) == other
    assert (row.best_run_id, row.higher_is_better) == (best, higher)


def test_best_run_needs_one_id_and_a_metric(make, pair):
    """One run is its own best; a metric that no run has gives None."""
    records = [make.metric(pair[0], "loss", 0.4)]
    service = CompareService(QueryService(make.repository(runs=pair, records=records)))

    assert service.select_best_run([pair[0].run_id], "loss") == pair[0].run_id
    assert service.select_best_run([pair[0].run_id], "absent") is None


def test_best_run_finds_the_only_stage(make, pair):
    """A staged metric needs no stage name while one stage has it, and one when several do."""
    records = [make.metric(pair[0], "loss", 0.4, stage="train")]
    repository = make.repository(runs=pair, records=records)
    service = CompareService(QueryService(repository))
    ids = [run.run_id for run in pair]
    alone = service.select_best_run(ids, "loss")
    repository.records.append(make.metric(pair[1], "loss", 0.6, stage="evaluate"))
    with pytest.raises(ComparisonError) as caught:
        service.select_best_run(ids, "loss")

    assert alone == ids[0]
    assert caught.value.code == "compare_metric_stage_ambiguous"
    assert service.select_best_run(ids, "loss", stage_name="evaluate") == ids[1]


def test_no_run_to_compare_is_refused(make):
    """Comparing nothing is an error."""
    service = CompareService(QueryService(make.repository()))
    with pytest.raises(ComparisonError) as caught:
        service.compare_multiple_runs([])

    assert caught.value.code == "compare_requires_multiple_runs"


def test_reports_compare_by_section(make):
    """Documents and mappings compare section by section; other things are refused."""
    service = CompareService(QueryService(make.repository()))
    left = ReportDocument("L", (ReportSection("A", "1"), ReportSection("B", "2")))
    right = {"title": "R", "sections": [{"title": "A", "body": "9"}]}
    comparison = service.compare_report_documents(left, right)
    with pytest.raises(ComparisonError) as caught:
        service.compare_report_documents(left, 3)

    assert [(d.section_title, d.changed) for d in comparison.section_diffs] == [
        ("A", True),
        ("B", True),
    ]
    assert [n.summary for n in comparison.completeness_notes] == ["section_presence_changed:B"]
    assert caught.value.code == "compare_invalid_report_document"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"metric_selection": "median"}, "compare_invalid_metric_selection"),
        ({"missing_stage_severity": "fatal"}, "compare_invalid_missing_stage_severity"),
    ],
)
def test_bad_policies_are_refused(fields, code):
    """A policy with an unknown choice is refused."""
    with pytest.raises(ValidationError) as caught:
        ComparisonPolicy(**fields)

    assert caught.value.code == code
