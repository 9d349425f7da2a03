"""Sinks that follow the lives of runs."""

from contexta.capture.sinks import CompositeSink, InMemorySink


class Follower(InMemorySink):
    """Write down what it is told."""

    def __init__(self, **options):
        super().__init__(**options)
        self.told = []

    def run_opened(self, run):
        self.told.append(("run_opened", str(run.run_ref), dict(run.params or {})))

    def params_logged(self, run_ref, params):
        self.told.append(("params_logged", run_ref, dict(params)))

    def tags_set(self, run_ref, tags):
        self.told.append(("tags_set", run_ref, dict(tags)))

    def run_closed(self, run_ref, status, ended_at):
        self.told.append(("run_closed", run_ref, status))

    def flush(self):
        self.told.append(("flush",))


def test_a_sink_follows_a_run(open_ctx):
    """Open, params, tags, end and the end of the facade, in order, redacted."""
    sink = Follower()
    ctx = open_ctx(sinks=[sink])
    run = ctx.run("r", params={"lr": 0.1})
    run.log_params({"depth": 3, "api_key": "sk-1234567890abcdef"})
    run.set_tags({"team": "a"})
    run.close(status="failed")
    ctx.close()
    secret = sink.told[1][2].pop("api_key")

    assert [
        ("run_opened", "run:p.r", {"lr": 0.1}),
        ("params_logged", "run:p.r", {"depth": 3}),
        ("tags_set", "run:p.r", {"team": "a"}),
        ("run_closed", "run:p.r", "failed"),
        ("flush",),
    ] == sink.told
    assert "1234567890" not in secret


def test_children_of_a_composite_are_told(open_ctx):
    """Wrapping a sink hides nothing from it."""
    sink = Follower()
    with open_ctx(sinks=[CompositeSink([sink])]).run("r"):
        pass

    assert ["run_opened", "run_closed"] == [event for event, *_ in sink.told]


def test_sinks_that_do_not_follow_get_payloads_only(open_ctx):
    """No sink has to know about runs."""
    sink = InMemorySink()
    with open_ctx(sinks=[sink]).run("r") as run:
        run.metric("loss", 1.0)

    assert 1 == len(sink.entries)


def test_a_sink_that_fails_to_follow_stops_nothing(open_ctx, caplog):
    """It is said once, and the run ends as it did."""

    class Broken(Follower):
        def run_closed(self, run_ref, status, ended_at):
            raise OSError("away")

    ctx = open_ctx(sinks=[Broken(name="broken")])
    with ctx.run("r"):
        pass

    assert "completed" == ctx.metadata_store.runs.get_run("run:p.r").status
    assert "sink 'broken' failed in run_closed: OSError: away" in caplog.text
