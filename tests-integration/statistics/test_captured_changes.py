"""A regression in runs that capture wrote is found, with its cause."""

import os
import subprocess
import sys

import pytest

from contexta import Contexta

PLANTED = 25
# Two processes, as packages are installed between runs, not during one.
TRAIN = """
import random, sys
from contexta import Contexta

first, last, level = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
optimizer = sys.argv[4]
with Contexta(config={"project_name": "digits"}) as ctx:
    for number in range(first, last):
        noise = random.Random(number)
        params = {"optimizer": optimizer, "seed": number, "batch": noise.choice([16, 32])}
        with ctx.run("train", run_id=f"r{number:02d}", params=params) as run:
            with run.stage("fit") as stage:
                for step in range(3):
                    stage.metric("loss", noise.gauss(level, 0.05) + 1 / (step + 1), step=step)
            run.metric("steady", noise.gauss(1.0, 0.05))
"""


def install(folder, version):
    """Put a distribution that can be found, and nothing more, into a folder."""
    info = folder / f"numlib-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: numlib\nVersion: {version}\n")
    return folder


def train(folder, packages, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", params=["param", "package"])
def regression(request, tmp_path_factory):
    """Forty captured runs; the loss rises with the twenty-sixth, for one of two causes."""
    cause, folder = request.param, tmp_path_factory.mktemp(request.param)
    old, new = (install(folder / f"site-{v}", v) for v in ("1.0", "2.0"))
    after = ("sgd", old) if cause == "param" else ("adam", new)
    train(folder, old, 0, PLANTED, 1.0, "adam")
    train(folder, after[1], PLANTED, 40, 1.4, after[0])
    with Contexta(workspace=folder / ".contexta", config={"project_name": "digits"}) as ctx:
        yield cause, ctx


def test_bisect_names_the_run_and_the_cause(regression):
    """The first run after the change is named, and what was planted is the first difference."""
    cause, ctx = regression
    found = ctx.bisect("loss")
    best = found.differences[0]
    planted = {
        "param": ("param", "optimizer", "adam", "sgd"),
        "package": ("package", "numlib", "1.0", "2.0"),
    }

    assert (found.first_run_after, found.last_run_before) == ("run:digits.r25", "run:digits.r24")
    assert (best.kind, best.key, best.before_value, best.after_value) == planted[cause]
    assert (best.separates, best.runs_agreeing, best.runs_known) == (True, 40, 40)
    # The command line differs truly: each process was told its part.
    assert [d.kind for d in found.differences[1:] if d.separates] == ["command"]
    assert (found.change.direction, found.completeness.complete) == ("worse", True)


def test_what_did_not_change_is_said(regression):
    """A metric that stayed has no change, and the answer says what would have been seen."""
    _, ctx = regression
    found = ctx.bisect("steady")

    assert (found.found, found.differences) == (False, ())
    assert 0.02 < found.smallest_detectable < 0.2


def test_good_and_bad_runs_by_their_short_names(regression):
    """Runs may be named as everywhere else."""
    _, ctx = regression
    found = ctx.bisect("loss", stage_name="fit", good="r03", bad="r39")

    assert found.first_run_after == "run:digits.r25"


def test_the_jump_is_an_anomaly(regression):
    """The first bad run is unlike the runs before it, by mean and by median."""
    _, ctx = regression
    detect = ctx.anomaly_service.detect_anomalies_in_run
    (loss,) = detect("r25", metric_keys=["loss"])
    usual = [item.severity for item in detect("r24")]

    assert (loss.severity, loss.baseline.n) == ("error", PLANTED)
    assert usual == ["info", "info"]
