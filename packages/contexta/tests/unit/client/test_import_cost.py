"""What opening and asking a workspace imports; told by modules, never by a clock."""

import pytest

UNASKED = (
    "contexta.capture.dispatch",
    "contexta.capture.sinks",
    "contexta.interpretation.aggregates",
    "contexta.interpretation.changes",
    "contexta.interpretation.gate",
    "contexta.interpretation.reports",
    "contexta.interpretation.trend",
    "contexta.recovery",
    "contexta.runtime.session",
    "contexta.store.metadata._integrity",
    "contexta.store.metadata._repair",
    "contexta.web",
    "duckdb",
    "fsspec",
    "jinja2",
    "pyarrow",
    "rich",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
    "starlette",
    "uvicorn",
)


@pytest.mark.parametrize("command", ["runs", "projects"])
def test_lists_load_only_what_lists_need(ctx, finished, command):
    """A command that lists loads no other question, nothing that captures, no unused library."""
    with ctx.run("train") as run:
        run.metric("loss", 0.5)
    ctx.close()

    out = finished(
        f"""
        from contexta.cli import run_cli
        assert run_cli(["--workspace", sys.argv[1], {command!r}]) == 0
        print("loaded:", *(name for name in {UNASKED!r} if name in sys.modules))
        """
    )

    assert "loaded:" == out[-1]


def test_a_reader_gets_its_session_when_it_asks(ctx, open_ctx):
    """Read-only, the session is made once, by who first looks at it."""
    with ctx.run("train"):
        pass
    with open_ctx(read_only=True) as reader:
        first = reader.session

        assert reader.session is first
        assert reader.sinks == ()


def test_a_reader_that_never_captured_closes(ctx, open_ctx):
    """Closing does not need the session, and is idempotent."""
    with ctx.run("train"):
        pass
    reader = open_ctx(read_only=True)
    names = [run.name for run in reader.list_runs()]
    reader.close()
    reader.close()

    assert names == ["train"]


def test_a_forked_child_reads_whatever_the_threads_of_its_parent_held(ctx, finished):
    """The lock of a workspace is new in the child, also where nothing captures."""
    with ctx.run("train"):
        pass
    out = finished(
        """
        import threading, warnings
        warnings.simplefilter("ignore")
        ctx = open_ctx(read_only=True)
        held, done = threading.Event(), threading.Event()

        def hold():
            with ctx._planes._lock:
                held.set()
                done.wait()

        threading.Thread(target=hold, daemon=True).start()
        held.wait()
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)
            os._exit(0 if len(ctx.list_runs()) == 1 else 1)
        code = os.waitpid(pid, 0)[1]
        done.set()
        print(code)
        """
    )

    assert out == ["0"]
