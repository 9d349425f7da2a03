"""Measure the hot paths beside their floors and a peer, in one run; print a table and JSON.

Each measurement runs in a process of its own, so that none warms another. Figures of
different machines do not compare; the ratios of one run do. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = ["contract_models", "metric_call", "until_readable", "startup"]


def measure(script: str) -> list[dict]:
    """Run one measuring script and return its rows."""
    done = subprocess.run(
        [sys.executable, str(HERE / f"{script}.py")],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{script} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run the chosen measurements, print one table, write one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scripts", nargs="*", default=SCRIPTS, help=f"of {', '.join(SCRIPTS)}")
    parser.add_argument("--out", type=Path, default=Path("bench-results/latest.json"))
    options = parser.parse_args()
    rows = []
    print(f"{'what':<52}{'value':>14} {'unit':<11}{'ratio':>8}  to")
    for script in options.scripts:
        for row in measure(script):
            rows.append({"script": script, **row})
            ratio = f"{row['ratio']:.2f}" if "ratio" in row else ""
            print(
                f"{row['what']:<52}{row['value']:>14,.3f} {row['unit']:<11}{ratio:>8}"
                f"  {row.get('to', '')}"
            )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    options.out.write_text(json.dumps({**machine, "rows": rows}, indent=2))
    print(f"\nJSON: {options.out}")


if __name__ == "__main__":
    main()
