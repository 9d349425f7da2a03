"""The command line ``contexta``; ``main`` is its entry point.

Each command is a file of its own that loads when the command is called.  Results go to
stdout, errors to stderr as ``ERROR [code]: message``, with ``--format json`` as JSON.
The exit code is 0 for success, 2 for wrong usage, 130 after Ctrl-C, else that of the error's
class.
"""

from contexta.cli._entry import main, run_cli

__all__ = ["main", "run_cli"]
