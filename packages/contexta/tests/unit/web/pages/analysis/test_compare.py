"""What the pages of two runs, of several and of groups show."""

import json
import re

import pytest

from contexta import Contexta
from contexta.web.pages.compare import compare_data

QUICK = {
    "project_name": "p",
    "capture": {"capture_installed_packages": False, "capture_code_revision": False},
}


def test_both_runs_are_named_as_given_and_as_they_are(fleet, get, document):
    """A short name in the address stands beside the whole ref."""
    text = document(get(fleet, "/ui/compare?left=r00&right=r09")[1]).text

    assert "run:p.r00 asked for as r00" in text
    assert "run:p.r09 asked for as r09" in text


@pytest.mark.parametrize("given", ["r00", "run:p.r00"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_other_run_is_another_one(fleet, get, document, side, given):
    """The run that was picked goes along on its side and is not offered once more."""
    found = document(get(fleet, f"/ui/compare/pick?{side}={given}")[1])
    offered = {box["value"] for box in found.all("input", type="checkbox")}

    assert "run:p.r00" not in offered
    assert "run:p.r01" in offered
    assert ["run:p.r00"] == [form[f"data-pick-{side}"] for form in found.all("form", data_pick=None)
                             if f"data-pick-{side}" in form]  # fmt: skip
    assert not any("left=run%3Ap.r00&right=run%3Ap.r00" in href for href in found.hrefs)


def test_the_only_run_has_nothing_to_be_compared_with(open_ctx, get, document):
    """The page says so, instead of that there is none."""
    ctx = open_ctx()
    with ctx.run("t", run_id="alone"):
        pass
    ctx.flush()

    assert (
        "There is no other run to compare with"
        in document(get(ctx, "/ui/compare/pick?left=alone")[1]).text
    )


def test_differences_are_colored_by_goodness_where_the_name_says_it(fleet, page):
    """Less accuracy and more loss are worse."""
    data, text = page(fleet, "compare:compare_page", {"left": "r00", "right": "r09"})
    outcomes = {row.metric_key: row.outcome for row in data.data["changed"]}

    assert {"accuracy": "worse", "loss": "worse", "wall_seconds": "worse"} == outcomes
    assert re.search(r'<td class="num bad-text"><span title="[^"]+">-0\.\d+</span>', text)


def test_staged_metrics_and_those_of_the_run_stand_side_by_side(fleet, page):
    """A run-level metric has its own row; no stage invents one."""
    data, _ = page(fleet, "compare:compare_page", {"left": "r00", "right": "r09"})
    rows = {(row.stage_name, row.metric_key) for row in data.data["changed"]}

    assert {(None, "wall_seconds"), ("eval", "accuracy"), ("fit", "loss")} == rows


def test_replicates_give_intervals(fleet, page):
    """Runs that differ in their seed only put an interval beside the difference of two runs."""
    data, text = page(fleet, "compare:compare_page", {"left": "r00", "right": "r09"})
    row = next(row for row in data.data["changed"] if row.metric_key == "accuracy")

    assert (8, 8) == (row.group.left.n, row.group.right.n)
    assert "worse" == row.group.verdict
    assert "95 % interval" in text


def test_runs_that_repeat_each_other_are_said_to(fleet, get, document):
    """Between two replicates every difference is chance, and no interval is shown."""
    text = document(get(fleet, "/ui/compare?left=r00&right=r01")[1]).text

    assert "the same code, data, environment and params but for their seeds" in text
    assert "95 % interval" not in text


@pytest.mark.parametrize("made_of", ["code_revision", "dataset_ref"])
def test_runs_of_other_code_or_data_repeat_nothing(tmp_path, made_of):
    """Equal params do not make what differs between two versions of the data chance."""
    with Contexta(workspace=tmp_path / "ws", config=QUICK) as ctx:
        for number in range(4):
            made = {made_of: f"version-{number % 2}"}
            with ctx.run("train", run_id=f"r{number}", params={"seed": number}, **made) as run:
                run.metric("accuracy", 0.9 + number / 100)
        ctx.flush()
        alike = {
            right: compare_data(ctx, "r0", right).data["siblings"] for right in ("r1", "r2", "r3")
        }

    assert {"r1": False, "r2": True, "r3": False} == alike


def test_runs_in_other_environments_are_not_said_to_differ_by_chance(tmp_path, monkeypatch):
    """A variable of another value may be why two runs differ."""
    recorded = {**QUICK, "security": {"environment_variable_allowlist": ["OMP_NUM_THREADS"]}}
    with Contexta(workspace=tmp_path / "ws", config=recorded) as ctx:
        for number, threads in enumerate(("1", "1", "8")):
            monkeypatch.setenv("OMP_NUM_THREADS", threads)
            with ctx.run("train", run_id=f"r{number}", params={"seed": number}) as run:
                run.metric("accuracy", 0.9 + number / 100)
        ctx.flush()
        alike = {right: compare_data(ctx, "r0", right).data["siblings"] for right in ("r1", "r2")}

    assert {"r1": True, "r2": False} == alike


def test_a_run_compared_with_itself_has_no_difference(fleet, get, document):
    """The same run on both sides is no error."""
    status, text = get(fleet, "/ui/compare?left=r00&right=r00")

    assert 200 == status
    assert "No metric differs between these two runs." in document(text).text


def test_shared_curves_are_overlaid(fleet, page):
    """A metric that both runs logged by step is one chart of two curves, NaN as a cross."""
    data, _ = page(fleet, "compare:compare_page", {"left": "r03", "right": "r09"})
    (chart,) = data.data["overlays"]

    assert "loss" == chart.title
    assert 3 == chart.svg.count("<polyline")  # the left curve is broken in two by its NaN
    assert 1 == chart.svg.count('class="broken"')


def test_params_that_differ_are_listed(fleet, get, document):
    """Each param that is not the same stands with both values; a seed has no thousands mark."""
    text = document(get(fleet, "/ui/compare?left=r00&right=r09")[1]).text

    assert "setting paramoldnewchanged" in text


def test_best_is_marked_only_where_the_name_says_what_is_good(fleet, page):
    """A star needs a direction and a difference."""
    data, text = page(fleet, "compare_many:compare_many_page", {"run_ids": "r00,r09,r10"})
    marked = {row.metric_key for row in data.data["marked"]}

    assert {"accuracy", "loss", "wall_seconds"} == marked
    assert 3 == text.count('class="best-mark"')


def test_columns_have_ids_where_names_repeat(fleet, page):
    """Runs of one name are told apart."""
    data, _ = page(fleet, "compare_many:compare_many_page", {"run_ids": "r00,r09,served"})

    assert ["r00", "r09", "served"] == [column.label for column in data.data["columns"]]


def test_mixed_metrics_of_many_runs_are_one_table(fleet, page, hostile):
    """Runs with and without stages share a page; what a run lacks is a gap."""
    query = {"run_ids": f"r00,served,{hostile}"}
    data, _ = page(fleet, "compare_many:compare_many_page", query)
    rows = data.data["comparison"].metric_table

    assert {None, "eval", "fit"} == {row.stage_name for row in rows}
    assert any(None in row.values for row in rows)


def test_the_curve_that_is_asked_for_is_drawn(fleet, get, document):
    """The metric of the overlay is chosen by a link, and marked."""
    address = "/ui/compare/multi?run_ids=r00,r09&metric=loss&stage=fit"
    page = document(get(fleet, address)[1])

    assert [("a", "fit")] == [
        (tag, found["href"].rpartition("=")[2])
        for tag, found in page.elements
        if found.get("aria-current") == "true"
    ]


def test_parallel_coordinates_join_params_and_metrics(fleet, page):
    """Words stand at places of their own, numbers on a scale; a strand per run."""
    data, _ = page(fleet, "compare_many:compare_many_page", {"run_ids": "r00,r03,r09"})
    drawing = data.data["parallel"]

    assert 3 == drawing.count('<g class="strand"')
    assert 5 == drawing.count('<g class="axis"')  # seed, setting; accuracy, loss, wall_seconds
    assert ">new</text>" in drawing


def test_only_what_differs_is_in_the_table_of_params(fleet, page):
    """Equal params are left out."""
    data, _ = page(fleet, "compare_many:compare_many_page", {"run_ids": "r00,r01"})

    assert ["seed"] == [row.key for row in data.data["values"]]


def test_groups_have_verdicts_intervals_and_a_forest_plot(fleet, page):
    """Two expressions name the groups; each metric has its verdict and is drawn."""
    query = {"left": 'params.setting = "old"', "right": 'params.setting = "new"', "project": "p"}
    data, text = page(fleet, "compare_groups:compare_groups_page", query)
    verdicts = {row.metric_key: row.verdict for row in data.data["comparison"].metrics}

    assert "worse" == verdicts["accuracy"]
    assert 'class="estimate bad"' in data.data["forest"]
    assert "&lt; 0.0001" in text


def test_groups_offer_params_with_few_values(fleet, page):
    """The groups that people ask for are one click away."""
    data, _ = page(fleet, "compare_groups:compare_groups_page", {"project": "p"})
    offers = dict(data.data["offers"])

    assert ["setting"] == list(offers)
    assert [('"new"', '"old"')] == [(one, two) for one, two, _ in offers["setting"]]


@pytest.mark.parametrize("offer", [0])
def test_an_offered_pair_of_groups_is_answered(fleet, page, get, offer):
    """The link of an offer leads to the comparison."""
    data, _ = page(fleet, "compare_groups:compare_groups_page", {"project": "p"})
    status, text = get(fleet, data.data["offers"][offer][1][0][2])

    assert 200 == status
    assert 'id="groups-summary"' in text


def test_a_run_keeps_its_color_where_others_have_no_curve(fleet, page):
    """Colors follow the columns of the page, not the curves of one chart."""
    query = {"run_ids": "r00,served,r09", "metric": "loss", "stage": "fit"}
    data, _ = page(fleet, "compare_many:compare_many_page", query)
    series = json.loads(data.data["chart"].payload)["series"]

    assert [("r00", 0), ("r09", 2)] == [(one["label"], one["color"]) for one in series]
    assert "1 run has no points of it" == data.data["chart"].note


def test_metrics_of_one_side_are_neither_better_nor_worse(fleet, get, document):
    """What only one run has is said to be so."""
    text = document(get(fleet, "/ui/compare?left=r00&right=served")[1]).text

    assert "4 metrics differ. Only one of the runs has them." in text
    assert "only one of the runs has this stage" in text
