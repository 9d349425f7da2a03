"""Other processes for the facade tests."""

import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
import os, signal, sys
from contexta import Contexta
CONFIG = {"project_name": "p", "capture": {"dispatch_failure_mode": "outbox",
          "capture_installed_packages": False, "capture_code_revision": False}}
def open_ctx(**options):
    return Contexta(workspace=sys.argv[1], config=CONFIG, **options)
"""


@pytest.fixture
def script(tmp_path):
    """Start a program on the workspace of the test; the caller waits for it."""
    started = []

    def start(body, **options):
        program = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + textwrap.dedent(body), str(tmp_path / "ws")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        started.append(program)
        return program

    yield start
    for program in started:
        if program.poll() is None:
            program.kill()
        program.communicate()


@pytest.fixture
def finished(script):
    """Run a program to its end and return what it printed."""

    def run(body, expect=0):
        program = script(body)
        out, err = program.communicate(timeout=60)
        assert expect in (program.returncode, None), err
        return out.split()

    return run
