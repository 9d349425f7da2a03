"""Shared fixtures of this package's tests."""

import os
import warnings

import pytest


@pytest.fixture
def fork():
    """Fork like `os.fork`; the child must leave through `os._exit`."""

    def fork_now():
        with warnings.catch_warnings():
            # Python 3.12 warns when any thread lives; a thread of another test may.
            warnings.simplefilter("ignore", DeprecationWarning)
            return os.fork()

    return fork_now
