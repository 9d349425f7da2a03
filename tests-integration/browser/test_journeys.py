"""What people come for, as they do it: by names on the screen, without knowing an address."""

import re
import subprocess
import sys
import time
from pathlib import Path

from _browser import Watched, serving
from playwright.sync_api import expect

from contexta import Contexta

TRAINING = Path(__file__).parent / "_training.py"


def test_find_the_best_run(watched, ctx):
    """Filter, sort by a metric, open the first: it is the run that the library calls the best."""
    page = watched.page
    watched.open("/")
    page.get_by_role("textbox", name="Filter expression").fill(
        "params.optimizer = 'adamw' and metrics.f1 > 0"
    )
    page.get_by_role("button", name="Filter", exact=True).click()
    table = page.get_by_role("table", name="Runs")
    table.get_by_role("link", name="accuracy", exact=True).click()
    expect(table.locator("th[aria-sort=descending]")).to_contain_text("accuracy")
    first = table.locator("tbody tr").first.get_by_role("rowheader").get_by_role("link")
    first.click()

    chosen = ctx.list_runs("vision", where="params.optimizer = 'adamw' and metrics.f1 > 0")
    best = ctx.select_best_run([run.run_id for run in chosen], "accuracy")
    expect(page).to_have_url(re.compile(re.escape(best)))
    expect(page.locator("#stage-table")).to_be_visible()


def test_a_wrong_filter_is_marked_where_it_is_wrong(watched):
    """The expression stays, its fault has a place, and nothing else is lost."""
    page = watched.page
    watched.open("/ui/runs")
    page.get_by_role("textbox", name="Filter expression").fill("metrics.accuracy >> 0.9")
    page.get_by_role("button", name="Filter", exact=True).click()

    expect(page.get_by_role("textbox", name="Filter expression")).to_have_value(
        "metrics.accuracy >> 0.9"
    )
    expect(page.locator("#run-list-filters")).to_contain_text("column 19")
    watched.said.clear()  # the browser itself notes that the answer was 400


def test_compare_two_and_see_which_curve_is_better(watched):
    """Choose two runs in the list, compare them, and read differences, verdicts and both curves."""
    page = watched.page
    watched.open("/ui/runs?project=vision&where=metrics.f1+%3E+0")
    boxes = page.get_by_role("table", name="Runs").get_by_role("checkbox")
    boxes.nth(0).check()
    boxes.nth(3).check()
    page.get_by_role("main").get_by_role("link", name=re.compile("^Compare")).first.click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Compare: ")
    rows = page.locator("section", has_text="Metrics").locator("tbody tr")
    expect(rows.filter(has_text="accuracy").first).to_contain_text(re.compile("better|worse|same"))
    figure = page.locator("figure[data-title*=loss]").first
    figure.scroll_into_view_if_needed()
    expect(figure.locator("canvas")).to_be_visible()
    assert 2 == figure.locator("canvas").evaluate("""
        canvas => {
          const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const hues = new Set();
          for (let at = 0; at < data.length; at += 4) {
            const [red, green, blue, alpha] = data.slice(at, at + 4);
            const colorful = Math.max(red, green, blue) - Math.min(red, green, blue) > 90;
            if (alpha > 250 && colorful) hues.add(blue > red ? "blue" : "orange");
          }
          return hues.size;
        }""")


def test_pick_the_other_run_and_then_a_third(watched):
    """The first run goes along: one box opens two side by side, two boxes three in one table."""
    page = watched.page
    watched.open("/ui/compare/pick?right=vision.night-05")
    boxes = page.get_by_role("table", name="Newest runs").get_by_role("checkbox")
    go = page.get_by_role("button", name="Compare chosen")
    expect(page.locator("[data-pick-count]")).to_have_text("1 chosen")
    expect(go).to_be_disabled()
    boxes.nth(0).check()
    other = boxes.nth(0).get_attribute("value").replace(":", "%3A")
    go.click()
    expect(page).to_have_url(re.compile(f"left={other}&right=run%3Avision.night-05$"))

    watched.open("/ui/compare/pick?left=vision.night-05")
    boxes.nth(0).check()
    boxes.nth(1).check()
    go.click()
    expect(page).to_have_url(re.compile(r"/ui/compare/multi\?run_ids=run%3Avision\.night-05%2C"))


def test_watch_a_live_run(browser, tmp_path):
    """Points and the end of a run appear without a reload; the scroll and what is open stay."""
    folder = tmp_path / ".contexta"
    go = tmp_path / "go"
    training = subprocess.Popen([sys.executable, str(TRAINING), str(folder), str(go)])
    try:
        wait_for(lambda: (tmp_path / "started").exists())
        with Contexta(workspace=folder, read_only=True) as ctx, serving(ctx) as address:
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            context.set_default_timeout(60_000)
            watched = Watched(context.new_page(), address)
            page = watched.page
            watched.open("/ui/runs")
            expect(page.get_by_role("table", name="Runs")).to_contain_text("open")
            page.get_by_role("link", name=re.compile("live.train")).click()
            expect(page.locator("#run-summary")).to_contain_text("open")
            page.evaluate("window.untouched = true; window.scrollTo(0, 300)")
            go.touch()
            expect(page.locator("main")).to_contain_text("0.0625", timeout=60_000)
            go.unlink()
            expect(page.locator("#run-summary")).to_contain_text("completed", timeout=60_000)

            assert page.evaluate("window.untouched")
            assert 298 <= page.evaluate("window.scrollY") <= 302
            assert ([], []) == (watched.said, watched.strangers())
            context.close()
    finally:
        training.kill()
        training.wait()


def test_trace_a_deployment_to_its_data(watched):
    """From the list of deployments it is one click to the run, the model and the data behind."""
    page = watched.page
    watched.open("/")
    page.get_by_role("navigation").get_by_role("link", name="Deployments").click()
    page.get_by_role("link", name="photo-search-2", exact=True).click()
    main = page.get_by_role("main")
    expect(main.get_by_role("link", name=re.compile("photos-v2")).first).to_be_visible()
    expect(main.get_by_role("link", name=re.compile(r"night-\d+")).first).to_be_visible()
    main.get_by_role("link", name=re.compile(r"photos-v2\.photos")).first.click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Lineage")
    expect(main.get_by_role("link", name="vision.photos-v2", exact=True).first).to_be_visible()


def wait_for(happened):
    """Wait until something is so, a minute at most."""
    for _ in range(600):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")
