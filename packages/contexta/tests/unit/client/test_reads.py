"""What was captured can be asked for at once."""

import pytest

from contexta.contract.errors import InterpretationError, SchemaVersionError


def test_a_captured_run_is_listed_while_it_is_open(ctx):
    """The headline: with ctx.run() is immediately visible."""
    with ctx.run("train", tags={"team": "a"}) as run:
        run.metric("loss", 0.5, step=1)
        listed = ctx.list_runs()
        snapshot = ctx.get_run_snapshot(run.ref)

    assert [(item.run_id, item.status) for item in listed] == [(run.ref, "open")]
    assert [record.key for record in snapshot.records] == ["loss"]
    assert ctx.list_projects() == ("p",)


def test_filters_find_runs_by_tag_and_status(ctx):
    """Tags of captured runs are searchable."""
    for team in ("a", "b"):
        with ctx.run("train", tags={"team": team}):
            pass

    assert [item.tags["team"] for item in ctx.list_runs(tags={"team": "b"})] == ["b"]
    assert ctx.list_runs(status="failed") == ()


def test_runs_can_be_compared_and_the_best_selected(ctx):
    """Comparison, selection, series and trend work on captured data."""
    refs = []
    for best in (0.1, 0.9):
        with ctx.run("train") as run, run.stage("evaluate") as stage:
            for step in range(3):
                stage.metric("acc", best * step, step=step)
        refs.append(run.ref)
    series = ctx.get_step_series(refs[1], "acc", stage_name="evaluate")

    assert ctx.select_best_run(refs, "acc", stage_name="evaluate") == refs[1]
    assert ctx.compare_runs(*refs).stage_comparisons[0].stage_name == "evaluate"
    assert [(p.step, p.value) for p in series.points] == [(0, 0.0), (1, 0.9), (2, 1.8)]
    assert len(ctx.get_metric_trend("acc").points) == 2


def test_reports_are_built_from_captured_runs(ctx):
    """Reports need nothing but refs."""
    with ctx.run("a") as first:
        first.metric("x", 1.0)
    with ctx.run("b") as second:
        second.metric("x", 2.0)

    assert ctx.build_snapshot_report(first.ref).title.startswith("Run Snapshot Report")
    assert ctx.build_run_report(first.ref, second.ref).title.startswith("Run Comparison Report")
    assert "p" in ctx.build_project_summary_report("p").title
    assert ctx.diagnose_run(first.ref).run_id == first.ref


def test_unknown_runs_are_reported_with_a_code(ctx):
    """The error says that there is no such run."""
    with ctx.run("a"):
        pass
    with pytest.raises(InterpretationError, match="not found") as caught:
        ctx.get_run_snapshot("run:p.none")

    assert caught.value.code == "query_run_not_found"


def test_the_repository_can_be_replaced_before_first_use(ctx):
    """Tests inject their own repository; all reads go there."""

    class Fake:
        def list_projects(self):
            return ["injected"]

    ctx._repository = Fake()

    assert ctx.list_projects() == ("injected",)


def test_a_reader_refuses_a_workspace_of_a_newer_format(open_ctx, tmp_path):
    """By name, and before it looks into any plane."""
    with open_ctx() as ctx, ctx.run("r"):
        pass
    mark = tmp_path / "ws" / "workspace.json"
    mark.write_text(mark.read_text().replace('"format_version": 1', '"format_version": 99'))

    with pytest.raises(SchemaVersionError) as caught:
        open_ctx(read_only=True).list_runs()

    assert caught.value.code == "workspace_format_unsupported"
