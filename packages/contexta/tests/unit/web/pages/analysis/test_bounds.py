"""Units that do not agree, values too long for a row, and lineage that leads too far."""

import math

import pytest

from contexta.web._params import Params
from contexta.web.api import _judgements

UPSTREAM = {"direction": "upstream", "depth": "9"}


def test_curves_of_different_units_have_no_unit_together(open_ctx, page):
    """Milliseconds beside seconds: the axis names neither, and a note names both."""
    ctx = open_ctx()
    for name, unit in (("one", "ms"), ("two", "s")):
        with ctx.run("t", run_id=name) as run:
            for step in range(3):
                run.metric("latency", float(step), step=step, unit=unit)
    ctx.flush()
    data, _ = page(ctx, "compare:compare_page", {"left": "one", "right": "two"})
    (chart,) = data.data["overlays"]

    assert chart.unit is None
    assert "the runs do not agree on the unit: ms, s" in chart.note


@pytest.fixture
def two(open_ctx):
    """Two runs with the same metrics: one in two units, one with NaN, one as it should be."""
    ctx = open_ctx()
    for name, unit, loss in (("one", "ms", 1.0), ("two", "s", math.nan)):
        with ctx.run("t", run_id=name) as run:
            run.metric("wait", 5.0, unit=unit)
            run.metric("latency_loss", 1.0 if name == "one" else 2.0, unit=unit)
            run.metric("loss", loss)
    ctx.flush()
    return ctx


def test_five_milliseconds_are_not_five_seconds(two, page, document):
    """Equal numbers of different units are told apart, in the table and in a note."""
    data, text = page(two, "compare:compare_page", {"left": "one", "right": "two"})
    told = [line for _, line, _ in data.data["notes"] if "cannot be compared" in line]

    assert 2 == len(told)
    assert "wait is in ms and s: these numbers cannot be compared" in told
    assert "in ms and s" in document(text).text


def test_what_cannot_be_compared_is_neither_better_nor_of_unknown_direction(two, page):
    """NaN and different units are said as what they are; no difference is shown."""
    data, _ = page(two, "compare:compare_page", {"left": "one", "right": "two"})

    assert (0, 0) == (data.data["better"], data.data["worse"])
    assert (
        "3 metrics differ. The right run is not comparable in 3, "
        "for values are NaN, infinite or in different units."
    ) == data.data["verdict"]


def test_no_run_is_best_in_another_unit(two, page):
    """The star of the best value stands where all values count the same."""
    data, _ = page(two, "compare_many:compare_many_page", {"run_ids": "one,two"})

    assert ["loss"] == [row.metric_key for row in data.data["marked"]]
    assert [1, 0] == [column.wins for column in data.data["columns"]]


def test_long_values_of_a_change_wrap(fleet, page, document):
    """A hash is three short lines beside the words, not one line that pushes them out of sight."""
    data, text = page(fleet, "changes:changes_page", {"metric": "accuracy", "project": "p"})

    assert 2 * len(data.data["differences"]) == len(document(text).all("td", class_="wrap"))


def test_lineage_as_json_stops_where_the_page_does(fleet, monkeypatch):
    """Relations are followed step by step; a note tells after which step no more were."""
    whole = _judgements.lineage(fleet, Params(UPSTREAM, {"run_id": "r00"}))
    monkeypatch.setattr("contexta.web.pages._graphs.RELATIONS_FOLLOWED", 0)
    found = _judgements.lineage(fleet, Params(UPSTREAM, {"run_id": "r00"}))
    (note,) = [n for n in found.completeness_notes if n.summary == "lineage_relations_left_out"]

    assert 1 == note.details["steps_followed"]
    assert 0 < len(found.edges) < len(whole.edges)
    assert not any(n.summary == note.summary for n in whole.completeness_notes)


def test_lineage_as_json_is_whole_where_it_is_small(fleet):
    """Step by step the same is found as at once."""
    found = _judgements.lineage(fleet, Params({}, {"run_id": "served"}))
    at_once = fleet.traverse_lineage("run:p.served", direction="both", max_depth=3)

    assert at_once == found


def test_a_deployment_tells_that_its_lineage_was_cut(fleet, page, monkeypatch):
    """What it rests on and is not shown is a note on completeness."""
    monkeypatch.setattr("contexta.web.pages._graphs.RELATIONS_FOLLOWED", 0)
    ref = fleet.list_deployments("p")[0].deployment_id
    data, _ = page(fleet, "deployments:deployment_page", {}, ref=ref)

    assert "lineage_relations_left_out" in [text for _, text, _ in data.data["notes"]]


def test_the_page_of_a_run_follows_its_own_relations_only(fleet, page, monkeypatch):
    """What other runs made of the same data is asked for on the page of the lineage."""
    asked = []
    traverse = type(fleet).traverse_lineage

    def recorded(self, ref, **options):
        asked.append(options["max_depth"])
        return traverse(self, ref, **options)

    monkeypatch.setattr(type(fleet), "traverse_lineage", recorded)
    page(fleet, "run:run_page", {}, run_id="served")

    assert [0] == asked
