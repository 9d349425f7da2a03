import json
import subprocess
import sys
import threading

from contexta.cli._draw import Pen
from contexta.cli.watch._changes import changes, line_of
from contexta.cli.watch._look import Watcher
from contexta.cli.watch._view import lines
from contexta.client import Contexta


def test_one_look_shows_stages_values_and_events(call, history):
    """With the step of the highest metric, and how many were planned."""
    done = call("watch", "candidate", "--once")

    assert 0 == done.code
    assert "run:nightly.candidate" in done.out.splitlines()[0]
    assert "step 4 of 5" in done.out
    assert "(param max_steps)" in done.out
    assert "accuracy@eval" in done.out


def test_json_of_one_look_is_data(call, history):
    """Run, stages, metrics and events."""
    data = json.loads(call("watch", "candidate", "--once", "--format", "json").out)

    assert "completed" == data["run"]["status"]
    assert {"loss": 5, "accuracy": 1} == {one["key"]: one["count"] for one in data["metrics"]}


def test_a_pipe_gets_one_line_for_each_change_and_an_end(call, history):
    """A run that is over is told once."""
    done = call("watch", "candidate")

    assert 0 == done.code
    assert "run run:nightly.candidate completed" == done.out.splitlines()[0]
    assert "stage eval completed" in done.out
    assert "metric loss step 4 1.6" in done.out
    objects = [
        json.loads(line) for line in call("watch", "candidate", "-f", "ndjson").out.splitlines()
    ]
    assert {"run", "stage", "metric"} == {one["kind"] for one in objects}


def test_without_an_open_run_one_must_be_named(call, history):
    """The newest open run would be taken."""
    done = call("watch")

    assert 2 == done.code
    assert "no run is open" in done.err


def test_a_live_run_is_followed_to_its_end(call, project):
    """Started in a second thread, watched through the files only."""
    looked = threading.Event()
    workspace = project / ".contexta"

    def train():
        with (
            Contexta(workspace=workspace, config={"project_name": "p"}) as ctx,
            ctx.run("live") as run,
        ):
            run.metric("loss", 2.0, step=0)
            opened.set()
            looked.wait(30)
            run.metric("loss", float("nan"), step=1)
            run.event("late", message="\x1b[31mred", level="warning")

    opened = threading.Event()
    thread = threading.Thread(target=train)
    thread.start()
    opened.wait(30)
    with Contexta(workspace=workspace, config={"project_name": "p"}, read_only=True) as reader:
        watcher = Watcher(reader, "live")
        first = watcher.look()
        looked.set()
        thread.join(30)
        second = watcher.look()
    told = [line_of(one) for one in changes(first, second)]

    assert ("open", False, 0) == (first.run.status, first.over, first.step)
    assert [
        r"event warning late: \x1b[31mred",
        "metric loss step 1 NaN",
        "run run:p.live completed",
    ] == told
    assert [] == list(changes(second, second))


def test_a_view_fits_the_terminal(call, history, nightly):
    """However many metrics there are."""
    with Contexta(workspace=nightly, config={"project_name": "nightly"}, read_only=True) as reader:
        look = Watcher(reader, "candidate").look()
    many = type(look)(look.run, look.stages, look.metrics * 50, look.events, look.event_count)
    drawn = lines(many, Pen(width=60), height=20)

    assert len(drawn) <= 20
    assert max(map(len, drawn)) <= 60
    assert any("more metrics" in line for line in drawn)


def test_names_of_metrics_are_whole_in_a_narrow_terminal(project):
    """Curves and counts give way."""
    with Contexta(workspace=project / ".contexta") as ctx, ctx.run("train", run_id="r") as run:
        for step in range(60):
            run.metric("validation_images_per_second", step / 7, step=step)
    with Contexta(workspace=project / ".contexta", read_only=True) as ctx:
        look = Watcher(ctx, "run:default.r").look()
        shown = list(lines(look, Pen(width=80), 24))

    assert any(line.startswith("validation_images_per_second  8.42857") for line in shown)
    assert not any("…" in line or "no room" in line for line in shown)


def test_a_run_whose_process_died_took_no_known_time(call, history, project):
    """Nobody wrote down when it ended."""
    script = "import contexta, os; contexta.Contexta().run('dead').__enter__(); os._exit(9)"
    subprocess.run([sys.executable, "-c", script], cwd=project, check=False)
    done = call("watch", "dead", "--once", "--workspace", str(project / ".contexta"))

    assert "interrupted" in done.out
    assert "took" not in done.out
