"""Results as cards: whole, safe, and without an effect on what is around them."""

import html.parser
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contexta.interpretation import (
    Completeness,
    LineageEdge,
    LineageTraversal,
    MetricTrend,
    RunRecord,
    TrendPoint,
    TrendPolicy,
    fragments,
)
from contexta.interpretation.reports._fragment import fragment_style

NAMES = """
    snapshot comparison several trend curve curves durations sizes runs page run issues aggregate
    stages statuses alerts alert fleet anomalies lineage environments audit groups replicates gate
    changes bisection report reports completeness artifacts artifact records deployment
    """
KINDS = [*NAMES.split(), "hostile trend", "no runs"]
TAGS = """
    article br caption circle code desc details div figcaption figure line p path polyline rect
    small span style summary svg table tbody td text th thead title tr
    """
ATTRIBUTES_THAT_ACT = {"href", "src", "style", "id", "xlink:href", "action"}


class Card(html.parser.HTMLParser):
    """Collects tags, attributes and texts, and checks that tags are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_is_one_article_in_which_nothing_acts(results, kind):
    """No script, link, image, handler or style of others; hidden characters are visible."""
    text = fragments.to_html(results[kind])
    card = Card(text)

    assert text.startswith("<article>")
    assert text.rstrip().endswith("</article>")
    assert [] == card.open
    assert set() == set(card.tags) - set(TAGS.split())
    assert 1 == card.tags.count("style") == card.tags.count("article")
    assert set() == card.attributes & ATTRIBUTES_THAT_ACT
    assert [] == [name for name in card.attributes if name.startswith("on")]
    assert not {"\x1b", "\u202e"} & set(text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_shows_itself(results, kind):
    """A notebook gets the card from the result, without a workspace; tuples of others do not."""
    value = results[kind]
    asked = getattr(value, "_repr_html_", None)

    assert type(value) in (list, tuple) or fragments.to_html(value) == asked()


def test_every_rule_of_the_style_hangs_on_the_class_of_the_card():
    """Nothing outside of a card changes, whatever notebook it is in."""
    rules = re.sub(r"@media[^{]*\{(.*?\})\}", r"\1", fragment_style())
    selectors = [
        part.strip()
        for block in re.findall(r"([^{}]+)\{[^{}]*\}", rules)
        for part in block.split(",")
    ]

    assert [] == [one for one in selectors if ".contexta" not in one]
    assert [] == [one for one in selectors if one.split()[-1] in ("body", "html", ":root")]
    assert "url(" not in rules
    assert "@import" not in rules


def test_the_notebook_decides_on_light_and_dark():
    """What the notebook says of its theme has more weight than what the system says."""
    style = fragment_style()

    assert "@media (prefers-color-scheme: dark){.contexta{color-scheme:dark" in style
    assert 'body[data-jp-theme-light="true"] .contexta' in style
    assert 'body[data-jp-theme-light="false"] .contexta' in style
    assert "body.vscode-dark .contexta" in style


def test_the_card_of_a_run_says_which_and_how(results):
    """Id, project, status, numbers and curves at once; params and artifacts to be opened."""
    text = fragments.to_html(results["snapshot"])

    assert "Run ID: <code>" in text
    assert "completed" in text
    assert 1 == text.count("<svg")
    assert [] == [n for n in ("Parameters", "Tags", "Artifacts", "Evidence") if n not in text]
    assert "Issues" not in text


def test_what_is_wrong_is_shown_where_somebody_looked(project):
    """With diagnostics the card counts the issues, and shows them."""
    from contexta.interpretation import DiagnosticsService

    snapshot = project.get_run_snapshot("run:p.r3")
    found = DiagnosticsService(project).diagnose_run("run:p.r3")
    view = fragments.view_of(snapshot, diagnostics=found)

    assert dict(view.highlights)["Issues"] != "none"
    assert "Diagnostics" in [section.title for section in view.shown]


def test_the_artifacts_of_a_card_are_the_first_ten(results):
    """How many there are is said."""
    snapshot = results["snapshot"]
    many = replace(snapshot, artifacts=snapshot.artifacts * 12)
    view = fragments.view_of(many)
    (artifacts,) = [part for part in view.folded if part.title.startswith("Artifacts")]

    assert "Artifacts, the first 10 of 12" == artifacts.title
    assert 10 == len(artifacts.tables[0].rows)


def test_a_comparison_names_both_runs(results):
    """Both ids are there to be copied."""
    text = fragments.to_html(results["comparison"])

    assert "run:p.r0" in text
    assert "run:p.&lt;script&gt;" in text


def test_curves_of_compared_runs_share_a_chart(project, results):
    """With their snapshots, two runs are drawn over each other, also several."""
    ids = ("run:p.r0", "run:p.r1")
    snapshots = [project.get_run_snapshot(run_id) for run_id in ids]
    two = fragments.view_of(results["comparison"], snapshots=snapshots)
    several = fragments.view_of(results["several"], snapshots=snapshots)

    for view in (two, several):
        (curves,) = [part for part in view.shown if part.title == "Curves"]
        (chart,) = curves.charts
        assert ("loss", ["r0", "r1"]) == (chart.title, [line.label for line in chart.lines])


def test_curves_of_one_metric_share_a_chart(results):
    """Several series are one overlay, with a line for each run."""
    view = fragments.view_of(results["curves"])

    assert [6] == [len(chart.lines) for part in view.shown for chart in part.charts]


def test_a_trend_names_its_metric(results):
    """As scripts look for it."""
    assert "Trend: loss" in fragments.to_html(results["trend"])


def test_a_trend_of_one_run_has_no_chart():
    """One point is no curve."""
    text = fragments.to_html(MetricTrend("loss", "p", (TrendPoint("run:p.a", "a", 1.0),)))

    assert "<svg" not in text
    assert "run:p.a" in text


def test_long_lists_say_what_they_leave_out(make):
    """Rows that are not shown are counted."""
    runs = [make.run(f"r{number}") for number in range(45)]
    view = fragments.view_of(runs)

    assert 30 == len(view.shown[0].tables[0].rows)
    assert ("15 more runs are in the list.",) == view.absent


def test_an_empty_list_says_so(results):
    """No table without rows."""
    assert "No run is in this list." in fragments.to_html(results["no runs"])


def test_what_is_missing_stands_beside_the_numbers():
    """Counts on top, words to be opened."""
    trend = MetricTrend("loss", "p", completeness=Completeness(runs=3, missing=2))
    view = fragments.view_of(trend)

    assert ("Completeness", "2 values missing") in view.highlights
    assert ["Completeness Notes"] == [part.title for part in view.folded]


def test_lineage_is_a_tree_without_end():
    """Each link is one row below what led to it, also where links go in a circle."""

    def edge(number, source, target, depth):
        at = "2026-01-01T00:00:00Z"
        return LineageEdge(f"relation:{number}", source, target, "uses", at, "both", depth)

    edges = (edge(0, "a", "b", 1), edge(1, "b", "c", 2), edge(2, "c", "a", 3), edge(3, "d", "a", 1))
    view = fragments.view_of(LineageTraversal("a", edges, ("a", "b", "d", "c")))
    rows = view.shown[0].tables[0].rows

    assert ["b", "\u2003c", "d", "c"] == [row[0] for row in rows]
    assert ["uses →", "uses →", "← uses", "← uses"] == [row[1] for row in rows]


def test_small_values_stay_as_they_are():
    """What reads well as it is has no card: policies, numbers, plain empty lists."""
    assert [None] * 4 == [fragments.to_html(v) for v in (TrendPolicy(), 5, [], ["run:p.a"])]


def test_several_kinds_at_once_have_no_card(results):
    """A list of this and that is shown as a list."""
    assert fragments.to_html([results["trend"], results["run"]]) is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text("<>&\"'\\/=-{}%\x00\x1b\u202e\ud800 ab", max_size=40))
def test_no_name_becomes_markup(name, other):
    """Whatever the names: the same tags as for harmless ones, in order."""

    def tags(first, second):
        run = RunRecord("run:p.a", first, second, "completed", params={first: second})
        return Card(fragments.to_html([run, run])).tags

    assert tags("a", "b") == [tag for tag in tags(name or "a", other or "b") if tag != "br"]


def test_other_things_are_named_in_words(results):
    """Lists of records say what they are of, as do empty ones."""
    from contexta.interpretation import DeploymentRecord, Results

    empty = fragments.view_of(Results((), DeploymentRecord))
    few = fragments.view_of(results["artifacts"])

    assert ("no deployments", "1 artifact") == (empty.title, few.title)
