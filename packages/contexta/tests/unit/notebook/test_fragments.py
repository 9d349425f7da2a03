"""Cards of a workspace, of results, and what is said when there is none."""

import sys
from dataclasses import FrozenInstanceError

import pytest

from contexta import notebook
from contexta.contract.errors import InterpretationError, RenderingError
from contexta.notebook import NotebookFragment


def test_a_fragment_is_html_and_text():
    """`str` is the text, a notebook takes the html; title and facts may be left out."""
    fragment = NotebookFragment("<p>x</p>", "x")

    assert ("x", "<p>x</p>") == (str(fragment), fragment._repr_html_())
    assert ("", {}) == (fragment.title, dict(fragment.metadata))
    assert NotebookFragment(html="<p>x</p>", text="x") == fragment


def test_a_fragment_cannot_be_changed():
    """Nor is its hash that of something that can."""
    fragment = NotebookFragment("<p>x</p>", "x", "t", {"kind": "run"})
    with pytest.raises(FrozenInstanceError):
        fragment.html = ""

    assert isinstance(hash(fragment), int)


def test_the_surface_is_made_once(ctx):
    """`ctx.notebook` is the same object each time."""
    assert ctx.notebook is ctx.notebook
    assert isinstance(ctx.notebook, notebook.NotebookSurface)


def test_a_run_from_a_workspace(filled):
    """Found by its name; with its id, curve, and what to know of it."""
    fragment = notebook.display_run_snapshot(filled, "base")

    assert fragment.html.startswith("<article>")
    assert "Run ID: <code>run:p.r0</code>" in fragment.html
    assert "<svg" in fragment.html
    assert "base" == fragment.title
    assert ("run_snapshot", ["run:p.r0"]) == (
        fragment.metadata["kind"],
        fragment.metadata["run_ids"],
    )
    assert fragment.text.startswith("Run: base · Run ID: run:p.r0")


def test_a_comparison_from_a_workspace_draws_the_curves(filled):
    """Both runs in one chart, and both ids."""
    fragment = notebook.display_run_comparison(filled, "base", "wide")

    assert ["run:p.r0", "run:p.r1"] == fragment.metadata["run_ids"]
    assert 2 == fragment.html.count('class="line s')
    assert "run:p.r0" in fragment.html
    assert "run:p.r1" in fragment.html


def test_a_trend_from_a_workspace_and_as_a_result_is_the_same_card(filled):
    """A chart of the runs, also from the result alone."""
    fragment = notebook.display_metric_trend(filled, "loss")
    trend = filled.get_metric_trend("loss")

    assert "Trend: loss" in fragment.html
    assert "<svg" in fragment.html
    assert fragment == notebook.display_metric_trend(trend)
    assert ("loss", "Trend: loss") == (fragment.metadata["metric_key"], fragment.title)


def test_results_alone_need_no_workspace(filled):
    """Snapshots and comparisons of two and of several."""
    snapshot = notebook.display_run_snapshot(filled.get_run_snapshot("r0"))
    two = notebook.display_run_comparison(filled.compare_runs("r0", "r1"))
    ids = [run.run_id for run in filled.list_runs()]
    several = notebook.display_run_comparison(filled.compare_multiple_runs(ids))

    assert "Run ID:" in snapshot.html
    assert "run:p.r1" in two.html
    assert ids == several.metadata["run_ids"]


def test_the_methods_are_the_functions(filled):
    """One card, whichever way it is asked for."""
    surface = filled.notebook

    assert notebook.display_run_snapshot(filled, "r0") == surface.show_run("r0", display=False)
    assert notebook.display_run_comparison(filled, "r0", "r1") == surface.compare_runs(
        "r0", "r1", display=False
    )
    assert notebook.display_metric_trend(filled, "loss") == surface.show_metric_trend(
        "loss", display=False
    )


def test_curves_and_many_runs_are_drawn_over_each_other(filled):
    """A line for each run; one run may be named alone."""
    surface = filled.notebook
    curves = surface.show_curves(["r0", "r1", "r2"], "loss", display=False)
    one = surface.show_curves("r0", "loss", display=False)
    many = surface.compare_many(["r0", "r1", "r2"], display=False)

    assert [3, 1, 3] == [card.html.count('class="line s') for card in (curves, one, many)]
    assert "NaN" in many.html


def test_anything_can_be_shown(filled):
    """Every result, several of one kind, and a fragment itself."""
    surface = filled.notebook
    runs = surface.show(filled.list_runs(), display=False)

    assert "3 runs" == runs.title
    assert runs is surface.show(runs, display=False)
    assert surface.render(filled.list_runs()) == runs.html


def test_hostile_names_are_text(filled):
    """No name becomes markup, and no escape code reaches a terminal."""
    for fragment in (
        notebook.display_run_snapshot(filled, "r2"),
        notebook.display_run_comparison(filled, "r0", "r2"),
        filled.notebook.show(filled.list_runs(), display=False),
    ):
        assert "<script" not in fragment.html
        assert "\x1b" not in fragment.html + fragment.text

    assert "&lt;script&gt;" in notebook.display_run_snapshot(filled, "r2").html


def test_a_report_as_text_is_markdown(filled):
    """As in 1.0."""
    report = filled.build_snapshot_report("r0")

    assert report.to_markdown() == filled.notebook.show(report, display=False).text


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("notebook_snapshot_run_id_required", lambda c: notebook.display_run_snapshot(c)),
        ("notebook_comparison_run_ids_required", lambda c: notebook.display_run_comparison(c)),
        (
            "notebook_comparison_run_ids_required",
            lambda c: notebook.display_run_comparison(c, "r0"),
        ),
        ("notebook_trend_metric_key_required", lambda c: notebook.display_metric_trend(c)),
        ("notebook_snapshot_input_unsupported", lambda _: notebook.display_run_snapshot("r0")),
        ("notebook_comparison_input_unsupported", lambda _: notebook.display_run_comparison(5)),
        ("notebook_trend_input_unsupported", lambda _: notebook.display_metric_trend([])),
        ("notebook_render_target_unsupported", lambda _: notebook.render_html_fragment("r0")),
        ("notebook_render_target_unsupported", lambda _: notebook.render_html_fragment([1])),
    ],
)
def test_what_cannot_be_shown_is_said(ctx, code, call):
    """With a code, and for a wrong type with its name."""
    with pytest.raises(RenderingError) as caught:
        call(ctx)

    assert code == caught.value.code
    assert ("type" in caught.value.details) == code.endswith("unsupported")


def test_an_unknown_run_is_that_of_the_workspace(filled):
    """The nearest names are offered, as everywhere."""
    with pytest.raises(InterpretationError) as caught:
        filled.notebook.show_run("r9", display=False)

    assert "query_run_not_found" == caught.value.code


def test_display_hands_html_to_the_notebook(filled, shell):
    """Once, and the same html that is returned."""
    fragment = filled.notebook.show_run("r0")

    assert [("HTML", fragment.html)] == shell.shown


def test_functions_display_only_when_asked(filled, shell):
    """Their default is to return."""
    notebook.display_run_snapshot(filled, "r0")
    notebook.display_metric_trend(filled, "loss", display=True)

    assert 1 == len(shell.shown)


def test_a_displayed_fragment_is_silent_in_its_own_cell_only(filled, shell):
    """IPython is told that nothing is left to do; a later cell shows it as usual."""
    fragment = filled.notebook.show_run("r0")
    fragment._ipython_display_()
    shell.running.execution_count += 1
    with pytest.raises(NotImplementedError):
        fragment._ipython_display_()

    assert 1 == len(shell.shown)


def test_a_fragment_that_was_not_displayed_shows_as_the_value_of_its_cell(filled, shell):
    """IPython goes on to its html."""
    with pytest.raises(NotImplementedError):
        filled.notebook.show_run("r0", display=False)._ipython_display_()

    assert [] == shell.shown


def test_without_ipython_display_does_nothing(filled, monkeypatch):
    """A script that shows its runs runs everywhere."""
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    fragment = filled.notebook.show_run("r0")

    assert "Run ID:" in fragment.html


def test_a_repository_that_was_put_in_is_asked(ctx):
    """Cards and frames come from `ctx._repository` where a script sets one."""
    from contexta.interpretation import ObservationRecord, RunRecord
    from contexta.interpretation.testing import InMemoryRepository

    at = "2026-01-31T12:00:00Z"
    run = RunRecord("run:q.a", "q", "a", "completed", at, at)
    record = ObservationRecord("record:q.a.m", "run:q.a", None, "metric", "loss", at, value=0.5)
    ctx._repository = InMemoryRepository(runs=[run], records=[record])
    fragment = ctx.notebook.show_run("run:q.a", display=False)

    assert "Run ID: <code>run:q.a</code>" in fragment.html
    assert ["run:q.a"] == ctx.notebook.to_arrow(ctx.list_runs())["run_id"].to_pylist()
    assert "Trend: loss" in ctx.notebook.show_metric_trend("loss", display=False).html
