"""How much the metadata writers put: little by default, more on request; and a server for them."""

import os

import pytest

from contexta.contract.errors import DependencyError
from contexta.store.testing import throwaway_postgres


def pytest_addoption(parser):
    parser.addoption("--puts", type=int, default=40, help="puts of each process (default 40)")


@pytest.fixture
def puts(request) -> int:
    return request.config.getoption("--puts")


@pytest.fixture(scope="module")
def postgres_url():
    pytest.importorskip("psycopg", reason="psycopg is not installed: contexta-store[postgres]")
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    try:
        with throwaway_postgres({"fsync": "on"}) as server:
            yield server.url
    except DependencyError as error:
        pytest.skip(error.message)
