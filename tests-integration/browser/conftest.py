"""A workspace of a thousand runs, its server, and a browser that notes what goes wrong."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from contexta import Contexta

sys.path.insert(0, str(Path(__file__).parent))

from _browser import Watched, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


def pytest_addoption(parser):
    """Say how large the workspace is, and where pictures go."""
    parser.addoption("--runs", type=int, default=1000, help="runs of the workspace")
    parser.addoption("--pictures", help="folder for pictures of every page")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory, request):
    """The invented workspace that the command line makes."""
    folder = tmp_path_factory.mktemp("browser") / ".contexta"
    command = [sys.executable, "-m", "contexta", "demo", "--workspace", str(folder)]
    command += ["--runs", str(request.config.getoption("--runs"))]
    subprocess.run(command, check=True, capture_output=True, env=dict(os.environ), timeout=900)
    return folder


@pytest.fixture(scope="session")
def ctx(workspace):
    """The workspace, opened to be read."""
    with Contexta(workspace=workspace, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def address(ctx):
    """Where the server of the large workspace answers."""
    with serving(ctx) as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    """The browser of the system."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def watched(browser, address):
    """A page of a usual size; at the end nothing may have gone wrong in it."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    page = Watched(context.new_page(), address)
    yield page
    context.close()
    assert ([], []) == (page.said, page.strangers())


@pytest.fixture(scope="session")
def pictures(request):
    """Where to keep pictures of pages, or None."""
    folder = request.config.getoption("--pictures")
    if folder is None:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
