"""The guide for advanced users runs as it is written."""

import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).with_name("advanced_usage.py")
PREPARE = """
from contexta import Contexta

with Contexta(config={"project_name": "advanced-proj"}) as ctx:
    for name, scale in (("demo-run", 1.0), ("demo-run-v2", 0.5)):
        with ctx.run(name, params={"scale": scale}) as run, run.stage("train") as stage:
            for step in range(5):
                stage.metric("loss", scale / (step + 1), step=step)
            Path("model.bin").write_bytes(name.encode())
            run.register_artifact("model_bundle", "model.bin")
"""


def run_script(folder: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_the_guide_runs_unchanged(tmp_path):
    """Each block works, on the runs that an earlier process captured."""
    run_script(tmp_path, "-c", "from pathlib import Path" + PREPARE)

    records, state, artifacts, verified, backup, location, status, notes = run_script(
        tmp_path, str(GUIDE)
    )

    assert int(records) == 10
    assert state == "HEALTHY"
    assert int(artifacts) >= 2
    assert artifacts == verified
    assert backup.startswith("manual-")
    assert Path(location).is_dir()
    assert status == "SUCCESS"
    assert "metadata_runs:2" in notes
    assert "record_replay:10" in notes


def test_the_services_that_the_guide_names_exist(tmp_path):
    """Each service is an attribute of the facade, built when first asked for."""
    script = """
from contexta import Contexta
with Contexta() as ctx:
    names = ("query", "compare", "diagnostics", "lineage", "trend", "alert", "provenance")
    for name in names:
        print(type(getattr(ctx, f"{name}_service")).__name__)
    print(type(ctx.report_builder).__name__)
"""
    expected = ["Query", "Compare", "Diagnostics", "Lineage", "Trend", "Alert", "Provenance"]

    assert [f"{name}Service" for name in expected] + ["ReportBuilder"] == run_script(
        tmp_path, "-c", script
    )
