"""The reference names everything that the code has, and nothing that it has not."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent


def script(name: str) -> ModuleType:
    """Load one of the scripts that write pages."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cli_reference = script("make_cli_reference")
api_reference = script("make_api_reference")


def test_each_command_is_documented_with_its_options():
    """A command or option that the page lacks fails, and so does one that is gone."""
    shown = cli_reference.named(cli_reference.PAGE.read_text(encoding="utf-8"))
    known = {" ".join(path): command for path, command in cli_reference.leaves()}
    missing, gone = {}, {}
    for name, command in known.items():
        options = cli_reference.options(command)
        every = {text for one in options for text in (*one.opts, *one.secondary_opts)}
        least = {one.opts[0] for one in options}
        missing[name] = least - shown.get(name, set())
        gone[name] = {word for word in shown.get(name, set()) - every if word != "--all-columns"}

    assert sorted(known) == sorted(shown)
    assert {} == {name: options for name, options in missing.items() if options}
    assert {} == {name: options for name, options in gone.items() if options}


def test_the_page_of_commands_is_what_its_script_writes():
    """Each example runs, and the keys of its JSON are those that the page names."""
    found = cli_reference.PAGE.read_text(encoding="utf-8")

    assert cli_reference.page() == found, "run docs/make_cli_reference.py"


@pytest.mark.parametrize("name", api_reference.PAGES)
def test_the_pages_of_names_are_what_their_script_writes(name):
    """Each public name has a line with what its docstring says now."""
    found = (api_reference.FOLDER / f"{name}.md").read_text(encoding="utf-8")

    assert api_reference.page(name) == found, "run docs/make_api_reference.py"


def test_each_public_module_has_a_page():
    """No module that is imported by users stays out of the pages of names."""
    import pkgutil

    import contexta

    shown = {
        one.__name__
        for names in api_reference.PAGES.values()
        for one in api_reference.modules(names)
    }
    public = {one.name for one in pkgutil.iter_modules(contexta.__path__) if one.name[0] != "_"}
    inner = {"api", "cli", "client", "common", "runtime", "surfaces"}  # other paths to the same

    assert set() == public - inner - {name.split(".")[1] for name in shown if "." in name}


def test_each_page_of_the_site_is_listed():
    """A page that no other page lists is not found by readers."""
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^([\w-]+/[\w/-]+)$", text, re.MULTILINE)
    pages = [
        str(path.relative_to(DOCS).with_suffix(""))
        for path in DOCS.glob("*/**/*.md")
        if path.parts[-2] != "decisions" and "_build" not in path.parts
    ]

    assert [] == sorted(set(pages) ^ set(listed) - {"decisions/index"})


def test_each_picture_is_there_and_is_used():
    """No page shows a hole, and no picture lies about that no page shows."""
    pages = [*DOCS.glob("**/*.md"), *ROOT.glob("*.md"), *ROOT.glob("packages/*/README.md")]
    used = set()
    for page in pages:
        for link in re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                used.add((page.parent / link).resolve())
    there = set((DOCS / "images").glob("*.png"))

    assert there == used


def test_the_pictures_are_small():
    """A clone stays small: 150 kB each, 1 MB together."""
    sizes = [path.stat().st_size for path in (DOCS / "images").glob("*.png")]

    assert (True, True) == (max(sizes) < 150_000, sum(sizes) < 1_000_000)
