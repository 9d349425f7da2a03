"""What script adds to a page: keyboard, theme, and refreshes that leave the reader alone."""

import pytest
from _browser import Watched, serving
from playwright.sync_api import expect

from contexta import Contexta


@pytest.fixture
def runs(watched):
    """The list of runs, with its scripts started."""
    watched.open("/ui/runs")
    watched.page.locator("[data-help]:not([hidden])").wait_for()
    return watched.page


def test_slash_goes_to_the_search(runs):
    """The search box takes what is typed next, and Escape leaves it."""
    runs.keyboard.press("/")
    runs.keyboard.type("night/")
    typed = runs.locator("#search-box").input_value()
    runs.keyboard.press("Escape")

    assert "night/" == typed
    assert runs.evaluate("document.activeElement === document.body")


def test_two_keys_go_to_a_page(runs):
    """`g` and the letter of an entry of the top bar go there."""
    runs.keyboard.press("g")
    runs.keyboard.press("p")
    runs.wait_for_url("**/ui/projects")

    assert "Projects" == runs.locator("h1").inner_text()


def test_question_mark_opens_the_help(runs):
    """The help names the keys of this page, and Escape closes it."""
    runs.keyboard.press("?")
    dialog = runs.get_by_role("dialog")
    told = dialog.inner_text()
    runs.keyboard.press("Escape")

    assert "Pause or resume live refresh" in told
    assert "Deployments" in told
    assert not dialog.is_visible()


def test_rows_are_chosen_without_a_mouse(runs):
    """`j` goes down the table, `x` chooses the row, and the bar offers to compare."""
    for key in ("j", "x", "j", "x"):
        runs.keyboard.press(key)
    bar = runs.locator("[data-choice-bar]")
    bar.wait_for()

    assert "2 runs chosen" == bar.locator("[data-choice-count]").inner_text()
    assert "/ui/compare?left=" in bar.locator("a").get_attribute("href")


def test_choice_lasts_over_pages(runs):
    """What was chosen on one page of a list is still chosen on the next."""
    runs.locator("table.runs tbody input").first.check()
    runs.goto(runs.url + "?limit=2&offset=2")
    count = runs.locator("[data-choice-count]")
    count.wait_for()

    assert "1 run chosen, 1 of them elsewhere" == count.inner_text()


def test_theme_is_remembered(runs):
    """A chosen theme holds on the next page, before anything is painted."""
    runs.keyboard.press("t")
    chosen = runs.evaluate("document.documentElement.dataset.theme")
    runs.reload(wait_until="commit")
    runs.locator("h1").wait_for()

    assert "dark" == chosen
    assert chosen == runs.evaluate("document.documentElement.dataset.theme")


def test_times_are_in_words_with_the_instant_at_hand(runs):
    """A time says how long ago; its hint has the instant in UTC and here."""
    time = runs.locator("td time").first

    assert " ago" in time.inner_text() or "just now" == time.inner_text()
    assert "UTC\n" in time.get_attribute("title")
    assert "(local)" in time.get_attribute("title")


def test_columns_are_found_by_a_part_of_their_name(runs):
    """The chooser hides what does not hold the text, and the choice is in the address."""
    runs.locator("#column-chooser summary").click()
    runs.get_by_label("Find a column").fill("batch_s")
    shown = runs.locator("#column-chooser label[data-key]:visible")
    names = shown.all_inner_texts()
    runs.get_by_role("button", name="Show", exact=True).click()
    runs.wait_for_url("**show.params.batch_size=1**")

    assert ["batch_size"] == [name.strip() for name in names]


MORPH = """async ([before, after]) => {
    const { morph } = await import('/static/morph.js');
    const parse = (text) => {
        const box = document.createElement('div');
        box.append(...new DOMParser().parseFromString(text, 'text/html').body.childNodes);
        return box;
    };
    const here = parse(before);
    document.querySelector('main').append(here);
    const kept = [...here.querySelectorAll('[data-key]')];
    const input = here.querySelector('input');
    if (input) { input.value = 'typed'; input.focus(); }
    const details = here.querySelector('details');
    if (details) details.open = true;
    morph(here, parse(after));
    return {
        html: here.innerHTML,
        same: kept.map((one) => one.isConnected),
        focus: input ? document.activeElement === input && input.value : null,
        open: details ? details.open && details.isConnected : null,
    };
}"""


def test_refresh_changes_only_what_differs(runs):
    """Rows are matched by key: new ones come, old ones go, the others are the same elements."""
    before = '<table><tbody><tr data-key="a"><td>1</td></tr><tr data-key="b"><td>2</td></tr>'
    after = '<table><tbody><tr data-key="c"><td>3</td></tr><tr data-key="b"><td>9</td></tr>'
    found = runs.evaluate(MORPH, [before, after])

    assert [False, True] == found["same"]
    assert '<tr data-key="b"><td>9</td></tr>' in found["html"]
    assert found["html"].index('data-key="c"') < found["html"].index('data-key="b"')


def test_refresh_leaves_the_reader_alone(runs):
    """Focus, typed text and open disclosures stay, whatever changes around them."""
    before = "<p>1</p><input value='x'><details><summary>s</summary>old</details>"
    after = "<p>2</p><p>3</p><input value='y'><details><summary>s</summary>new</details>"
    found = runs.evaluate(MORPH, [before, after])

    assert "typed" == found["focus"]
    assert found["open"] is True
    assert "new" in found["html"]


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("/ui/projects", ".topbar nav [aria-current]"),
        ("/ui/runs/vision.night-15/lineage", ".graph-scroll .node.root"),
    ],
)
def test_a_narrow_screen_begins_at_what_the_page_is_about(watched, path, about):
    """Where a strip is wider than the screen, its current part is in view."""
    watched.page.set_viewport_size({"width": 390, "height": 844})
    watched.open(path)
    watched.page.locator("[data-help]:not([hidden])").wait_for(state="attached")
    box = watched.page.locator(about).first.bounding_box()

    assert 0 <= box["x"]
    assert box["x"] + box["width"] < 391  # a strip ends on whole pixels


def test_a_list_shows_what_its_open_runs_reach(browser, tmp_path):
    """The last value of an open run changes in the list, without a reload."""
    folder = tmp_path / ".contexta"
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    with (
        Contexta(workspace=folder, config={"project_name": "live"}) as writer,
        writer.run("train") as run,
        Contexta(workspace=folder, read_only=True) as ctx,
        serving(ctx) as address,
    ):
        run.metric("loss", 0.75, step=0)
        watched = Watched(context.new_page(), address)
        watched.open("/ui/runs?columns=1&show.metrics.loss=1")
        table = watched.page.get_by_role("table", name="Runs")
        expect(table).to_contain_text("0.75", timeout=60_000)
        run.metric("loss", 0.25, step=1)
        expect(table).to_contain_text("0.25", timeout=60_000)
        context.close()

    assert ([], []) == (watched.said, watched.strangers())
