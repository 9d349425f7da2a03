import csv
import io

import pytest

from contexta.contract.errors import ContextaError
from contexta.export import (
    export_anomaly_csv,
    export_comparison_csv,
    export_run_list_csv,
    export_trend_csv,
)
from contexta.interpretation import RunListQuery

HEADERS = {
    "runs": "run_id,name,project_name,status,started_at,ended_at",
    "comparison": "stage_name,metric_key,left_value,right_value,delta,change_ratio,left_status,"
    "right_status,notes",
    "trend": "run_id,run_name,metric_key,project_name,stage_name,value,captured_at,notes",
    "anomaly": "run_id,metric_key,actual_value,expected_low,expected_high,z_score,severity,notes",
}


def rows_of(text, delimiter=","):
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def test_the_header_is_there_without_a_single_row(ctx):
    """Pipelines count on the columns, whatever the answer; each line ends with a line feed."""
    nothing = RunListQuery(status="failed")
    found = {
        "runs": export_run_list_csv(ctx, query=nothing),
        "trend": export_trend_csv(ctx, "loss", query=nothing),
        "anomaly": export_anomaly_csv(ctx, "hostile"),
    }

    assert {name: f"{HEADERS[name]}\n" for name in found} == found


def test_runs_are_listed_with_the_columns_of_the_first_release(ctx):
    """One line per run; what looks like a formula is shown."""
    rows = rows_of(export_run_list_csv(ctx, project_name="p"))

    assert [f"night {n}" for n in range(6)] + ["'=HYPERLINK(1)"] == [row["name"] for row in rows]
    assert "run:p.night-0" == rows[0]["run_id"]


def test_a_comparison_keeps_run_level_and_unchanged_metrics(ctx):
    """Metrics of the run have no stage; an unchanged one has the delta zero."""
    text = export_comparison_csv(ctx, "night-0", "night-1")
    rows = {(row["stage_name"], row["metric_key"]): row for row in rows_of(text)}
    wall = rows["", "wall"]

    assert text.startswith(HEADERS["comparison"] + "\n")
    assert ("3.0", "3.0", "0.0") == (wall["left_value"], wall["right_value"], wall["delta"])
    assert "0.9" == rows["eval", "accuracy"]["left_value"]


def test_a_comparison_keeps_stages_without_metrics(ctx):
    """The stage is a line with its statuses."""
    rows = rows_of(export_comparison_csv(ctx, "night-0", "night-1"))
    (stage,) = [row for row in rows if row["stage_name"] == "package"]

    assert ("", "completed", "completed", "no metrics in this stage") == (
        stage["metric_key"],
        stage["left_status"],
        stage["right_status"],
        stage["notes"],
    )


def test_a_comparison_tells_which_artifacts_changed(ctx):
    """The note has the refs of both sides."""
    rows = rows_of(export_comparison_csv(ctx, "night-0", "night-1"))
    (artifact,) = [row for row in rows if row["notes"].startswith("artifact ")]

    assert artifact["notes"].startswith("artifact model changed: artifact:p.night-0.model")
    assert "-> artifact:p.night-1.model" in artifact["notes"]


def test_a_metric_of_one_side_has_a_note(ctx):
    """The missing value is empty."""
    rows = rows_of(export_comparison_csv(ctx, "night-0", "hostile"))
    (loss,) = [row for row in rows if row["metric_key"] == "loss"]

    assert "" == loss["right_value"]
    assert "sparse_metric_capture:fit:loss; missing_stage:fit" == loss["notes"]


def test_a_trend_keeps_runs_without_the_metric(ctx):
    """They come last, with an empty value, their name and a note."""
    rows = rows_of(export_trend_csv(ctx, "accuracy", project_name="p", stage_name="eval"))

    assert ["0.9", "0.91"] == [row["value"] for row in rows[:2]]
    assert ("run:p.hostile", "'=HYPERLINK(1)", "", "missing_metric_for_run:accuracy") == (
        rows[-1]["run_id"],
        rows[-1]["run_name"],
        rows[-1]["value"],
        rows[-1]["notes"],
    )


def test_anomalies_have_the_range_of_earlier_runs(ctx):
    """One line per metric that is unlike before."""
    text = export_anomaly_csv(ctx, "night-5", metric_keys=["accuracy"])
    rows = rows_of(text)

    assert text.startswith(HEADERS["anomaly"] + "\n")
    assert all(row["run_id"] == "run:p.night-5" for row in rows)


def test_anomalies_take_the_value_that_the_settings_want(ctx_with):
    """``interpretation.trend.metric_aggregation``, as trends do."""
    wanted = {"latest": "nan", "max": "1.0", "min": "0.3333333333333333"}
    found = {}
    for aggregation in wanted:
        ctx = ctx_with(interpretation={"trend": {"metric_aggregation": aggregation}})
        (row,) = rows_of(export_anomaly_csv(ctx, "night-5", metric_keys=["loss"]))
        found[aggregation] = row["actual_value"]

    assert wanted == found


def test_the_delimiter_is_that_of_the_settings(ctx_with):
    """``surfaces.export.csv_delimiter``."""
    ctx = ctx_with(surfaces={"export": {"csv_delimiter": ";"}})

    assert HEADERS["runs"].replace(",", ";") == export_run_list_csv(ctx).splitlines()[0]


def test_notes_can_be_left_out(ctx_with):
    """The column stays, since readers count columns."""
    ctx = ctx_with(surfaces={"export": {"include_completeness_notes": False}})
    rows = rows_of(export_trend_csv(ctx, "accuracy"))

    assert {""} == {row["notes"] for row in rows}


def test_an_unknown_run_is_our_error(ctx):
    """Nothing of the standard library leaves."""
    with pytest.raises(ContextaError) as caught:
        export_comparison_csv(ctx, "night-0", "nope")

    assert "query_run_not_found" == caught.value.code


def test_the_paths_of_the_first_release_lead_to_the_same_functions():
    """Scripts that import from there go on."""
    from contexta.adapters import export as adapters
    from contexta.surfaces import export as surfaces
    from contexta.surfaces.export import csv as deep

    names = [
        "export_anomaly_csv",
        "export_comparison_csv",
        "export_run_list_csv",
        "export_trend_csv",
    ]
    assert [names] * 3 == [adapters.__all__, surfaces.__all__, deep.__all__]
    assert adapters.export_trend_csv is surfaces.export_trend_csv is export_trend_csv
