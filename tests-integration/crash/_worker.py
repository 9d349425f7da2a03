"""The process that is killed: it works on a folder and says what was confirmed."""

import os
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _scenarios import SCENARIOS

from contexta.contract.errors import ContextaError

REFUSED = 3


def say(text: str, descriptor: int = 1) -> None:
    """Print a line with one call, so that a kill leaves it whole or absent.

    It is not the call that the stores write with: a failing disk does not silence it.
    """
    os.writev(descriptor, [f"{text}\n".encode()])


def main(name: str, folder: str) -> int:
    """Work; return 0, or another number when one of our errors or a foreign one ended it."""
    try:
        SCENARIOS[name]().work(Path(folder), say)
    except ContextaError as error:
        say(f"{type(error).__name__} {error.code}", 2)
        return REFUSED
    except BaseException:
        say(traceback.format_exc(), 2)
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
