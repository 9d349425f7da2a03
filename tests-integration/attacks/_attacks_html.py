"""What a browser would make of a page: elements, attributes and addresses that data made."""

import html.parser
import re
from urllib.parse import urlsplit

#: What the pages are made of. Everything else in a page came out of data.
ELEMENTS = frozenset(
    [
        "a",
        "abbr",
        "article",
        "aside",
        "b",
        "bdi",
        "body",
        "br",
        "button",
        "caption",
        "circle",
        "code",
        "col",
        "colgroup",
        "datalist",
        "dd",
        "defs",
        "desc",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "em",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "g",
        "h1",
        "h2",
        "h3",
        "h4",
        "head",
        "header",
        "hr",
        "html",
        "i",
        "input",
        "kbd",
        "label",
        "legend",
        "li",
        "line",
        "link",
        "main",
        "marker",
        "meta",
        "meter",
        "nav",
        "ol",
        "optgroup",
        "option",
        "output",
        "p",
        "path",
        "polygon",
        "polyline",
        "pre",
        "rect",
        "script",
        "search",
        "section",
        "select",
        "small",
        "span",
        "strong",
        "style",
        "sub",
        "summary",
        "sup",
        "svg",
        "symbol",
        "table",
        "tbody",
        "td",
        "template",
        "text",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "time",
        "title",
        "tr",
        "tspan",
        "ul",
        "use",
        "var",
        "wbr",
    ]
)
_ADDRESSES = frozenset(
    ["href", "src", "action", "formaction", "poster", "srcset", "data", "xlink:href"]
)
_NAME = re.compile(r"[a-z][a-z0-9:-]*")
#: Bytes that a terminal or an editor acts on, or that turn the direction of text around.
BAD_SIGNS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Page(html.parser.HTMLParser):
    """Everything in a page that no template of ours would write.

    Args:
        text: the page.
        standalone: a file: no address but a place in itself, no script at all.
    """

    def __init__(self, text, *, standalone=False):
        super().__init__()
        self.wrong, self.policies, self.elements = [], [], 0
        self._standalone = standalone
        self._in_script = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Judge one element."""
        self.elements += 1
        given = {name: value or "" for name, value in attrs}
        if tag not in ELEMENTS:
            self.wrong.append(("element", tag))
        if tag == "meta":
            self._judge_meta(given)
        if tag == "script":
            self._judge_script(given)
        for name, value in given.items():
            self._judge_attribute(tag, name, value)

    handle_startendtag = handle_starttag

    def _judge_meta(self, given):
        kind = given.get("http-equiv", "").lower()
        if kind == "content-security-policy":
            self.policies.append(given["content"])
        elif kind:
            self.wrong.append(("meta", kind))

    def _judge_script(self, given):
        self._in_script = True
        plain = given.get("type") == "application/json"
        if self._standalone or not (plain or given.get("src", "").startswith("/static/")):
            self.wrong.append(("script", str(given)[:80]))

    def _judge_attribute(self, tag, name, value):
        # A policy of a page forbids style attributes; a file may have them by its hash only.
        if not _NAME.fullmatch(name) or name.startswith("on") or name in ("style", "srcdoc"):
            self.wrong.append(("attribute", f"{tag} {name}"))
        if name in _ADDRESSES or (
            name.startswith("data-") and name.endswith(("url", "src", "href"))
        ):
            self._judge_address(tag, name, value)

    def _judge_address(self, tag, name, value):
        if re.search(r"[\x00-\x20\x7f-\x9f\\]", value):
            self.wrong.append(("address", f"{tag} {name} {value[:80]!r}"))
        parts = urlsplit(value)
        if self._standalone:
            fine = not parts.scheme and not parts.netloc and value.startswith("#")
            fine = fine or (tag == "link" and value.startswith("data:,"))
        else:
            fine = not parts.scheme and not parts.netloc and value.startswith(("/", "?", "#"))
            fine = fine and not value.startswith("//")
        if not fine:
            self.wrong.append(("address", f"{tag} {name} {value[:80]}"))

    def handle_endtag(self, tag):
        """Leave a script."""
        if tag == "script":
            self._in_script = False

    def handle_data(self, data):
        """Nothing may stand in a script."""
        if self._in_script and data.strip() and "alert" in data:
            self.wrong.append(("script text", data[:80]))

    def handle_comment(self, data):
        """Comments are ours, if any, and hold no data."""
        self.wrong.append(("comment", data[:80]))

    def unknown_decl(self, data):
        """A page has no marked sections."""
        self.wrong.append(("declaration", data[:80]))


def wrong_in(text, *, standalone=False):
    """What is wrong with a page, each thing once."""
    return sorted(set(Page(text, standalone=standalone).wrong))
