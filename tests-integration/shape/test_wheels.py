"""What the built wheels and sdists ship, read from the archives themselves."""

import os
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

PARTS = {
    "contexta-contract": "contexta/contract/",
    "contexta-store": "contexta/store/",
    "contexta-interpretation": "contexta/interpretation/",
    "contexta-recovery": "contexta/recovery/",
    "contexta": "contexta/",
}
SIBLINGS = {
    "contexta-contract": set(),
    "contexta-store": {"contexta-contract"},
    "contexta-interpretation": {"contexta-contract", "contexta-store"},
    "contexta-recovery": {"contexta-contract", "contexta-store"},
    "contexta": set(PARTS) - {"contexta"},
}


def folder() -> Path:
    return Path(os.environ["WHEELS_DIR"])


def wheel(dist: str) -> zipfile.ZipFile:
    (path,) = folder().glob(f"{dist.replace('-', '_')}-[0-9]*.whl")
    return zipfile.ZipFile(path)


def code_files(dist: str) -> list[str]:
    return [name for name in wheel(dist).namelist() if ".dist-info/" not in name]


def metadata(dist: str):
    archive = wheel(dist)
    (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
    return Parser().parsestr(archive.read(name).decode())


@pytest.mark.parametrize("dist", PARTS)
def test_each_wheel_ships_only_its_own_portion(dist):
    """A wheel holds nothing outside its folder below contexta/."""
    outside = [name for name in code_files(dist) if not name.startswith(PARTS[dist])]

    assert [] == outside


def test_no_two_wheels_ship_the_same_file():
    """Installing one distribution never overwrites a file of another."""
    names = [name for dist in PARTS for name in code_files(dist)]

    assert sorted(set(names)) == sorted(names)


def test_only_the_facade_ships_the_root_init():
    """The root package has one owner."""
    owners = [dist for dist in PARTS if "contexta/__init__.py" in code_files(dist)]

    assert ["contexta"] == owners


@pytest.mark.parametrize("dist", PARTS)
def test_each_wheel_is_typed_and_carries_its_licence(dist):
    """py.typed lies in the portion itself, LICENSE in the metadata."""
    names = wheel(dist).namelist()

    assert PARTS[dist] + "py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize("dist", PARTS)
def test_wheels_ship_code_only(dist):
    """No tests, caches, bytecode or notes travel with the code, but those on foreign code."""
    allowed = (".py", "py.typed", ".css", ".sql", ".jinja", ".js", ".mako", ".svg")
    foreign = [
        name
        for name in code_files(dist)
        if (not name.endswith(allowed) and "/static/vendor/" not in name)
        or "/tests/" in name
        or "__pycache__" in name
    ]

    assert [] == foreign


@pytest.mark.parametrize("dist", PARTS)
def test_siblings_are_pinned_to_the_same_version(dist):
    """Lock-step: a wheel asks for its siblings at exactly its own version."""
    meta = metadata(dist)
    pins = {
        # An extra names a sibling again: contexta-x[extra]==1.2.3; extra == "extra".
        (line.partition("==")[0].partition("[")[0], line.partition("==")[2].partition(";")[0])
        for line in meta.get_all("Requires-Dist") or []
        if line.startswith("contexta")
    }

    assert {(name, meta["Version"]) for name in SIBLINGS[dist]} == pins


@pytest.mark.parametrize("dist", PARTS)
def test_sdists_hold_source_tests_and_licence(dist):
    """The sdist is enough to build and test the distribution."""
    (path,) = folder().glob(f"{dist.replace('-', '_')}-[0-9]*.tar.gz")
    with tarfile.open(path) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}

    needed = {"src", "tests", "README.md", "LICENSE", "pyproject.toml", "conftest.py", "PKG-INFO"}

    assert needed == tops - {".gitignore"}
