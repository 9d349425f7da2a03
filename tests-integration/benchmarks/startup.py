"""CPU seconds of start-up beside a bare interpreter and the import of a peer."""

from __future__ import annotations

import functools
import resource
import subprocess
import sys
import tempfile

from _harness import Options, clean_environment, has, in_turn, main, row

BARE = "python -c pass"
PEER = "import trackio"
PROGRAMS = {
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
GOALS = {"import and open an empty workspace": ("<=", 0.25)}


def cpu_seconds(program: str) -> float:
    """Return user plus system seconds of one interpreter in an empty folder."""
    environment = clean_environment()
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], cwd=folder, check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(options: Options) -> list[dict]:
    """Take turns, after one turn that warms the bytecode cache."""
    programs = {BARE: "pass", **PROGRAMS}
    if has("trackio"):
        programs[PEER] = "import trackio"
    calls = {name: functools.partial(cpu_seconds, text) for name, text in programs.items()}
    in_turn(calls, 1)
    found = in_turn(calls, options.pick(1, 9))
    return [
        row(
            name,
            1,
            "CPU s",
            found[name],
            floor=(BARE, found[BARE]),
            peer=(PEER, found[PEER]) if PEER in found else None,
            goal=GOALS.get(name),
        )
        for name in PROGRAMS
    ]


if __name__ == "__main__":
    main(measure)
