"""A process that has imported everything, and forks for each piece of work.

One line of standard input is `[name, folder, stopped, output]`, JSON. The answer is a line with
the id of the child, then, when it has ended, a line with what `waitpid` says of it. A child that
begins stopped waits for SIGCONT, so that a tracer can come first.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _works import WORKS

from contexta.contract.errors import ContextaError

REFUSED, FOREIGN = 3, 4
_PR_SET_PTRACER = 0x59616D61


def child(name: str, folder: str, output: str, *, stopped: bool) -> int:
    """Work; return 0, or say on the output which error ended it."""
    if stopped:
        # Where only ancestors may trace: allow anybody.
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
    try:
        WORKS[name].work(Path(folder))
    except ContextaError as error:
        said, code = f"{type(error).__name__} {error.code}: {error.message}", REFUSED
    except BaseException:
        said, code = traceback.format_exc(), FOREIGN
    else:
        said, code = "\n".join(sys.modules), 0
    descriptor = os.open(output, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    for start in range(0, len(said), 4096):
        os.writev(descriptor, [said[start : start + 4096].encode()])
    return code


def main() -> None:
    """Serve until the input ends."""
    known = set(sys.modules)
    for line in sys.stdin:
        name, folder, stopped, output = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os._exit(child(name, folder, output, stopped=stopped))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        if status == 0:
            # What a child imported late, the next one finds there: it begins at once.
            for module in Path(output).read_text().split("\n"):
                if module not in known and module.partition(".")[0] in ("contexta", "pyarrow"):
                    importlib.import_module(module)
            known |= set(sys.modules)
        print(status, flush=True)


if __name__ == "__main__":
    main()
