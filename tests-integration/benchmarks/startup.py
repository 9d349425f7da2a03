"""CPU seconds of start-up beside a bare interpreter."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile

from _timing import emit

PROGRAMS = {
    "python -c pass (floor)": "pass",
    "import contexta": "import contexta",
    "import contexta.contract": "import contexta.contract",
    "import and open an empty workspace": "from contexta import Contexta; Contexta().close()",
    "import, open, list no runs": (
        "from contexta import Contexta; c = Contexta(); c.list_runs(); c.close()"
    ),
    "import, open, one run with one metric": """
from contexta import Contexta
with Contexta() as c, c.run("r") as r:
    r.metric("loss", 0.5)
""",
}


def cpu_seconds(program: str) -> float:
    """Return user plus system seconds of one interpreter in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Take the median of seven of each, after one that warms the bytecode cache."""
    rows = []
    for what, program in PROGRAMS.items():
        cpu_seconds(program)
        spent = statistics.median(cpu_seconds(program) for _ in range(7))
        rows.append({"what": what, "value": spent, "unit": "CPU s"})
    emit(rows)


if __name__ == "__main__":
    main()
