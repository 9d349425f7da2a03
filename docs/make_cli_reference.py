"""Write the sections of reference/cli.md from the tree of commands.

The examples come from cli-examples.toml. Each is run in the workspace of `contexta demo`, and
the keys of its JSON are written down. What stands above the mark of the page is written by hand.
"""

import contextlib
import io
import json
import os
import re
import shlex
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click

from contexta.cli import run_cli
from contexta.cli._group import _SECTIONS, cli
from contexta.cli._options import GlobalOption
from contexta.cli._runs import runs

HERE = Path(__file__).resolve().parent
PAGE = HERE / "reference" / "cli.md"
EXAMPLES = HERE / "cli-examples.toml"
MARK = "<!-- From here on written by docs/make_cli_reference.py. -->"
DEMO = ["demo", "--quiet", "--until", "2026-03-01T06:00:00Z"]
CHOOSE = ["project", "status", "after", "before", "where", "sort", "desc", "limit", "offset"]
FORMS = ("csv", "jsonl", "parquet")

CELL = "\\|"  # a bar inside of a cell

Names = tuple[str, ...]


def leaves(command: click.Command = cli, path: Names = ()) -> Iterator[tuple[Names, click.Command]]:
    """Yield each command that does something, with its path of names."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command, info_name=path[-1] if path else "contexta")
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None, name
        yield from leaves(found, (*path, name))


def options(command: click.Command, *, of_all: bool = False) -> list[click.Option]:
    """Return the options of a command, or those that every command has."""
    return [
        one
        for one in command.params
        if isinstance(one, click.Option)
        and not one.hidden
        and isinstance(one, GlobalOption) is of_all
    ]


def run(line: str) -> str:
    """Run a line as JSON, and return its stdout."""
    out, err = io.StringIO(), io.StringIO()
    words = shlex.split(line)
    assert words[0] == "contexta", line
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_cli([*words[1:], "--format", "json"])
    assert code == 0, f"{line}: exit code {code}\n{err.getvalue()}"
    return out.getvalue()


def keys_of(answer: object) -> list[str]:
    """Return the keys of an answer, with those of the items of its lists."""
    if not isinstance(answer, dict):
        return []
    found = []
    for key, value in sorted(answer.items()):
        items = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
        inner = sorted({name for one in items for name in one})
        found.append(f"`{key}[]` ({', '.join(inner)})" if inner else f"`{key}`")
    return found


def recorded(examples: dict[str, dict]) -> dict[str, list[str]]:
    """Run the examples one after the other in a new demo, and return the keys of each."""
    keys = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        assert run_cli(DEMO) == 0
        os.chdir("contexta-demo")
        for name, entry in examples.items():
            if "keys" in entry:
                keys[name] = [f"`{key}`" for key in entry["keys"]]
                continue
            for line in entry.get("prepare", []):
                run(line)
            keys[name] = keys_of(json.loads(run(entry["example"])))
        os.chdir(folder)
    return keys


def row(option: click.Option, note: str = "") -> str:
    """Return the row of an option in a table."""
    context = click.Context(click.Command("x"), show_default=False)
    names = ", ".join((*option.opts, *option.secondary_opts))
    meta = "" if option.is_flag else f" {option.make_metavar(context)}"
    told = " ".join((option.help or "").split())
    if option.show_default and option.default is not None and "efault" not in told:
        told += f" Default: {option.default}."
    cells = f"`{names}{meta}`", told + note
    return f"| {' | '.join(cell.replace('|', CELL) for cell in cells)} |"


def table(rows: list[str]) -> list[str]:
    """Return a table of options."""
    return ["| option | meaning |", "|---|---|", *rows, ""] if rows else []


def shared() -> dict[str, str]:
    """Return the options that choose runs, by name, with their rows."""
    return {one.name: row(one) for one in options(runs) if one.name in CHOOSE and one.name}


def prose(command: click.Command) -> list[str]:
    """Return the help of a command as Markdown."""
    found = []
    for part in (command.help or "").replace("\b\n", "\b").split("\n\n"):
        if part.startswith("\b"):
            found += [
                "```text",
                *(line.strip() for line in part[1:].strip().splitlines()),
                "```",
                "",
            ]
        else:
            found += [" ".join(part.split()).replace("<", "&lt;").replace("*", r"\*"), ""]
    return found


def arguments(command: click.Command) -> str:
    """Return the arguments of a command as its usage shows them."""
    context = click.Context(command)
    return "".join(
        f" {one.make_metavar(context)}" for one in command.params if isinstance(one, click.Argument)
    )


def section(
    path: Names, command: click.Command, entry: dict, keys: list[str], same: list[Names]
) -> list[str]:
    """Return the section of a command."""
    lines = [f"### contexta {' '.join(path)}", ""]
    if arguments(command):
        lines += [f"`contexta {' '.join(path)}{arguments(command)}`", ""]
    if same:
        names = ", ".join(f"`contexta {' '.join(one)}`" for one in same)
        lines += [f"The same: {names}.", ""]
    lines += prose(command)
    common = shared()
    own = [one for one in options(command) if common.get(one.name or "") != row(one)]
    chosen = [one for one in options(command) if one not in own]
    only = " Only of `csv`." if path[0] == "export" and path[1:2] == ("csv",) else ""
    lines += table([row(one, only if one.name == "all_columns" else "") for one in own])
    if chosen:
        names = ", ".join(f"`{one.opts[0]}`" for one in chosen)
        lines += [f"[Chooses runs](#choosing-runs) by {names}.", ""]
    if "exit" in entry:
        lines += [f"**Exit code:** {entry['exit']}", ""]
    if keys:
        lines += [f"**JSON:** {', '.join(keys)}", ""]
    return [*lines, "```text", entry["example"], "```", ""]


def grouped() -> list[tuple[Names, click.Command, list[Names]]]:
    """Return the commands, those that are the same under several names once."""
    found: dict[object, tuple[Names, click.Command, list[Names]]] = {}
    for path, command in sorted(leaves(), key=lambda one: (len(one[0]), one[0])):
        form = path[0] == "export" and path[1] in FORMS
        key: object = path[2:] if form else command.callback
        if path[0] == "artifact":
            key = command.help  # `put` and `register` are two commands of one meaning
        if key in found:
            found[key][2].append(path)
        else:
            found[key] = (path, command, [])
    return list(found.values())


def sections(keys: dict[str, list[str]], examples: dict[str, dict]) -> str:
    """Return everything below the mark."""
    lines = [MARK, "", "## Choosing runs", ""]
    lines += ["Commands about several runs take these; see [expressions](expressions.md).", ""]
    lines += [*table(list(shared().values()))]
    lines += ["## Options of every command", ""]
    lines += table([row(one) for one in options(cli, of_all=True)])
    left = grouped()
    for title, tops in _SECTIONS.items():
        lines += [f"## {title}", ""]
        for top in tops:
            for path, command, same in sorted(
                (one for one in left if one[0][0] == top), key=lambda one: one[0]
            ):
                name = " ".join(path)
                for known in (path, *same):
                    name = " ".join(known) if " ".join(known) in examples else name
                lines += section(path, command, examples[name], keys[name], same)
    return "\n".join(lines).rstrip() + "\n"


def named(text: str) -> dict[str, set[str]]:
    """Return the commands that a page has sections of, each with the options named there."""
    found: dict[str, set[str]] = {}
    for part in text.split("\n### contexta ")[1:]:
        body = part.split("\n## ")[0]
        name, _, body = body.partition("\n")
        rows = re.findall(r"^\| `([^`]+)` \|", body, re.MULTILINE)
        chosen = re.findall(r"^\[Chooses runs\].*", body, re.MULTILINE)
        option = re.compile(r"(?<![\w-])--?[a-z][\w-]*")
        words = {word for line in (*rows, *chosen) for word in option.findall(line)}
        same = re.findall(r"^The same: .*", body, re.MULTILINE)
        for one in (name, *re.findall(r"`contexta ([^`]+)`", "".join(same))):
            found[one] = words
    return found


def page() -> str:
    """Return the page as it should be."""
    head = PAGE.read_text(encoding="utf-8").split(MARK)[0]
    examples = tomllib.loads(EXAMPLES.read_text(encoding="utf-8"))
    return head + sections(recorded(examples), examples)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
