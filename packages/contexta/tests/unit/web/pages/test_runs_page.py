"""The list of runs."""

from urllib.parse import quote

import pytest

SECTIONS = ["run-list-filters", "run-list-summary", "runs-table"]


def rows(page):
    return [found["data-key"] for found in page.all("tr") if "data-key" in found]


def head(page):
    return [found.get("title") for found in page.all("th", scope="col")]


def test_sections_in_order(full, get, document):
    """Filters, summary, table: their ids are promised."""
    status, text = get(full, "/ui/runs")

    assert 200 == status
    assert SECTIONS == document(text).sections


def test_start_page_ignores_parameters(full, get, document):
    """The start page shows the newest runs whatever its address says."""
    _, text = get(full, "/ui?status=failed&where=%3C&limit=x")

    assert SECTIONS == document(text).sections
    assert 3 == len(rows(document(text)))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("project=pp", "there is no project 'pp'; nearest: p"),
        ("where=metrics.lsos%3E1", "no run has metrics.lsos"),
        ("project=%3Cb%3E", "there is no project '<b>'"),
    ],
)
def test_an_empty_list_names_what_nothing_has(full, get, document, asked, told):
    """A misspelled project or metric is told, with the nearest name."""
    status, text = get(full, f"/ui/runs?{asked}")

    assert 200 == status
    assert told in document(text).text
    assert "<b>" not in text


def test_newest_run_first(full, get, document):
    """Without an order the newest run is on top, and `desc=0` turns that around."""
    _, newest = get(full, "/ui/runs?project=p")
    _, oldest = get(full, "/ui/runs?project=p&desc=0")

    assert ["run:p.r2", "run:p.r1"] == rows(document(newest))
    assert ["run:p.r1", "run:p.r2"] == rows(document(oldest))


def test_a_run_is_there_with_id_name_project_status_and_start(full, get, document):
    """The columns of the first release are still there."""
    _, text = get(full, "/ui/runs")
    page = document(text)

    assert "Run ID Name Project Status Started" in page.text
    assert "/ui/runs/run:p.r1" in page.hrefs
    assert 3 == len([found for found in page.all("time") if found["datetime"]])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=failed", ["run:p.r2"]),
        ("where=params.lr+%3C+0.15", ["run:p.r1"]),
        ("project=A%26B+%3Cx%3E+50%25", ["run:a-b-x-50.hostile"]),
        ("limit=1", ["run:a-b-x-50.hostile"]),
        ("before=2000-01-01", []),
    ],
)
def test_filters(full, get, document, query, expected):
    """Status, expression, project, limit and times choose runs."""
    status, text = get(full, f"/ui/runs?{query}")
    found = [key.partition(".")[2] for key in rows(document(text))]

    assert 200 == status
    assert [key.partition(".")[2] for key in expected] == found


def test_wrong_expression_is_marked_at_its_place(full, get, document):
    """An expression that cannot be read is answered 400, with a caret below the place."""
    status, text = get(full, "/ui/runs?where=params.lr+%3C+and")
    page = document(text)

    assert 400 == status
    assert SECTIONS == page.sections
    assert "column 13" in page.text
    assert "  params.lr < and\n              ^" in "".join(page.texts)
    assert "true" == page.all("input", name="where")[0]["aria-invalid"]


def test_unknown_key_is_named_where_nothing_matches(full, get, document):
    """An empty answer says that no run has such a param, and which are near."""
    _, text = get(full, "/ui/runs?where=params.lrr+%3C+1")

    assert "no run has params.lrr" in document(text).text
    assert "params.lr" in document(text).text


@pytest.mark.parametrize("query", ["limit=x", "limit=0", "offset=-1", "sort=nothing", "after=soon"])
def test_bad_value_is_a_page_for_people(full, get, document, query):
    """A value that cannot be is answered 400, by a page that says why."""
    status, text = get(full, f"/ui/runs?{query}")

    assert 400 == status
    assert ["error"] == document(text).sections


def test_pages_have_totals_and_neighbors(full, get, document):
    """A page says which runs of how many it shows, and leads to its neighbors."""
    _, first = get(full, "/ui/runs?limit=2&sort=name")
    _, second = get(full, "/ui/runs?limit=2&sort=name&offset=2")

    assert "1\u20132 of 3 runs" in document(first).text
    assert "/ui/runs?limit=2&sort=name&offset=2" == document(first).all("a", rel="next")[0]["href"]
    assert "3\u20133 of 3 runs" in document(second).text
    assert "/ui/runs?limit=2&sort=name" == document(second).all("a", rel="prev")[0]["href"]


def test_size_of_a_page_is_chosen(open_ctx, get, document):
    """A list of more than 25 runs offers other sizes, which keep the filters."""
    ctx = open_ctx()
    for number in range(26):
        with ctx.run("many", run_id=f"m{number}"):
            pass
    _, text = get(ctx, "/ui/runs?project=p&limit=25")
    page = document(text)

    assert {f"/ui/runs?project=p&limit={n}" for n in (50, 100, 200)} <= set(page.hrefs)
    assert "1\u201325 of 26 runs" in page.text


def test_headings_sort_and_turn(full, get, document):
    """A heading sorts by its column, and turns the order when it does already."""
    _, text = get(full, "/ui/runs?sort=metric%3Aloss&desc=1&show.metrics.loss=1")
    page = document(text)
    sorts = {found["href"] for found in page.all("a", class_="sort")}

    assert "/ui/runs?show.metrics.loss=1&sort=metric%3Aloss&desc=0" in sorts
    assert "/ui/runs?show.metrics.loss=1&sort=name&desc=0" in sorts
    assert ["descending"] == [
        found["aria-sort"] for found in page.all("th") if "aria-sort" in found
    ]


@pytest.mark.parametrize(
    ("order", "label", "up", "down"),
    [
        ("status", "Status", ["r1", "hostile", "r2"], ["r2", "r1", "hostile"]),
        ("param:lr", "lr", ["r1", "r2", "hostile"], ["r2", "r1", "hostile"]),
        ("param:seed", "seed", ["r1", "r2", "hostile"], ["r1", "r2", "hostile"]),
    ],
)
def test_runs_are_sorted_by_status_and_by_a_param(full, get, document, order, label, up, down):
    """Runs without the parameter are last in both directions; the heading is marked and turns."""
    asked = f"/ui/runs?show.params.lr=1&show.params.seed=1&sort={quote(order)}"
    for desc, wanted, mark in ((0, up, "ascending"), (1, down, "descending")):
        page = document(get(full, f"{asked}&desc={desc}")[1])
        marks = [found["aria-sort"] for found in page.all("th") if "aria-sort" in found]

        assert [key.rpartition(".")[2] for key in rows(page)] == wanted
        assert [mark] == marks
        turned = f"/ui/runs?show.params.lr=1&show.params.seed=1&sort={quote(order)}&desc={1 - desc}"
        assert turned in page.hrefs


def test_every_heading_that_has_an_order_leads_to_it(full, get, document):
    """Status and duration begin with what is looked for, params with the smallest value."""
    _, text = get(full, "/ui/runs?show.params.lr=1&show.tags.team=1&show.metrics.loss=1")
    page = document(text)
    sorts = [found["href"].partition("&sort=")[2] for found in page.all("a", class_="sort")]

    assert sorts == [
        "name&desc=0",
        "status&desc=1",
        "started_at&desc=0",
        "duration&desc=1",
        "param%3Alr&desc=0",
        "metric%3Aloss&desc=1",
    ]


def test_lists_of_one_order_have_no_headings_that_sort(full, get, document):
    """A search and a project show the newest runs: a link would change nothing, or leave them."""
    for address in ("/ui/search?q=train", "/ui/projects/p"):
        page = document(get(full, address)[1])

        assert ["run:p.r2", "run:p.r1"] == rows(page)[:2]
        assert [] == page.all("a", class_="sort")


def test_what_runs_are_sorted_by_is_shown(open_ctx, get, document):
    """Where the page chooses the columns, the one of the order is among them."""
    ctx = open_ctx()
    for number in range(3):
        params = {f"a{key}": number for key in range(6)} | {"learning_rate": -number}
        with ctx.run("sweep", run_id=f"s{number}", params=params):
            pass
    page = document(get(ctx, "/ui/runs?sort=param%3Alearning_rate&desc=0")[1])

    assert "param learning_rate" in head(page)
    assert "param learning_rate" not in head(document(get(ctx, "/ui/runs")[1]))
    assert ["run:p.s2", "run:p.s1", "run:p.s0"] == rows(page)
    assert "param:learning_rate, ascending" in page.text


def test_phones_show_the_value_sorted_by_below_the_run(full, get, document):
    """Its column is far to the right there; who reads aloud hears the value once."""
    asked = "/ui/runs?project=p&show.params.lr=1&show.metrics.loss=1&desc=0"
    shown = {
        order: [found.get("aria-hidden") for found in page.all("span", class_="for-phones")]
        for order in ("param%3Alr", "metric%3Aloss", "status")
        for page in [document(get(full, f"{asked}&sort={order}")[1])]
    }

    assert shown == {"param%3Alr": ["true"] * 2, "metric%3Aloss": ["true"] * 2, "status": []}


def test_an_order_by_a_key_that_no_run_has_is_told(full, get, document):
    """The runs are then by start; no empty column is shown for it."""
    _, text = get(full, "/ui/runs?sort=param%3Alrr&desc=0&project=p")
    page = document(text)

    assert "no run has params.lrr; nearest: params.lr" in page.text
    assert "param lrr" not in head(page)
    assert ["run:p.r1", "run:p.r2"] == rows(page)


def test_an_order_by_a_hostile_key_is_text(full, get, document):
    """Its marks are no elements, and what is too long is cut."""
    _, text = get(full, f"/ui/runs?sort=param%3A{quote('<b>' + 'z' * 3000)}")
    page = document(text)

    assert [] == page.all("b")
    assert "no run has params." in page.text
    assert "z" * 400 not in page.text


def test_columns_are_those_of_the_address(full, get, document):
    """Metric, param and tag columns are chosen by the reader and kept in the address."""
    _, text = get(full, "/ui/runs?show.metrics.accuracy=1&show.params.lr=1&show.tags.team=1")

    assert ["metric accuracy, latest value", "param lr", "tag team"] == head(document(text))[-3:]


def test_a_column_may_be_a_curve(full, get, document):
    """A metric can be drawn in its cell; a run without two points of it has an empty one."""
    _, text = get(full, "/ui/runs?show.curves.loss=1")
    page = document(text)

    assert "curve of loss" == head(page)[-1]
    assert 2 == len(page.all("svg", class_="spark"))


def test_columns_are_chosen_where_none_are_named(full, get, document):
    """Otherwise params that differ and metrics that most runs have are the columns."""
    _, text = get(full, "/ui/runs?project=p")
    titles = head(document(text))

    assert "param lr" in titles
    assert "metric loss, latest value" in titles


def test_empty_workspace_says_how_to_begin(open_ctx, get, document):
    """Without runs the page shows code to copy."""
    ctx = open_ctx()
    ctx.flush()
    _, text = get(ctx, "/ui")
    page = document(text)

    assert SECTIONS == page.sections
    assert "No run has been recorded here yet" in page.text
    assert "from contexta import Contexta" in page.text


def test_code_to_copy_runs(tmp_path, open_ctx, page, document, monkeypatch):
    """The example of the empty page is code that works."""
    ctx = open_ctx()
    ctx.flush()
    _, text = page(ctx, "runs:start_page")
    code = text.partition('<pre tabindex="0"><code>')[2].partition("</code>")[0]
    monkeypatch.chdir(tmp_path)

    import html

    exec(html.unescape(code), {})

    from contexta import Contexta

    with Contexta(workspace=tmp_path / ".contexta", read_only=True) as made:
        assert ["run:demo.train"] == [run.run_id for run in made.list_runs()]


def test_list_is_followed(full, get, document):
    """The page names the events that refresh it, for its project."""
    _, text = get(full, "/ui/runs?project=p")

    assert "/live/runs?project=p" == document(text).all("body")[0]["data-live"]
