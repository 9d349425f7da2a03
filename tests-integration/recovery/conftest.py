"""How much the recovery tests damage, kill and refuse: little by default, more on request."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# strace is driven by the same module as in the crash tests.
sys.path[:0] = [str(HERE), str(HERE.with_name("crash"))]

OPTIONS = {
    "--faults": (44, "faults in a backup of each form (default 44)"),
    "--kills": (1, "kills of each kind of work, and as many disk errors (default 1)"),
    "--cuts": (1, "power cuts of each kind of work and of disk (default 1)"),
    "--all-boundaries": (False, "kill at every call that changes a file, not at a few"),
    "--deliveries": (300, "failed deliveries that eight processes queue and replay (default 300)"),
    "--writing-seconds": (1.5, "how long processes write beside backups (default 1.5)"),
}


def pytest_addoption(parser):
    for name, (default, text) in OPTIONS.items():
        kind = {"action": "store_true"} if default is False else {"type": type(default)}
        try:
            parser.addoption(name, default=default, help=text, **kind)
        except ValueError:  # named on one command line, the crash tests have given it already
            continue


@pytest.fixture
def faults(request) -> int:
    return request.config.getoption("--faults")


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills")


@pytest.fixture
def cuts(request) -> int:
    return request.config.getoption("--cuts")


@pytest.fixture
def all_boundaries(request) -> bool:
    return request.config.getoption("--all-boundaries")


@pytest.fixture
def writing_seconds(request) -> float:
    return request.config.getoption("--writing-seconds")
