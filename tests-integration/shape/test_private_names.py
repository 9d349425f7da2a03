"""A name that begins with an underscore belongs to its distribution: no other may import it.

What siblings need of each other has a public home, so that a distribution can change what is
private to it without asking who else looks. Read from the sources alone; nothing is imported.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[2] / "packages"
# The path of a module in a text, as tables of names that load on first use have them.
_DOTTED = re.compile(r"contexta(\.\w+)+")
# "<file>: <name>" that may stay, each with the reason beside it. There is none.
ALLOWED: dict[str, str] = {}


def sources() -> dict[str, tuple[str, Path]]:
    """Return module -> (distribution, file) of everything that is shipped."""
    found = {}
    for folder in sorted(PACKAGES.glob("*/src")):
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = (folder.parent.name, path)
    return found


def names_in(code: str) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of each import of ours, and of each text that is one."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            module, _, name = node.value.partition(":")
            if _DOTTED.fullmatch(module):
                yield node.lineno, f"{module}.{name}" if name else module


def is_private(name: str) -> bool:
    """Whether any part of a dotted name is private; ``__init__`` and ``__all__`` are not."""
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def owner(name: str, modules: dict[str, tuple[str, Path]]) -> str | None:
    """Return the distribution that the longest known module of a name is in."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return modules[name][0] if name else None


def trespasses(code: str, dist: str, modules: dict[str, tuple[str, Path]]) -> list[str]:
    """Return ``<line>: <name>`` of what a file imports that is private to another distribution."""
    return [
        f"{line}: {name}"
        for line, name in names_in(code)
        if is_private(name) and owner(name, modules) not in (None, dist)
    ]


def test_nobody_imports_what_is_private_to_another_distribution():
    """Neither a private module nor a private name of a public one, not even for its type."""
    modules = sources()
    found = [
        f"{path.relative_to(PACKAGES.parent).as_posix()}:{told}"
        for dist, path in modules.values()
        for told in trespasses(path.read_text(encoding="utf-8"), dist, modules)
    ]
    kept = [one for one in found if re.sub(r":\d+", "", one) not in ALLOWED]

    assert [] == kept, "\n".join(["import it from its public home, or give it one:", *kept])
    assert len(ALLOWED) == len(found) - len(kept), "an entry of ALLOWED that nobody needs"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import contexta.store._x", ["1: contexta.store._x"]),
        ("import contexta.store.fs, contexta.store._x as y", ["1: contexta.store._x"]),
        (
            "\nfrom contexta.store._x import a, b",
            ["2: contexta.store._x.a", "2: contexta.store._x.b"],
        ),
        ("from contexta.store import _x", ["1: contexta.store._x"]),
        ("from contexta.store.fs import _private, public", ["1: contexta.store.fs._private"]),
        ("def f():\n    from contexta.store._x import a", ["2: contexta.store._x.a"]),
        ("if TYPE_CHECKING:\n    from contexta.store._x import A", ["2: contexta.store._x.A"]),
        ("H = {'a': 'contexta.store._x'}", ["1: contexta.store._x"]),
        ("H = ('contexta.store.fs:_a',)", ["1: contexta.store.fs._a"]),
        ("from contexta.contract._mine import a", []),
        ("from contexta.store.fs import fsync_dir", []),
        ("from contexta.store.fs import __all__", []),
        ("from os import _exit", []),
        ("'contexta.store._x is private'", []),
    ],
)
def test_the_rule_sees_every_way_to_import(code, told):
    """At the top, in a function, for a type, by an alias, by a text."""
    modules = {
        "contexta.contract._mine": ("contexta-contract", PACKAGES),
        "contexta.store": ("contexta-store", PACKAGES),
        "contexta.store.fs": ("contexta-store", PACKAGES),
    }

    assert told == trespasses(code, "contexta-contract", modules)


def test_the_sources_are_found():
    """A rule over no files would hold."""
    found = {dist for dist, _ in sources().values()}

    assert {path.parent.name for path in PACKAGES.glob("*/pyproject.toml")} == found
