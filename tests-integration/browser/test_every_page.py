"""Every page, in each size and both schemes: readable by all, quiet, and inside its window."""

from pathlib import Path

import axe_playwright_python
import pytest
from _browser import Watched
from _pages import PAGES, REFUSED

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
SIZES = {"phone": (390, 844), "desk": (1400, 900), "4k": (3840, 2160)}


@pytest.fixture(scope="module")
def windows(browser, address):
    """One window per size and scheme."""
    opened = {}
    for size, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            context.set_default_timeout(60_000)
            opened[size, scheme] = Watched(context.new_page(), address)
    yield opened
    for one in opened.values():
        one.page.context.close()


def serious(page):
    """Findings of axe-core that keep somebody out, as texts."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']][:3]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


def wider_than_its_window(page):
    """By how many pixels the page must be scrolled sideways."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


@pytest.mark.parametrize("name", [*PAGES, *REFUSED])
def test_a_page_is_accessible_and_fits(name, windows, pictures):
    """No serious finding of axe-core, no error in the console, no stranger asked, no overflow."""
    problems = {}
    for (size, scheme), watched in windows.items():
        if size == "4k" and scheme == "dark":
            continue
        answer = watched.open({**PAGES, **REFUSED}[name])
        watched.page.wait_for_timeout(300)
        if name in REFUSED:
            watched.said.clear()  # the browser itself notes the status of the answer
        found = [] if size == "4k" else serious(watched.page)
        found += watched.said + watched.strangers()
        found += [f"status {answer.status}"] * (answer.ok is (name in REFUSED))
        over = wider_than_its_window(watched.page)
        found += [f"{over} px too wide"] * (over > 0)
        if pictures is not None:
            place = pictures / f"{name}-{size}-{scheme}.png"
            watched.page.screenshot(path=place, full_page=size != "4k")
        if found:
            problems[size, scheme] = found
        watched.said.clear()
        watched.asked.clear()

    assert {} == problems
