"""Results and fragments as a real kernel shows them."""

import json
from html.parser import HTMLParser

import pytest

SHOWN = {
    "a run": 'ctx.get_run_snapshot("r0")',
    "a comparison": 'ctx.compare_runs("r0", "r1")',
    "several runs": 'ctx.compare_multiple_runs(["r0", "r1", "r2"])',
    "a trend": 'ctx.get_metric_trend("loss")',
    "a curve": 'ctx.get_step_series("r2", "loss")',
    "a list of runs": "ctx.list_runs()",
    "an empty list": 'ctx.list_runs("p", status="cancelled")',
    "a page": "ctx.page_runs(limit=2)",
    "the row of a run": "ctx.list_runs()[2]",
    "issues": 'ctx.diagnose_run("r3")',
    "an aggregate": 'ctx.aggregation_service.aggregate_metric("loss")',
    "a summary": "ctx.aggregation_service.aggregate_by_stage()",
    "statuses": "ctx.aggregation_service.run_status_distribution()",
    "anomalies": 'ctx.anomaly_service.detect_anomalies_in_run("r2")',
    "lineage": 'ctx.traverse_lineage("r2")',
    "environments": 'ctx.compare_environments("r0", "r2")',
    "an audit": 'ctx.audit_reproducibility("r2")',
    "changes": 'ctx.find_changes("loss")',
    "groups": 'ctx.compare_groups(["r0", "r1"], ["r2", "r3"])',
    "a gate": 'ctx.evaluate_gate("r2", [{"type": "required_metrics", "metric_keys": ["loss"]}])',
    "an answer": 'ctx.aggregate_service.last_values("loss")',
    "a report": 'ctx.build_snapshot_report("r2")',
    "samples": 'ctx.list_samples("r0")',
    "records": 'ctx.get_run_snapshot("r2").records',
}
SAFE_TAGS = """
    article br caption circle code desc details div figcaption figure line p path polyline rect
    small span style summary svg table tbody td text th thead title tr
    """


class Tags(HTMLParser):
    """The tags and the attributes of a text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert tag == self.open.pop()


def assert_safe(html: str) -> None:
    found = Tags(html)
    assert [] == found.open
    assert set() == found.tags - set(SAFE_TAGS.split())
    assert [] == [name for name in found.attributes if name.startswith("on")]
    assert set() == found.attributes & {"href", "src", "style", "id", "xlink:href"}
    assert "\x1b" not in html
    assert "\u202e" not in html


@pytest.fixture(scope="module")
def shown(execute):
    """The outputs of each expression, from one kernel."""
    return dict(zip(SHOWN, execute(*SHOWN.values()), strict=True))


@pytest.mark.parametrize("name", SHOWN)
def test_a_result_at_the_end_of_a_cell_is_one_card(shown, name):
    """One output, with a safe card and plain words."""
    (output,) = shown[name]
    html = output["data"]["text/html"]
    assert_safe(html)

    assert "execute_result" == output["output_type"]
    assert html.startswith("<article>")
    assert html.rstrip().endswith("</article>")
    assert "\x1b" not in output["data"]["text/plain"]
    assert len(output["data"]["text/plain"]) < 20_000


def test_a_hostile_name_is_text(shown):
    """The name is there to be read, in each place where it is shown."""
    for name in ("a list of runs", "the row of a run", "a trend"):
        html = shown[name][0]["data"]["text/html"]

        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_what_is_not_finite_is_shown_as_such(shown):
    """NaN is no gap without a word."""
    assert "NaN" in shown["several runs"][0]["data"]["text/html"]


def test_show_displays_once_also_as_the_value_of_the_cell(execute):
    """A fragment that was displayed is not displayed again by the cell that it ends."""
    (last, middle, later, kept, silent) = execute(
        'ctx.notebook.show_run("r0")',
        'ctx.notebook.compare_runs("r0", "r1"); ctx.notebook.show_metric_trend("loss")',
        'shown = ctx.notebook.show_curves(["r0", "r1"], "loss")\nshown',
        "shown",
        'ctx.notebook.show_run("r0", display=False)',
    )

    assert ["display_data"] == [output["output_type"] for output in last]
    assert ["display_data"] * 2 == [output["output_type"] for output in middle]
    assert ["display_data"] == [output["output_type"] for output in later]
    assert ["execute_result"] == [output["output_type"] for output in kept]
    assert later[0]["data"]["text/html"] == kept[0]["data"]["text/html"]
    assert ["execute_result"] == [output["output_type"] for output in silent]


def test_str_and_html_of_what_was_shown_still_work(execute):
    """Nothing of a fragment is lost by showing it."""
    source = """
f = ctx.notebook.show_run("r1")
print(str(f)[:9], f.title, f.html[:9], f.metadata["run_ids"])
"""
    ((_, printed),) = execute(source)

    assert "Run: wide wide <article> ['run:p.r1']\n" == printed["text"]


def test_frames_hold_what_was_captured(execute):
    """pandas, Polars and Arrow, with names, numbers and instants."""
    source = """
import json
runs = ctx.notebook.to_pandas(ctx.list_runs())
wide = ctx.notebook.to_polars(ctx.compare_multiple_runs(["r0", "r1"]))
trend = ctx.notebook.to_pandas(ctx.get_metric_trend("loss"))
curve = ctx.get_step_series("r0", "loss").to_arrow()
print(json.dumps({
    "runs": runs["run_id"].tolist(),
    "lr": runs["params.lr"].tolist()[:2],
    "started": str(runs["started_at"].dtype),
    "wide": wide.columns,
    "accuracy": wide.filter(wide["metric_key"] == "accuracy")["wide"].to_list(),
    "trend": [round(v, 4) for v in trend["value"]],
    "curve": [curve.num_rows, curve["value"][0].as_py()],
}))
"""
    ((printed,),) = execute(source)

    assert {
        "runs": ["run:p.r0", "run:p.r1", "run:p.r2", "run:p.r3"],
        "lr": [0.1, 0.05],
        "started": "datetime64[us, UTC]",
        "wide": [
            *("metric_key", "stage_name", "best_run_id", "value_0", "value_1", "base", "wide"),
        ],
        "accuracy": [0.875],
        "trend": [round(1 / 30, 4), round(1 / 31, 4), round(1 / 32, 4)],
        "curve": [30, 1.0],
    } == json.loads(printed["text"])
