"""Text of others stays text, in every report and every form."""

import csv
import html.parser
import io
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.interpretation import ReportDocument, ReportSection
from contexta.interpretation.reports import ChartLine, ReportChart, ReportTable, style_hash

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TEXTS = st.text(max_size=40) | st.text("=+-@\t\r\n|`<>&\"'\\#*_[]()!$~\u202e\u05d0 1.", max_size=20)
FORMULA = tuple("=+-@\t\r\0")
VOID = {"meta", "br"}


class Page(html.parser.HTMLParser):
    """Collects tags and attributes, and checks that tags are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("full", [False, True])
def test_html_has_no_tag_or_attribute_that_acts(document, full):
    """No script, link, form, image, style attribute or event handler comes from any text."""
    page = Page(document.to_html(full=full))
    tags = {tag for tag, _ in page.tags}
    attributes = {name for _, attrs in page.tags for name in attrs}

    assert page.open == []
    assert not tags & {"script", "a", "img", "form", "iframe", "object", "use", "foreignobject"}
    assert not {name for name in attributes if name == "style" or name.startswith("on")}
    assert not attributes & {"href", "src", "xlink:href", "action"}


def test_no_control_or_bidi_character_is_written(document):
    """A terminal or a browser never gets an escape or a reordering mark."""
    document = document
    texts = [document.to_html(full=True), document.to_markdown(), document.to_csv()]

    assert not any(mark in text for text in texts for mark in "\x1b\u202e\x00")


def test_json_is_strict_and_whole(document):
    """The data form survives strict JSON, keeps long text whole and NaN out."""
    data = json.loads(json.dumps(document.to_json(), allow_nan=False))

    assert data["title"] == document.title
    assert len(data["sections"]) == len(document.sections)


def test_markdown_tables_keep_their_columns(document):
    """Pipes and newlines of names neither add a column nor end a row."""
    lines = document.to_markdown().split("\n")
    rows = [index for index, line in enumerate(lines) if re.fullmatch(r"\|( -+:? \|)+", line)]
    for index in rows:
        wanted = lines[index].count("|")
        for line in lines[index - 1 :]:
            if not line.startswith("|"):
                break

            assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == wanted


def test_evidence_is_short(document):
    """No section shows more than ten links; how many more there are is said."""
    text = document.to_html()
    lists = re.findall(r"<ul>(.*?)</ul>", text, re.DOTALL)

    assert all(found.count("<li>") <= 11 for found in lists)


def test_long_names_are_cut_where_people_read(documents):
    """Ten thousand characters are cut in a page and in Markdown, and whole in CSV and JSON."""
    document = documents["snapshot"]

    assert "z" * 401 not in document.to_html()
    assert "z" * 401 not in document.to_markdown()
    assert "(9,600 more characters)" in document.to_html()
    assert "z" * 10_000 in document.to_csv()
    assert "z" * 10_000 in json.dumps(document.to_json())


@UNHURRIED
@given(TEXTS, TEXTS)
def test_csv_reads_back_as_rows_without_formulas(title, body):
    """Whatever the text: one row per section, and no cell that begins like a formula."""
    text = ReportDocument("t", (ReportSection(title, body),)).to_csv()
    rows = list(csv.reader(io.StringIO(text, newline="")))

    assert [len(row) for row in rows] == [2, 2]
    for cell in rows[1]:
        number = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?( ?%)?", cell, re.I | re.A)

        assert number or not cell.lstrip(" ").startswith(FORMULA)


@UNHURRIED
@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_a_table_as_csv_keeps_its_cells(cells):
    """The CSV of a table has its columns and as many cells as the table."""
    table = ReportTable(tuple(f"c{i}" for i in range(len(cells))), (tuple(cells),))
    rows = list(csv.reader(io.StringIO(table.to_csv(), newline="")))

    assert [len(row) for row in rows if row] in ([len(cells)] * 2, [len(cells)])


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("-0.5", "-0.5"),
        ("+3.2 %", "+3.2 %"),
        ("1e-9", "1e-9"),
        ("=1+1", "'=1+1"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "' x"),
        ("\rx", "' x"),
        ("  =1+1", "'  =1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("-\u0661", "'-\u0661"),
        ("-∞", "'-∞"),
        ("a=1", "a=1"),
    ],
)
def test_formulas_are_defused_and_numbers_stay(cell, written):
    """A number is written bare; anything else that begins like a formula gets an apostrophe."""
    table = ReportTable(("c",), ((cell,),))

    assert next(csv.reader([table.to_csv().split("\n")[1]])) == [written]


@UNHURRIED
@given(TEXTS)
def test_markdown_never_holds_markup_of_others(text):
    """No tag opens, no heading, list or rule starts, whatever a body says."""
    lines = ReportDocument("t", (ReportSection("s", text),)).to_markdown().split("\n")
    body = [line.strip() for line in lines[4:]]

    assert not any("<" in line for line in body)
    assert not any(re.match(r"#|[-+=>]|\d{1,9}[.)]|```|~~~", line) for line in body)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a_b", "a_b"),
        ("_b_", r"\_b\_"),
        ("http://x.y", r"http\://x.y"),
        ("www.x.y", r"www\.x.y"),
        ("![x](y)", r"!\[x\](y)"),
        ("$a$", r"\$a\$"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("1. x", r"1\. x"),
        ("---", r"\---"),
    ],
)
def test_signs_of_markdown_are_escaped(text, written):
    """Emphasis, links, images, entities, math and lists of others are shown as their text."""
    lines = ReportDocument("t", (ReportSection("s", text),)).to_markdown().split("\n")

    assert lines[4] == written


@UNHURRIED
@given(TEXTS, TEXTS)
def test_charts_hold_hostile_labels(title, label):
    """Any title and label gives one well-formed drawing that says what it shows."""
    chart = ReportChart(title, (ChartLine(label, ((0.0, 1.0), (1.0, 2.0))),), unit=label)
    page = Page(ReportDocument("t", (ReportSection("s", "", charts=(chart,)),)).to_html())
    tags = [tag for tag, _ in page.tags]

    assert page.open == []
    assert tags.count("svg") == 1
    assert "script" not in tags


def test_the_style_hash_is_that_of_the_page(documents):
    """A server can allow the style sheet of a page by the hash that the package gives."""
    page = documents["group"].to_html(full=True)

    assert f"style-src '{style_hash()}'" in page
    assert page.count("<style>") == 1
