"""Write reference/api/*.md, a line for each public name: ``python make_api_reference.py``."""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import get_origin

FOLDER = Path(__file__).resolve().parent / "reference" / "api"
# Each page, with the modules that it lists; `.*` stands for every public module of a package.
PAGES = {
    "contexta": ("contexta", "contexta.errors"),
    "config": ("contexta.config",),
    "contract": ("contexta.contract",),
    "capture": ("contexta.capture", "contexta.capture.sinks"),
    "store": ("contexta.store.*",),
    "interpretation": ("contexta.interpretation",),
    "recovery": ("contexta.recovery",),
    "surfaces": ("contexta.notebook", "contexta.export", "contexta.sql", "contexta.web"),
    "adapters": ("contexta.adapters.*",),
}
# Attributes of the facade that no docstring can describe.
ATTRIBUTES = {
    "config": "The settings, a `contexta.config.UnifiedConfig`.",
    "profile": "Name of the profile that the settings started from.",
    "workspace": "The workspace folder, absolute.",
}
WHAT = {
    "contexta": "The facade and the errors",
    "config": "Settings",
    "contract": "The schema",
    "capture": "Scopes, results, sinks",
    "store": "The stores",
    "interpretation": "Questions and judgements",
    "recovery": "Backups and what brings them back",
    "surfaces": "Notebook, exports, SQL, server",
    "adapters": "Adapters",
}


def modules(names: tuple[str, ...]) -> list[ModuleType]:
    """Return the modules of a page."""
    found = []
    for name in names:
        root = importlib.import_module(name.removesuffix(".*"))
        if not name.endswith(".*"):
            found.append(root)
            continue
        for one in pkgutil.iter_modules(root.__path__, f"{root.__name__}."):
            if not one.name.rpartition(".")[2].startswith("_"):
                found.append(importlib.import_module(one.name))
    return [one for one in found if getattr(one, "__all__", None)]


def kind(value: object) -> str:
    """Say in a word what a name is."""
    if inspect.isclass(value):
        return "error" if issubclass(value, BaseException) else "class"
    if inspect.ismodule(value):
        return "module"
    if get_origin(value) is not None:
        return "type"
    described = callable(value) or isinstance(value, property | cached_property)
    return "function" if described else "value"


def meaning(value: object) -> str:
    """Return the first sentence of a docstring, or the value of a constant."""
    if kind(value) == "type":
        return f"`{value}`".replace("typing.", "")
    if isinstance(value, Mapping):
        return "A mapping with " + ", ".join(f"`{key}`" for key in value) + "."
    if kind(value) == "value":
        shown = repr(value)
        if " at 0x" in shown:
            return f"A value of type `{type(value).__name__}`."
        return f"`{shown[:80]}…`" if len(shown) > 80 else f"`{shown}`"
    doc = inspect.cleandoc(getattr(value, "__doc__", None) or "").split("\n\n")[0]
    return " ".join(doc.split()).replace("``", "`")


def members(owner: type) -> list[str]:
    """Return a table of the public methods and properties of a class."""
    lines = ["| name | kind | meaning |", "|---|---|---|"]
    for name, value in inspect.getmembers(owner):
        if not name.startswith("_"):
            what = "method" if callable(value) else "property"
            told = meaning(value)
            if inspect.ismemberdescriptor(value):
                what, told = "attribute", ATTRIBUTES[name]
            lines.append(f"| `{name}` | {what} | {told} |")
    return lines


def page(name: str) -> str:
    """Return a page as it should be."""
    lines = [
        f"# {WHAT[name]}",
        "",
        "Written by `docs/make_api_reference.py` from the docstrings.",
        "",
    ]
    for module in modules(PAGES[name]):
        lines += [f"## {module.__name__}", ""]
        about = (module.__doc__ or "").strip().split("\n\n")[0]
        lines += [" ".join(about.split()).replace("``", "`"), ""] if about else []
        lines += ["| name | kind | meaning |", "|---|---|---|"]
        for public in sorted(module.__all__, key=lambda one: (one.lower(), one)):
            value = getattr(module, public)
            text = meaning(value).replace("|", "\\|")
            lines.append(f"| `{public}` | {kind(value)} | {text} |")
        lines.append("")
        if module.__name__ == "contexta":
            lines += ["## Methods of Contexta", "", *members(module.Contexta), ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in PAGES:
        (FOLDER / f"{name}.md").write_text(page(name), encoding="utf-8")
