"""Every route and page of the tables answers as they say, or refuses as they say."""

import html.parser
import http.client
import json
import threading

import pytest
from _http_tables import PAGES, REFUSED, REFUSED_PAGES, ROUTES
from _places import missing_keys

from contexta.surfaces.http.server import make_server


class Page(html.parser.HTMLParser):
    """What a browser would see: title, heading, ids of sections, and what must not be there."""

    def __init__(self, text):
        super().__init__()
        self.title, self.heading, self.sections, self.inline = "", "", [], []
        self._inside = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note sections, and script or style that stands in the page itself."""
        given = dict(attrs)
        self._inside.append(tag)
        if tag == "section" and "id" in given:
            self.sections.append(given["id"])
        if (tag == "script" and "src" not in given) or tag == "style" or "style" in given:
            self.inline.append(self.get_starttag_text())
        self.inline += [name for name in given if name.startswith("on")]

    def handle_endtag(self, tag):
        """Leave the element."""
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        """Collect the title and the first heading."""
        if "title" in self._inside and "svg" not in self._inside:
            self.title += data
        elif "h1" in self._inside:
            self.heading += data


@pytest.fixture(scope="session")
def ask(ctx):
    """Call a running server: path -> status, headers, text."""
    server = make_server(ctx, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def call(path, accept="*/*"):
        connection = http.client.HTTPConnection(*server.server_address, timeout=30)
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    yield call
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ROUTES)
def test_a_route_answers_with_its_keys(path, ask):
    """The JSON of a route is strict, and has each key of the table."""
    status, headers, text = ask(path)

    assert (200, "application/json; charset=utf-8") == (status, headers["Content-Type"])
    answer = json.loads(text, parse_constant=pytest.fail)
    assert [] == missing_keys(answer, ROUTES[path])


@pytest.mark.parametrize("path", REFUSED)
def test_a_bad_request_is_refused_with_its_code(path, ask):
    """The envelope of an error has a code, a message and details."""
    status, code = REFUSED[path]
    answered, _, text = ask(path)

    error = json.loads(text)["error"]
    assert (status, code or error["code"]) == (answered, error["code"])
    assert {"code", "message", "details"} <= set(error)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_its_title_and_sections_in_order(path, ask):
    """Title and heading are the same, sections stand in the order of the table, nothing inline."""
    title, sections = PAGES[path]
    status, headers, text = ask(path, "text/html")

    page = Page(text)
    assert (200, "text/html; charset=utf-8") == (status, headers["Content-Type"])
    assert text.startswith("<!doctype html>")
    assert '<html lang="en"' in text
    assert (True, True) == (page.heading.strip().startswith(title), title in page.title)
    assert sections.split() == [one for one in page.sections if one in sections.split()]
    assert [] == page.inline


@pytest.mark.parametrize("path", REFUSED_PAGES)
def test_a_page_that_cannot_be_shown_is_a_page_for_people(path, ask):
    """The status says what happened, and the page leads back."""
    status, headers, text = ask(path, "text/html")

    assert REFUSED_PAGES[path] == status
    assert ("text/html; charset=utf-8", True) == (headers["Content-Type"], "/ui/runs" in text)


def test_the_start_leads_to_the_runs(ask):
    """The bare address is of use."""
    status, headers, _ = ask("/")

    assert (True, True) == (status in (302, 303, 307, 308), "/ui" in headers["Location"])


def test_every_route_is_described(ask):
    """The description of the interface names each path that answers."""
    _, _, text = ask("/openapi.json")

    described = set(json.loads(text)["paths"])
    named = {"/projects", "/runs", "/runs/{run_id}", "/compare", "/compare/multi", "/search/runs"}
    assert set() == named - described
