"""Several processes, and processes that die."""

import signal


def test_an_open_run_is_visible_to_another_process(ctx, finished):
    """Run and points are there for others as soon as the calls returned."""
    with ctx.run("train") as run:
        run.metric("loss", 0.5)
        out = finished(
            """
            with open_ctx(read_only=True) as ctx:
                run, = ctx.list_runs()
                print(run.run_id, run.status, len(ctx.get_run_snapshot(run.run_id).records))
            """
        )

    assert out == [run.ref, "open", "1"]


def test_a_killed_process_loses_no_acknowledged_point(script, open_ctx, records_of):
    """The next open shows the run as interrupted, with every point that was acknowledged."""
    program = script(
        """
        ctx = open_ctx()
        run = ctx.run("train")
        stage = run.stage("s")
        step = 0
        while True:
            stage.metric("loss", float(step), step=step)
            print(step, flush=True)
            step += 1
        """
    )
    acknowledged = [int(program.stdout.readline()) for _ in range(200)]
    program.send_signal(signal.SIGKILL)
    program.wait()
    ctx = open_ctx()
    with ctx.run("next"):
        pass
    run = ctx.metadata_store.runs.get_run("run:p.train")
    stage = ctx.metadata_store.stages.get_stage_execution("stage:p.train.s")
    died = [r for r in records_of(ctx, "degraded") if r.payload.issue_key == "capture.process_died"]

    steps = [record.payload.step for record in records_of(ctx, "metric")]
    assert steps[: len(acknowledged)] == acknowledged
    assert len(steps) == len(set(steps))
    assert (run.status, stage.status, len(died)) == ("interrupted", "interrupted", 1)
    assert run.ended_at >= run.started_at


def test_a_reader_sees_a_dead_run_as_interrupted_and_writes_nothing(script, open_ctx, tmp_path):
    """Read-only projection derives the status; the row stays as it was."""
    program = script(
        """
        ctx = open_ctx()
        run = ctx.run("train")
        run.metric("loss", 1.0)
        print("ready", flush=True)
        signal.pause()
        """
    )
    program.stdout.readline()
    with open_ctx(read_only=True) as reader:
        alive = reader.list_runs()[0].status
    program.kill()
    program.wait()
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "ws" / "records").rglob("*")}
    with open_ctx(read_only=True) as reader:
        dead = reader.list_runs()[0].status
        stored = reader.metadata_store.runs.get_run("run:p.train").status
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / "ws" / "records").rglob("*")}

    assert (alive, dead, stored) == ("open", "interrupted", "open")
    assert after == before


def test_a_living_run_is_never_declared_dead(script, open_ctx):
    """Another opener leaves the run of a living process alone."""
    program = script(
        """
        ctx = open_ctx()
        with ctx.run("train") as run:
            print("ready", flush=True)
            sys.stdin.readline()
            run.metric("loss", 1.0)
        """,
        stdin=-1,
    )
    program.stdout.readline()
    ctx = open_ctx()
    with ctx.run("other"):
        pass
    during = ctx.metadata_store.runs.get_run("run:p.train").status
    program.communicate("go\n", timeout=60)

    assert during == "open"
    assert ctx.metadata_store.runs.get_run("run:p.train").status == "completed"


def test_a_forked_worker_captures_into_the_run_of_its_parent(finished, open_ctx, records_of):
    """Both sides write; the run is closed by its parent, once."""
    out = finished(
        """
        import warnings
        warnings.simplefilter("ignore")
        ctx = open_ctx()
        with ctx.run("train") as run:
            run.metric("x", 0.0)
            pids = []
            for i in range(3):
                pid = os.fork()
                if pid == 0:
                    run.metric("x", float(i + 1))
                    with run.stage("worker") as stage:
                        stage.metric("y", float(i))
                    run.close()
                    os._exit(0)
                pids.append(pid)
            codes = [os.waitpid(pid, 0)[1] for pid in pids]
            print(codes, run.status)
            run.metric("x", 9.0)
        print(ctx.metadata_store.runs.get_run(run.ref).status)
        """
    )
    ctx = open_ctx()
    values = sorted(
        r.payload.value for r in records_of(ctx, "metric") if r.payload.metric_key == "x"
    )

    assert out == ["[0,", "0,", "0]", "open", "completed"]
    assert values == [0.0, 1.0, 2.0, 3.0, 9.0]


def test_a_program_that_ends_without_closing_tells_how_it_ended(finished, open_ctx):
    """At exit open runs are closed: completed, or failed after an uncaught exception."""
    finished("run = open_ctx().run('fine'); run.metric('x', 1.0)")
    finished("ctx = open_ctx(); run = ctx.run('broken'); raise ValueError('x')", expect=1)
    finished("ctx = open_ctx(); run = ctx.run('stopped'); raise KeyboardInterrupt", expect=None)
    runs = open_ctx().metadata_store.runs.list_runs()

    assert {run.name: run.status for run in runs} == {
        "fine": "completed", "broken": "failed", "stopped": "cancelled",
    }  # fmt: skip


def test_many_processes_open_runs_of_one_name_at_once(script, open_ctx):
    """Each gets a ref of its own, and nothing is lost."""
    programs = [
        script("with open_ctx() as ctx, ctx.run('train') as run: run.metric('x', 1.0)")
        for _ in range(4)
    ]
    codes = [program.wait(timeout=60) for program in programs]
    runs = open_ctx().metadata_store.runs.list_runs()

    assert codes == [0] * 4
    assert sorted(run.run_ref.text for run in runs) == [
        "run:p.train", "run:p.train-2", "run:p.train-3", "run:p.train-4",
    ]  # fmt: skip
    assert {run.status for run in runs} == {"completed"}


def test_capture_loads_neither_pyarrow_nor_duckdb(finished):
    """Opening, a run and a metric need none of the heavy readers."""
    out = finished(
        """
        ctx = open_ctx()
        print("sqlalchemy" in sys.modules)
        run = ctx.run("r")
        run.metric("x", 1.0)
        print(sorted({"pyarrow", "duckdb", "alembic"} & set(sys.modules)))
        """
    )

    assert out == ["False", "[]"]


def test_a_forked_worker_that_leaves_a_block_ends_nothing_of_its_parent(finished):
    """Stage, operation and span go on in the process that opened them, and are stored once."""
    out = finished(
        """
        import warnings
        warnings.simplefilter("ignore")
        ctx = open_ctx()
        with ctx.run("train") as run:
            with run.stage("s") as stage, stage.operation("o"), stage.span("block"):
                pid = os.fork()
                if pid == 0:
                    stage.__exit__(None, None, None)
                    os._exit(0)
                os.waitpid(pid, 0)
                print(ctx.metadata_store.stages.get_stage_execution(stage.ref).status)
        from contexta.store.records import ScanFilter
        spans = ctx.record_store.scan(ScanFilter(record_type="span"))
        print(*sorted(item.record.payload.span_name for item in spans))
        """
    )

    assert out == ["open", "block", "o"]


def test_a_run_that_is_open_elsewhere_is_joined(script, open_ctx, records_of):
    """A worker that joins, and dies, neither ends the run nor takes it over."""
    ctx = open_ctx()
    with ctx.run("job", run_id="job") as run:
        worker = script(
            """
            run = open_ctx().run("job", run_id="job", resume=True)
            run.metric("loss", 2.0)
            print("ready", flush=True)
            signal.pause()
            """
        )
        worker.stdout.readline()
        worker.kill()
        worker.wait()
        with open_ctx() as other, other.run("other"):
            pass
        during = ctx.metadata_store.runs.get_run(run.ref).status
    values = [record.payload.value for record in records_of(ctx, "metric")]

    assert (during, values) == ("open", [2.0])
    assert ctx.metadata_store.runs.get_run(run.ref).status == "completed"
