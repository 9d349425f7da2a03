"""The files of the pages."""

import hashlib
import re
from pathlib import Path

import pytest

import contexta.web.pages

ROOT = Path(contexta.web.pages.__file__).parent.parent
STATIC = ROOT / "static"
OURS = sorted(path for path in STATIC.glob("*.js"))


def test_vendored_files_are_as_published():
    """Each vendored file has the hash that was written down when it came."""
    vendor = STATIC / "vendor"
    lines = (vendor / "SHA256SUMS").read_text().splitlines()
    wanted = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = {name: hashlib.sha256((vendor / name).read_bytes()).hexdigest() for name in wanted}

    assert {"uPlot.esm.js", "uPlot.min.css", "uPlot.LICENSE.txt"} == set(wanted)
    assert wanted == found


def test_vendored_library_is_the_one_that_was_reviewed():
    """The hash of uPlot 1.6.32 stands here too, so that the list cannot drift with the file."""
    digest = hashlib.sha256((STATIC / "vendor" / "uPlot.esm.js").read_bytes()).hexdigest()

    assert UPLOT == digest


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_script_imports_only_what_is_here(path):
    """Scripts import files that lie beside them, and call nothing elsewhere."""
    text = path.read_text()
    named = re.findall(r"""(?:from|import)\s*\(?\s*["']([^"']+)["']""", text)

    assert [] == [name for name in named if not (STATIC / name).is_file()]
    assert [] == re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_script_builds_no_markup_from_text(path):
    """No script turns text into markup or code: names of others cannot become either."""
    text = path.read_text()

    assert [] == re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text)
    assert [] == re.findall(r"\beval\(|new Function|setTimeout\(\s*[\"']", text)


def test_style_loads_nothing():
    """Style sheets name no other file and no other machine."""
    for path in STATIC.glob("*.css"):
        assert [] == re.findall(r"@import|url\(", path.read_text())


UPLOT = "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba"
