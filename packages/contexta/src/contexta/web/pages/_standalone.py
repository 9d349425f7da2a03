"""A page as one file: nothing in it leads to a server, or does anything.

Templates leave out what only a server can answer. This removes what is left of it, so that a
file holds by construction, whatever a template forgot: links to addresses, forms and controls,
scripts, outside resources and the data that scripts read.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

# Left out with all they hold, and without: these have no end tag.
_DROPPED = frozenset({"form", "script", "button", "select", "textarea", "dialog", "iframe"})
_DROPPED_ALONE = frozenset({"input", "link", "base"})
_ADDRESS = re.compile(r"""\s(?:xlink:)?(?:href|src|action|formaction|data-[\w-]+)="([^"]*)\"""")


def detached(document: str) -> str:
    """Return a document without links to a server, forms, scripts and outside resources."""
    parser = _Detacher()
    parser.feed(document)
    parser.close()
    return "".join(parser.parts)


class _Detacher(HTMLParser):
    """Copies a document as it is written, except what is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._inside: list[str] = []

    def _copy(self, text: str) -> None:
        if not self._inside:
            self.parts.append(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._inside.append(tag)
        elif tag not in _DROPPED_ALONE:
            self._copy(_without_addresses(self.get_starttag_text() or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _DROPPED | _DROPPED_ALONE:
            self._copy(_without_addresses(self.get_starttag_text() or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            if tag in self._inside:
                del self._inside[self._inside.index(tag) :]
        elif tag not in _DROPPED_ALONE:
            self._copy(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._copy(data)

    def handle_entityref(self, name: str) -> None:
        self._copy(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._copy(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        """Comments are of no use to a reader."""

    def handle_decl(self, decl: str) -> None:
        self._copy(f"<!{decl}>")


def _without_addresses(tag: str) -> str:
    """The tag without addresses; places within the page and pictures inside of it may stay."""
    return _ADDRESS.sub(lambda m: m[0] if m[1].startswith(("#", "data:image/")) else "", tag)
