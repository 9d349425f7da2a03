"""Changes over histories of runs."""

import json
import math
import pickle
import random
from dataclasses import replace

import pytest

from contexta.interpretation import QueryService, RunListQuery
from contexta.interpretation.changes import ChangeError, ChangePolicy, ChangeService
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    RelationRecord,
)


def service(make, parts, **settings):
    config = ChangePolicy(**settings) if settings else None
    return ChangeService(QueryService(make.repository(**parts)), config)


def test_the_change_is_found_with_its_numbers(make, history):
    """A change names the runs beside it, both levels, an interval, a p value and a direction."""
    found = service(make, history).find_changes("loss")
    (change,) = found.change_points

    assert (change.first_run_after, change.last_run_before) == ("run:p.r25", "run:p.r24")
    assert (change.index, change.count_before, change.count_after) == (25, 25, 15)
    assert change.earliest_index <= 25 <= change.latest_index
    assert change.interval[0] < change.delta < change.interval[1]
    assert change.delta == change.mean_after - change.mean_before
    assert change.relative_change == pytest.approx(1.0, abs=0.15)
    assert (change.p_value, change.direction) == (1 / 500, "worse")
    assert [(s.first_index, s.last_index) for s in found.segments] == [(0, 24), (25, 39)]
    assert [link.kind for link in change.evidence_links] == ["run", "record", "run", "record"]
    assert (found.reason, found.project_name, found.completeness.runs) == (None, "p", 40)


def test_direction_can_be_overridden(make, history):
    """What the words of the key say about better can be told otherwise."""
    found = service(make, history).find_changes("loss", higher_is_better=True)

    assert (found.higher_is_better, found.change_points[0].direction) == (True, "better")


def test_bisect_names_the_run_and_the_cause_first(make, history):
    """What separates both sides comes before what changes with every run, and before chance."""
    found = service(make, history).bisect("loss")

    assert (found.found, found.first_run_after, found.last_run_before) == (
        True,
        "run:p.r25",
        "run:p.r24",
    )
    best = found.differences[0]
    assert (best.kind, best.key, best.before_value, best.after_value) == (
        "package",
        "numpy",
        "1.26",
        "2.0",
    )
    assert (best.separates, best.runs_agreeing, best.runs_known) == (True, 40, 40)
    assert best.label == "consistent with the change across 40 runs"
    assert [link.ref for link in best.evidence_links] == [
        "environment:p.r24.runtime",
        "environment:p.r25.runtime",
    ]
    rest = found.differences[1:]
    assert (rest[0].kind, rest[0].key) == ("param", "seed")
    assert ("variable", "HOST") in [(item.kind, item.key) for item in rest]
    assert not any(item.separates for item in rest)
    assert "package numpy: '1.26' -> '2.0'" in found.summary


def test_a_cause_one_run_beside_is_listed(make, history):
    """A difference that separates next to the place of the change is no coincidence."""
    values = [r for r in history["records"] if r.key == "loss"]
    early = values[24]
    position = history["records"].index(early)
    history["records"][position] = make.metric(history["runs"][24], "loss", 2.0)
    found = service(make, history).bisect("loss")
    best = found.differences[0]

    assert (found.first_run_after, best.kind, best.key) == ("run:p.r24", "package", "numpy")
    assert (best.separates, best.index) == (True, 25)
    assert "from run:p.r25 on, 1 run beside the change" in best.label


def test_data_is_compared_by_hash(make, history):
    """Another body of the same input is a difference."""
    history["artifacts"] = [
        make.artifact(run, "train-data", "dataset_snapshot", hash_value=body)
        for run, body in zip(
            history["runs"], ["sha256:one"] * 25 + ["sha256:two"] * 15, strict=True
        )
    ]
    history["environments"] = []
    found = service(make, history).bisect("loss")
    best = found.differences[0]

    assert (best.kind, best.key, best.after_value) == ("data", "train-data", "sha256:two")
    assert best.evidence_links[1].ref == "artifact:p.r25.train-data"
    assert "environment_snapshot_missing" in [n.summary for n in found.completeness_notes]


def test_inputs_are_found_by_relations(make, history):
    """What a run used of another run counts by its body, not by its ref; its outputs do not."""
    prepare = make.run("prepare", project="q")
    bodies = ["sha256:one"] * 25 + ["sha256:two"] * 15
    relations, artifacts = [], []
    for number, (run, body) in enumerate(zip(history["runs"], bodies, strict=True)):
        used = f"artifact:q.prepare.v{number}.table"
        artifacts.append(ArtifactRecord(used, prepare.run_id, None, "table", hash_value=body))
        artifacts.append(make.artifact(run, "model", "model", hash_value=f"sha256:{number}"))
        ends = (used, run.run_id) if number % 2 else (run.run_id, used)
        kind = "consumed_by" if number % 2 else "used"
        relations.append(
            RelationRecord(f"relation:{number}", kind, *ends, make.at(), "explicit", "high")
        )
    history |= {"relations": relations, "artifacts": artifacts, "environments": []}
    found = service(make, history).bisect("loss").differences

    assert [(d.kind, d.key) for d in found if d.separates] == [("data", "table")]
    assert "model" not in [d.key for d in found]


def test_nothing_that_differs_is_said(make, history):
    """A change without any recorded difference is a finding too."""
    history["runs"] = [make.run(f"r{i:02d}", minute=i) for i in range(40)]
    history["environments"] = []
    found = service(make, history).bisect("loss")

    assert (found.found, found.differences) == (True, ())
    assert "nothing that is recorded differs from run:p.r24" in found.summary


def test_no_change_is_answered_with_what_would_be_seen(make, history):
    """Without a change the reason and the smallest detectable shift are given."""
    records = [make.metric(run, "acc", random.gauss(0.9, 0.01)) for run in history["runs"]]
    found = service(make, {**history, "records": records}).bisect("acc")

    assert (found.found, found.change, found.differences) == (False, None, ())
    assert found.reason == "no place is significant at 0.01 among 40 runs"
    assert 0.005 < found.smallest_detectable < 0.05


@pytest.mark.parametrize(
    ("key", "count", "reason"),
    [
        ("steady", 40, "all 40 values are the same"),
        ("loss", 3, "3 completed runs are too few: at least 6 are needed"),
        ("loss", 0, "no completed run has a finite value of 'loss'"),
    ],
)
def test_why_there_is_no_change(make, history, key, count, reason):
    """Constant, short and empty histories say so."""
    history["runs"] = history["runs"][:count]
    found = service(make, history).find_changes(key)

    assert (found.reason, found.change_points) == (reason, ())


def test_only_completed_runs_with_finite_values_count(make, history):
    """Open and failed runs, runs without the metric and NaN are left out and counted."""
    extra = [
        make.run("open", minute=41, status="open"),
        make.run("bad", minute=42, status="failed"),
        make.run("bare", minute=43),
        make.run("nan", minute=44),
    ]
    history["records"] += [make.metric(extra[0], "loss", 99.0), make.metric(extra[1], "loss", 99.0)]
    history["records"].append(make.metric(extra[3], "loss", math.nan))
    history["runs"] += extra
    found = service(make, history).find_changes("loss")

    assert len(found.points) == 40
    assert {n.summary: n.details["count"] for n in found.completeness_notes} == {
        "runs_not_completed_left_out": 2,
        "missing_metric_for_run:loss": 1,
        "nonfinite_values_left_out:loss": 1,
    }


def test_the_newest_runs_are_taken_in_order_of_start(make, history):
    """A window takes the newest runs, oldest first, whatever order the query asks for."""
    query = RunListQuery(sort_by="name", sort_desc=True)
    found = service(make, history, max_runs=10).find_changes("loss", query=query)

    assert [p.run_name for p in found.points] == [f"r{i}" for i in range(30, 40)]
    assert [n.summary for n in found.completeness_notes] == ["older_runs_left_out"]


def test_good_and_bad_bound_the_search(make, history):
    """Only changes behind the good run and up to the bad one count."""
    found = service(make, history)

    assert found.bisect("loss", good="run:p.r10", bad="run:p.r30").first_run_after == "run:p.r25"
    assert found.bisect("loss", good="run:p.r26").found is False


def test_good_and_bad_alone_are_enough(make, history):
    """Between two given runs of a short history the nearer level decides."""
    history["runs"] = history["runs"][22:28]
    found = service(make, history).bisect("loss", good="run:p.r22", bad="run:p.r27")

    assert (found.method, found.first_run_after, found.change) == (
        "nearest_level",
        "run:p.r25",
        None,
    )
    assert found.differences[0].key == "numpy"


def test_which_change_is_meant(make, history):
    """The latest change is the default; the largest can be asked for."""
    random.seed(3)
    levels = [0.0] * 15 + [5.0] * 15 + [6.0] * 10
    history["records"] = [
        make.metric(run, "m", random.gauss(level, 0.1))
        for run, level in zip(history["runs"], levels, strict=True)
    ]
    found = service(make, history)

    assert found.bisect("m").first_run_after == "run:p.r30"
    assert found.bisect("m", which="largest").first_run_after == "run:p.r15"


def test_results_travel(make, history):
    """Results are picklable and valid JSON."""
    found = service(make, history).bisect("loss")
    text = json.dumps(found.to_dict(), allow_nan=False)

    assert pickle.loads(pickle.dumps(found)) == found
    assert json.loads(text)["change"]["direction"] == "worse"


def test_far_runs_tell_what_costs_nothing(make, history):
    """Environments are read near the change only; params are known of every run."""
    for place, run in enumerate(history["runs"]):
        params = {**run.params, "optimizer": "sgd" if place >= 25 else "adam"}
        history["runs"][place] = replace(run, params=params)
    found = service(make, history, facts_per_side=4).bisect("loss")

    assert [(d.kind, d.runs_known) for d in found.differences if d.separates] == [
        ("param", 40),
        ("package", 8),
    ]


def test_a_drift_is_said_in_the_summary(make, history):
    """On a slope there may be no run that began it."""
    history["records"] = [
        make.metric(run, "m", 0.1 * place + random.Random(place).gauss(0, 0.2))
        for place, run in enumerate(history["runs"])
    ]
    found = service(make, history).bisect("m")

    assert found.history.drift is True
    assert found.summary.endswith("there may be no first bad run.")
    assert "drift_fits_better:m" in [note.summary for note in found.completeness_notes]


def test_environments_that_are_unknown_are_named(make, history):
    """A run without an environment hides packages, and the answer says whose."""
    history["environments"] = [
        item for item in history["environments"] if item.run_id != "run:p.r25"
    ]
    found = service(make, history).bisect("loss")
    notes = {note.summary: note.details for note in found.completeness_notes}

    assert notes["environment_snapshot_missing"]["run_ids"] == ["run:p.r25"]
    assert "package" not in {item.kind for item in found.differences if item.index == 25}


def test_an_unknown_project_is_said(make, history):
    """A history without runs says when the project does not exist, and which are near."""
    history["runs"] = [make.run("a", project="digits")]
    found = service(make, history).bisect("loss", project_name="digit")
    (note,) = found.completeness_notes

    assert (found.found, note.summary, note.details["nearest"]) == (
        False,
        "project_unknown",
        ["digits"],
    )


def test_a_good_run_that_is_the_newest_is_named_so(make, history):
    """Without a bad run the message speaks of none."""
    asked = service(make, history)
    with pytest.raises(ChangeError, match=r"no run comes after the good run 'run:p.r39'"):
        asked.bisect("loss", good="run:p.r39")
    with pytest.raises(ChangeError, match=r"no run comes before the bad run 'run:p.r00'"):
        asked.bisect("loss", bad="run:p.r00")


def test_a_list_is_not_the_text_that_looks_like_it(make, history):
    """A param that turned from text into a list differs; one of other key order does not."""
    for number, run in enumerate(history["runs"]):
        layers = [64, 32] if number >= 25 else "[64, 32]"
        order = {"a": 1, "b": 2} if number >= 25 else {"b": 2, "a": 1}
        params = {**run.params, "layers": layers, "nested": {"of": order}}
        history["runs"][number] = replace(run, params=params)
    keys = {item.key for item in service(make, history).bisect("loss").differences}

    assert "layers" in keys
    assert "nested" not in keys
