"""How many kills and power cuts the crash tests deliver: few by default, more on request."""

import errno
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def named_errors(text: str) -> tuple[str, ...]:
    """Return the names of errors in a text; one that the system does not know is a mistake."""
    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in errno.errorcode.values()]
    if unknown:
        raise pytest.UsageError(f"--errors: {unknown} are no errors of this system")
    return names


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=3, help="kills per crash test (default 3)")
    parser.addoption("--cuts", type=int, default=3, help="power cuts per test (default 3)")
    parser.addoption("--faults", type=int, default=2, help="disk errors per test (default 2)")
    parser.addoption(
        "--errors",
        type=named_errors,
        default=("ENOSPC", "EIO", "EACCES", "EROFS"),
        help="which disk errors, by name, with commas (default ENOSPC,EIO,EACCES,EROFS)",
    )
    parser.addoption("--flips", type=int, default=4, help="flipped bits per file (default 4)")


@pytest.fixture
def flips(request) -> int:
    return request.config.getoption("--flips")


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills")


@pytest.fixture
def cuts(request) -> int:
    return request.config.getoption("--cuts")


@pytest.fixture
def faults(request) -> int:
    return request.config.getoption("--faults")


@pytest.fixture
def errors(request) -> tuple[str, ...]:
    return request.config.getoption("--errors")
