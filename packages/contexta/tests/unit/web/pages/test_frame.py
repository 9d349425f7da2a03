"""What holds for every page: one frame, escaped once, no inline script, links that lead."""

import re

import pytest

SCRIPT = '<script>alert("x")</script>'
AMPERSAND = "A&B <x> 50%"

PAGES = [
    "/ui",
    "/ui/runs",
    "/ui/runs/r1",
    "/ui/runs/r2",
    "/ui/runs/hostile",
    "/ui/runs/r1/series?metric=loss&stage=fit",
    "/ui/search?q=r1",
    "/ui/projects",
    "/ui/projects/p",
]


@pytest.mark.parametrize("address", PAGES)
def test_title_is_heading(full, get, document, address):
    """The title of the window is the heading of the page, and there is one of each."""
    _, text = get(full, address)

    title = re.findall("<title>(.*?)</title>", text.partition("</head>")[0], re.DOTALL)
    heading = re.findall("<h1><bdi>(.*?)</bdi></h1>", text, re.DOTALL)

    assert 1 == len(title)
    assert title == heading


@pytest.mark.parametrize("address", PAGES)
def test_no_inline_script_or_style(full, get, document, address):
    """Scripts are files of ours, and nothing has a style attribute or a handler: a strict
    content security policy holds."""
    _, text = get(full, address)
    page = document(text)

    assert all(found.get("src", "").startswith("/static/") for found in page.all("script"))
    assert [] == page.all("style")
    assert [] == [
        (tag, name)
        for tag, attributes in page.elements
        for name in attributes
        if name == "style" or name.startswith("on")
    ]


@pytest.mark.parametrize("address", PAGES)
def test_nothing_comes_from_elsewhere(full, get, document, address):
    """No page names another machine: not for scripts, styles, pictures, or forms."""
    _, text = get(full, address)
    targets = [
        attributes[name]
        for _, attributes in document(text).elements
        for name in ("src", "href", "action", "data-chart", "data-live")
        if attributes.get(name)
    ]

    assert [] == [target for target in targets if not target.startswith(("/", "#"))]
    assert [] == [target for target in targets if target.startswith("//")]


@pytest.mark.parametrize("address", PAGES)
def test_hostile_names_stay_text(full, get, document, address):
    """Names with markup are never markup, wherever they come."""
    _, text = get(full, address)

    assert SCRIPT not in text
    assert 2 == len(document(text).all("script"))


@pytest.mark.parametrize("address", PAGES)
def test_ids_are_unique(full, get, document, address):
    """No two elements have the same id, so that every link within the page has one goal."""
    _, text = get(full, address)
    ids = [attributes["id"] for _, attributes in document(text).elements if "id" in attributes]

    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("address", PAGES)
def test_links_within_the_page_have_a_goal(full, get, document, address):
    """A link to a section of the page has that section."""
    _, text = get(full, address)
    page = document(text)
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}

    assert [] == [href for href in page.hrefs if href[0] == "#" and href[1:] not in ids]


def test_every_link_leads_somewhere(full, get, document):
    """Every link of every page answers 200: also those with hostile names, encoded once."""
    found = {href for address in PAGES for href in document(get(full, address)[1]).hrefs}
    addresses = sorted({href.partition("#")[0] for href in found} - {""})

    refused = [(status, href) for href in addresses if (status := get(full, href)[0]) != 200]

    assert [] == refused


def test_names_are_encoded_once(full, get, document):
    """A project called ``A&B <x> 50%`` has one address, and it leads to its page."""
    _, text = get(full, "/ui/projects")
    href = next(href for href in document(text).hrefs if "A%26B" in href and "/projects/" in href)

    status, project = get(full, href)

    assert "/ui/projects/A%26B%20%3Cx%3E%2050%25" == href
    assert 200 == status
    assert f"Project: {AMPERSAND}" in document(project).text


def test_direction_marks_are_shown(full, get, document):
    """Characters that turn text around are shown as what they are."""
    _, text = get(full, "/ui/runs/hostile")

    assert "\u202e" not in text
    assert "\\u202eabc" in text


def test_navigation_marks_where_we_are(full, get, document):
    """The entry of the top bar for this page is the current one."""
    _, text = get(full, "/ui/projects/p")
    current = document(text).all("a", aria_current="page")

    assert ["/ui/projects"] == [found["href"] for found in current]


def test_landmarks_for_screen_readers(full, get, document):
    """A page has a skip link, a named navigation, a search, a main part and status messages."""
    _, text = get(full, "/ui/runs")
    page = document(text)

    assert "#main" == page.hrefs[0]
    assert "Main" == page.all("nav")[0]["aria-label"]
    assert 1 == len(page.all("main", id="main"))
    assert 1 == len(page.all("form", role="search"))
    assert 1 == len(page.all("p", role="status"))


def test_table_headings_have_scope(full, get, document):
    """Each heading cell says whether it is of a column or a row."""
    _, text = get(full, "/ui/runs/r1")
    scopes = {found.get("scope") for found in document(text).all("th")}

    assert {"col", "row"} == scopes


def test_standalone_page_needs_no_server(full, page):
    """A page as a file has its style inside, allowed by hash, and no script and no links."""
    from contexta.web.pages._render import render, style_hash

    data, _ = page(full, "run:run_page", run_id="r1")
    text = render("run", data, standalone=True)

    assert "<script" not in text
    assert f"style-src '{style_hash()}'" in text
    assert [] == re.findall(r'(?:href|src|action)="/', text)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("runs:runs_page", {}),
        ("run:run_page", {"run_id": "hostile"}),
        ("projects:projects_page", {}),
        ("projects:project_page", {"name": "p"}),
        ("search:search_page", {}),
    ],
)
def test_every_page_can_be_a_file(full, page, document, name, ids):
    """Each page has a form without server: no form, no script, no address."""
    from contexta.web.pages._render import render

    data, _ = page(full, name, **ids)
    text = render(data.template, data, standalone=True)

    assert [] == document(text).all("script")
    assert [] == re.findall(r'(?:href|src|action)="/', text)
    assert SCRIPT not in text
