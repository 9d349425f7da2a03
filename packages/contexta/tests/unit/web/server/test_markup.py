"""No text of a request or of the workspace becomes markup. Probes of the threat list."""

import re
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

RUN = "run:vision.night-1"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "'onmouseover='alert(1)",
        "javascript:alert(1)",
        "</title><script>alert(1)</script>",
        "{{7*7}}",
        "${7*7}",
        "\u202e\u2066",
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        "/ui/runs?project={}",
        "/ui/runs?where={}",
        "/ui/runs?status={}",
        "/ui/runs/{}",
        "/ui/metrics/trend?metric={}",
        "/ui/compare?left={}&right={}",
        "/ui/{}",
    ],
)
def test_what_a_request_says_never_becomes_markup(client, path, text):
    """Text of an address comes back escaped, or not at all."""
    shown = client.get(path.replace("{}", quote(text, safe=""))).text

    assert ([], False) == (dangerous(shown), "\u202e" in shown)


class Dangerous(HTMLParser):
    """Collects what would run: handlers, addresses of scripts, inline scripts, foreign images."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.in_script = False

    def handle_starttag(self, tag, attrs):
        self.in_script = tag == "script"
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on") or name == "style":
                self.found.append((tag, name))
            if name in ("href", "src", "action", "formaction") and not address.startswith(
                ("/", "#", "?", "data:image/")
            ):
                self.found.append((tag, name, value))

    def handle_endtag(self, tag):
        self.in_script = False

    def handle_data(self, data):
        if self.in_script and data.strip():
            self.found.append(("script", data))


def dangerous(text):
    """Return what in a page could run."""
    parser = Dangerous()
    parser.feed(text)
    return parser.found


@pytest.mark.parametrize("path", ["/ui/runs", "/ui/runs/hostile", "/ui/runs/hostile/diagnostics"])
def test_stored_names_never_become_markup(client, path):
    """A run, param, metric or event whose name is a script is shown as text."""
    answer = client.get(path)

    assert (200, []) == (answer.status, dangerous(answer.text))


@pytest.mark.parametrize("path", ["/ui/runs", "/ui/runs/night-1", "/ui/nothing"])
def test_pages_have_no_inline_script_or_style(client, path):
    """The policy needs no exception: scripts and styles are files of ours."""
    text = client.get(path).text

    assert ([], False) == (dangerous(text), "<style" in text)


def test_json_is_no_page(client):
    """Data with markup in it is typed as data, and no browser guesses otherwise."""
    answer = client.get("/runs/hostile")
    kind = (answer.headers["content-type"], answer.headers["x-content-type-options"])

    assert ("application/json; charset=utf-8", "nosniff") == kind


def test_csv_cells_are_no_formulas(client):
    """A spreadsheet that opens an export runs nothing."""
    text = client.get(f"/export/comparison.csv?left={RUN}&right=hostile").text

    assert [] == re.findall(r"(?m)(?:^|,)\"?[=@+]", text)
