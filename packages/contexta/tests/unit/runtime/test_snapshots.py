"""What a run is told about itself: environment, code and configuration."""

import threading

from contexta.runtime._snapshots import Snapshots

GRACE = "contexta.runtime._snapshots._GRACE_SECONDS"


def _environments(ctx, run):
    return ctx.metadata_store.environments.list_environment_snapshots(run.ref)


def test_a_run_that_is_over_at_once_is_written_twice(ctx, monkeypatch):
    """At its start, and at its end with all that was found out meanwhile."""
    monkeypatch.setattr(GRACE, 60.0)
    with ctx.run("r") as run:
        pass
    stored = ctx.metadata_store.runs.get_run(run.ref)
    (environment,) = _environments(ctx, run)

    assert (stored.status, stored.config_snapshot_ref) == ("completed", run.config_snapshot_ref)
    assert "argv" in stored.metadata
    assert environment == run.environment_snapshot
    assert environment.captured_at == run.started_at
    assert ctx.metadata_store.runs.get_revision(run.ref) == 2


def test_what_lasts_is_described_while_it_goes(ctx, monkeypatch):
    """Whoever looks at a run that goes on sees what it runs on."""
    monkeypatch.setattr(GRACE, 0.0)
    with ctx.run("r") as run:
        ctx.session.join_background(run)
        stored = ctx.metadata_store.runs.get_run(run.ref)
        environments = _environments(ctx, run)

    assert (stored.status, stored.config_snapshot_ref) == ("open", run.config_snapshot_ref)
    assert len(environments) == 1


def test_later_runs_have_an_equal_environment_under_refs_of_their_own(ctx):
    """The packages of a process are checked once; each run has a whole snapshot."""
    runs = []
    for _ in range(3):
        with ctx.run("r") as run:
            runs.append(run)
    first, *others = [_environments(ctx, run)[0] for run in runs]

    assert [one.run_ref.text for one in others] == [run.ref for run in runs[1:]]
    assert [one.packages for one in others] == [first.packages] * 2
    assert [one.environment_snapshot_ref.text for one in others] == [
        "environment:p.r-2.runtime",
        "environment:p.r-3.runtime",
    ]


def test_settings_are_stored_once_and_bound_to_each_run(ctx):
    """Each run has an artifact of its own, with the name and the bytes of the first."""
    store = ctx.artifact_store
    refs = []
    for _ in range(3):
        with ctx.run("r") as run:
            refs.append(run.config_snapshot_ref)
    bodies = {store.read_artifact_bytes(ref) for ref in refs}
    names = {store.get_binding(ref).source_name for ref in refs}

    assert refs == [f"artifact:p.{name}.config-snapshot" for name in ("r", "r-2", "r-3")]
    assert (len(bodies), names) == (1, {"config-snapshot.json"})


def test_settings_whose_body_was_removed_are_stored_again(ctx):
    """A later run does not rely on what an earlier one stored."""
    store = ctx.artifact_store
    with ctx.run("r") as run:
        pass
    body = store.read_artifact_bytes(run.config_snapshot_ref)
    store.object_path(store.get_binding(run.config_snapshot_ref).hash_value).unlink()
    with ctx.run("r") as again:
        pass

    assert store.read_artifact_bytes(again.config_snapshot_ref) == body


def test_metrics_of_a_later_run_are_its_own(ctx):
    """A name that an earlier run had skips its checks, not its place."""
    for value in (1.0, 2.0):
        with ctx.run("r") as run, run.stage("s") as stage:
            run.log({"loss": value, "count": int(value)}, step=3)
            stage.metric("loss", value * 10, unit="ms")
    from contexta.store.records import ScanFilter

    found = [
        (item.record.envelope.stage_execution_ref is not None, item.record.payload.value)
        for item in ctx.record_store.scan(ScanFilter(record_type="metric", run_ref="run:p.r-2"))
    ]

    assert found == [(False, 2.0), (False, 2), (True, 20.0)]


def test_a_later_run_has_the_environment_of_its_own_time(open_ctx, monkeypatch):
    """Variables that a notebook or a scheduler sets between its runs are told apart."""
    ctx = open_ctx(config={"security": {"environment_variable_allowlist": ["CUDA_DEVICES"]}})
    seen, argv = [], []
    for value in ("0", "0", "1"):
        monkeypatch.setenv("CUDA_DEVICES", value)
        monkeypatch.setattr("sys.argv", ["job", value])
        with ctx.run("r") as run:
            pass
        (environment,) = _environments(ctx, run)
        seen.append(environment.environment_variables["CUDA_DEVICES"])
        argv.append(ctx.metadata_store.runs.get_run(run.ref).metadata["argv"][1])

    assert seen == argv == ["0", "0", "1"]


def test_two_threads_that_close_a_run_both_wait_for_what_is_found_out(ctx, monkeypatch):
    """Whichever closes it writes the environment, which is being taken still."""
    monkeypatch.setattr(GRACE, 60.0)
    go, take = threading.Event(), Snapshots._take_environment

    def slowly(self):
        go.wait()
        take(self)

    monkeypatch.setattr(Snapshots, "_take_environment", slowly)
    run = ctx.run("r")
    closers = [threading.Thread(target=run.close) for _ in range(2)]
    for closer in closers:
        closer.start()
    closers[1].join(0.2)
    waiting = all(closer.is_alive() for closer in closers)
    go.set()
    for closer in closers:
        closer.join()

    assert waiting
    assert len(_environments(ctx, run)) == 1


def test_a_run_is_described_where_no_thread_can_be_started(ctx, monkeypatch):
    """As at the end of the interpreter, or when the user may have no more threads."""

    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with ctx.run("r") as run:
        pass

    assert len(_environments(ctx, run)) == 1
    assert ctx.metadata_store.runs.get_run(run.ref).status == "completed"


def test_the_environment_of_a_continued_run_is_dated_when_it_was_taken(open_ctx):
    """It is not said to be that of the start, days ago."""
    taken = []
    for resume in (False, True):
        ctx = open_ctx()
        with ctx.run("r", run_id="r", resume=resume) as run:
            pass
        taken.append(_environments(ctx, run)[0].captured_at)
        ctx.close()

    assert taken[0] == run.started_at < taken[1]
