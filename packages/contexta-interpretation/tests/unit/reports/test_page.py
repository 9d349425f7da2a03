"""A page can be read: by anyone, in light and dark, without a mouse."""

import base64
import hashlib
import re
import xml.etree.ElementTree as ET

import pytest

from contexta.interpretation.reports import style_hash


def style_of(page):
    return re.search(r"<style>(.*?)</style>", page, re.DOTALL).group(1)


def colors_of(style):
    """The named colors of the light and of the dark scheme."""
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block)) for block in blocks]


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_lines_stand_out(documents, scheme):
    """Text has the contrast of WCAG AA (4.5), curves that of drawings (3)."""
    colors = colors_of(style_of(documents["group"].to_html(full=True)))[scheme]
    texts = [
        contrast(colors[name], colors[ground])
        for name in ("ink", "soft", "good", "bad", "doubt")
        for ground in ("card", "bg", "head")
    ]
    lines = [contrast(colors[f"s{i}"], colors["card"]) for i in range(6)]

    assert min(texts) >= 4.5
    assert min(lines) >= 3


def test_the_hash_is_that_of_the_style(documents):
    """The browser accepts the style sheet: its bytes have the hash of the policy."""
    style = style_of(documents["gate"].to_html(full=True))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert style_hash() == f"sha256-{digest}"


def test_drawings_are_well_formed_and_described(document):
    """Every drawing is XML with a title and a description as its first children."""
    drawings = re.findall(r"<svg.*?</svg>", document.to_html(), re.DOTALL)
    roots = [ET.fromstring(text) for text in drawings]

    assert all([root[0].tag, root[1].tag] == ["title", "desc"] for root in roots)
    assert all(root[0].text and root[1].text for root in roots)
    assert all(root.get("role") == "img" for root in roots)


def test_tables_are_named_and_reachable(document):
    """Headings say what they head; a table that scrolls has a name and takes the focus."""
    page = document.to_html(full=True)
    regions = re.findall(
        r'<div class="scroll" role="region" aria-label="([^"]+)" tabindex="0">', page
    )

    assert '<html lang="en">' in page
    assert page.count("<th ") == page.count('<th scope="col"')
    assert len(regions) == page.count("<table") > 0
