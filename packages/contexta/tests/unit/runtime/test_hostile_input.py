"""What people pass by mistake costs a record at most, never the run."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pytest

from contexta.contract.errors import ContextaError, LifecycleError, ValidationError

SECRET = "hunter2S3cret"


@dataclass
class Settings:
    password: str = SECRET
    rate: float = 0.1


class Choice(Enum):
    LOGIN = f"password={SECRET}"


def _cyclic():
    knot = {}
    knot["a"] = [knot]
    return knot


def test_names_without_a_stored_form_are_written_out(ctx):
    """A lone surrogate in a name neither raises nor keeps the run from closing."""
    with ctx.run("r\ud800") as run, run.stage("s\ud800") as stage, stage.batch("b\udc00"):
        pass
    stored = ctx.metadata_store.runs.get_run(run.ref)

    assert (stored.name, stored.status) == ("r\\ud800", "completed")
    assert stage.display_name == "s\\ud800"


def test_a_refused_stage_leaves_no_scope_behind(ctx):
    """After a bad argument the run is the active scope, and closes."""
    with ctx.run("r") as run:
        with pytest.raises(ContextaError):
            run.stage("s", metadata=["no mapping"])
        assert ctx.session.current() is run
        with run.stage("s") as stage:
            pass

    assert (run.status, stage.ref) == ("completed", "stage:p.r.s")


@pytest.mark.parametrize(
    "arguments",
    [{"tags": ["a"]}, {"params": "x"}, {"config_snapshot": [1]}, {"metadata": 5}],
)
def test_bad_run_arguments_are_refused_before_a_run_exists(ctx, arguments):
    """Our error is raised, and no run stays open."""
    with pytest.raises((ValidationError, LifecycleError)) as caught:
        ctx.run("r", **arguments)

    assert caught.value.code == "runtime_invalid_mapping"
    assert ctx.metadata_store.runs.list_runs() == ()


def test_params_and_tags_must_be_mappings(ctx):
    """Other things are refused with our error."""
    with ctx.run("r") as run:
        for call in (run.log_params, run.set_tags):
            with pytest.raises(ValidationError):
                call(["a"])

    assert run.status == "completed"


def test_data_that_contains_itself_is_recorded_as_rejected(ctx, records_of):
    """Cycles are refused at once, wherever they stand."""
    with ctx.run("r") as run:
        run.event("e", message="m", attributes=_cyclic())
        run.degraded("a.b", "m", attributes=_cyclic())
        run.log(_cyclic() | {"loss": 1.0})
        with run.span("s") as span:
            span.set_attributes(knot=_cyclic())
    keys = {record.payload.issue_key for record in records_of(ctx, "degraded")}

    assert keys == {
        "capture.event_rejected", "capture.degraded_rejected", "capture.metric_rejected",
    }  # fmt: skip
    assert [record.payload.span_name for record in records_of(ctx, "span")] == ["s"]
    assert [record.payload.value for record in records_of(ctx, "metric")] == [1.0]


@pytest.mark.parametrize("garbage", [None, 5, "x", [5], [{"kex": 1}]])
def test_garbage_in_a_batch_is_an_item_and_a_record(ctx, records_of, garbage):
    """Nothing raises; the loss is in the result and in the workspace."""
    with ctx.run("r") as run:
        batch = run.emit_metrics(garbage)
    found = [record.payload.issue_key for record in records_of(ctx, "degraded")]

    assert [item.status.value for item in batch.results] == ["FAILURE"]
    assert found == ["capture.metric_rejected"]


def test_odd_arguments_never_raise(ctx, records_of):
    """Summaries of any type, refs that are none, homes of nobody."""
    with ctx.run("r") as run:
        run.degraded("a.b", None)
        assert run.span("s", linked_refs=5).degraded
        missing = run.register_artifact("k", "~nosuchuser/x", allow_missing=True)

    assert missing.degraded
    assert len(records_of(ctx, "degraded")) == 2


def test_secrets_inside_objects_are_redacted(ctx, tmp_path):
    """Dataclasses, enums and paths are converted first, then looked through."""
    bag = {"conf": Settings(), "choice": Choice.LOGIN, "path": Path(f"x/password={SECRET}")}
    with ctx.run(f"login password={SECRET}", params=bag, tags={"choice": Choice.LOGIN}) as run:
        run.log_params({f"again_{key}": value for key, value in bag.items()})
        run.set_tags({"url": f"postgres://u:{SECRET}@h/db"})
        run.metric(f"password={SECRET}", 1.0, unit=f"password={SECRET}")
        run.metric("loss", 1.0, summary_basis=f"password={SECRET}")
        run.event(f"password={SECRET}", message="m")
        run.degraded("a.b", "m", attributes=bag)
        with run.span(f"password={SECRET}") as span:
            span.set_attributes(**bag)
        with run.stage(f"password={SECRET}") as stage:
            stage.sample("s", retention_class=f"password={SECRET}").close()
        run.register_artifact("k", tmp_path / f"password={SECRET}", allow_missing=True)
    with ctx.run("r2", dataset_ref=f"postgres://u:{SECRET}@h/db", code_revision=f"token={SECRET}"):
        pass
    ctx.close()
    files = [path for path in (tmp_path / "ws").rglob("*") if path.is_file()]

    assert [str(f) for f in files if SECRET.lower().encode() in f.read_bytes().lower()] == []
    assert len(files) > 5


def test_the_clock_may_be_set_back(ctx, monkeypatch):
    """An end never lies before its start, and nothing raises."""
    with ctx.run("r") as run, run.stage("s") as stage, stage.batch("b"), stage.operation("o"):
        monkeypatch.setattr(
            "contexta.runtime._base.iso_utc_now", lambda: "2020-01-01T00:00:00.000000Z"
        )
    row = ctx.metadata_store.stages.get_stage_execution(stage.ref)

    assert (run.status, row.status) == ("completed", "completed")
    assert str(row.ended_at) == str(row.started_at)


def test_params_keep_their_types(ctx):
    """Looking for secrets changes nothing else."""
    with ctx.run("r", params={"lr": 0.1, "n": 3, "on": True, "none": None, "l": [1, 2]}) as run:
        pass
    stored = dict(ctx.metadata_store.runs.get_run(run.ref).params)

    assert stored == {"lr": 0.1, "n": 3, "on": True, "none": None, "l": "[1,2]"}
