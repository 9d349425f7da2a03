"""Measure the stores beside their floors and a peer, in one run: a table and JSON.

Each script runs in a process of its own, so that none warms another; stores that several
need are built once. Figures of different machines do not compare, the ratios of one run do.
Nothing here is a test: no figure fails the run, a script that breaks does.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _harness import FOLDER_VARIABLE, clean_environment
from _report import as_table, goal_met

HERE = Path(__file__).parent
SCRIPTS = [
    "contract_models",
    "metric_call",
    "call_growth",
    "until_readable",
    "bulk_append",
    "many_runs",
    "one_series",
    "questions",
    "shared_data",
    "expressions",
    "eight_processes",
    "startup",
    "open_large",
    "metadata_puts",
    "metadata_pages",
    "artifacts",
    "compaction",
    "backups",
    "server",
]
PACKAGES = [
    "contexta",
    "pydantic",
    "sqlalchemy",
    "pyarrow",
    "duckdb",
    "polars",
    "numpy",
    "trackio",
    "mlflow-skinny",
    "tensorboardX",
]


def run_script(script: str, folder: Path, *, quick: bool) -> list[dict]:
    """Run one measuring script and return its rows."""
    command = [sys.executable, str(HERE / f"{script}.py"), "--json"]
    done = subprocess.run(
        [*command, "--quick"] if quick else command,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**clean_environment(), FOLDER_VARIABLE: str(folder)},
    )
    if done.returncode:
        sys.exit(f"{script} failed, see above\n{done.stdout}")
    return [{"script": script, **row} for row in json.loads(done.stdout.splitlines()[-1])]


def machine() -> dict:
    """Return what the figures depend on."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg(),
        "versions": versions,
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def heading(facts: dict, *, quick: bool) -> str:
    """Return what a reader of the table must know."""
    versions = ", ".join(f"{name} {found}" for name, found in facts["versions"].items() if found)
    load = f"{facts['load_before'][0]:.1f}"
    mode = "quick mode: small sizes, few repeats" if quick else "full mode"
    return (
        f"# Benchmarks ({mode})\n\n"
        f"{facts['cpus']} x {facts['cpu']}, {facts['system']}, load {load} before;\n"
        f"Python {facts['python']}, {versions}.\n\n"
        "Medians of rounds in which ours, floor and peer took turns.\n"
        "A ratio is ours divided by the other; a slope is log-log over the sizes.\n"
    )


def main() -> None:
    """Run the chosen scripts; write results.json and results.md, print the latter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scripts", nargs="*", help=f"of {', '.join(SCRIPTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="small sizes, about a minute")
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "build" / "bench")
    parser.add_argument("--tmp", type=Path, help="where to build stores; the disk is measured")
    options = parser.parse_args()
    if unknown := sorted(set(options.scripts) - set(SCRIPTS)):
        parser.error(f"{', '.join(unknown)}: no such script; there are {', '.join(SCRIPTS)}")
    facts = machine()
    folder = Path(tempfile.mkdtemp(prefix="contexta-bench-", dir=options.tmp))
    rows: list[dict] = []
    spent: dict[str, float] = {}
    try:
        for script in options.scripts or SCRIPTS:
            started = time.perf_counter()
            rows += run_script(script, folder, quick=options.quick)
            spent[script] = round(time.perf_counter() - started, 1)
            print(f"{script}: {spent[script]} s", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(folder)
    text = f"{heading(facts, quick=options.quick)}\n{as_table(rows)}\n"
    for row in rows:
        row["goal_met"] = goal_met(row)
    options.out.mkdir(parents=True, exist_ok=True)
    result = {"quick": options.quick, "machine": facts, "seconds": spent, "rows": rows}
    (options.out / "results.json").write_text(json.dumps(result, indent=2))
    (options.out / "results.md").write_text(text)
    print(text)
    print(f"JSON: {options.out / 'results.json'}")


if __name__ == "__main__":
    main()
