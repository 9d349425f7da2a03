"""A kill or a disk error at any call of the outbox loses nothing and doubles nothing of ours."""

import json
import subprocess
import sys
from pathlib import Path

POINTS = str(Path(__file__).with_name("_outbox_points.py"))


def test_no_point_loses_or_doubles_a_delivery(tmp_path, kills, all_boundaries):
    """Queue, deliver, give up, retry and copy, disturbed once each time, then called again."""
    each = 0 if all_boundaries else kills * 3
    done = subprocess.run(
        [sys.executable, POINTS, str(tmp_path), str(each)],
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    print(f"calls={report['calls']} ends={report['ends']}")

    assert [] == report["found"]
    assert sum(report["ends"].values()) >= 5 * min(each or report["calls"], report["calls"])
