"""Write the tables of ``reference/command-line.md`` from the tree of commands.

``python docs/command_line.py`` after a command or an option changed; a test compares.
"""

from collections.abc import Iterator
from pathlib import Path

import click

from contexta.cli._group import LazyGroup, cli
from contexta.cli._options import GlobalOption

PAGE = Path(__file__).parent / "reference" / "command-line.md"
START, END = "<!-- tables: start -->\n", "<!-- tables: end -->\n"


def tables() -> str:
    """Return the tables: one for each heading of ``contexta --help``."""
    parts = []
    for title, names in _headings():
        rows = [row for name in names for row in _rows(cli, name, "contexta")]
        parts.append(f"### {title}\n\n| command | what it does | options |\n|---|---|---|\n")
        parts.append("\n".join(rows) + "\n\n")
    return "".join(parts)


def whole(page: str) -> str:
    """Return the page with the tables of the code."""
    before, _, rest = page.partition(START)
    return f"{before}{START}\n{tables()}{END}{rest.partition(END)[2]}"


def _headings() -> Iterator[tuple[str, list[str]]]:
    assert isinstance(cli, LazyGroup)
    left = dict.fromkeys(cli.list_commands(click.Context(cli)))
    for title, names in cli.sections.items():
        known = [name for name in names if name in left]
        for name in known:
            del left[name]
        if known:
            yield title, known
    if left:
        yield "More", list(left)


def _rows(group: click.Group, name: str, path: str) -> Iterator[str]:
    context = click.Context(group)
    command = group.get_command(context, name)
    assert command is not None
    if isinstance(command, click.Group):
        for child in command.list_commands(click.Context(command)):
            yield from _rows(command, child, f"{path} {name}")
        return
    arguments = [
        param.make_metavar(click.Context(command))
        for param in command.params
        if isinstance(param, click.Argument)
    ]
    options = [
        _option(param)
        for param in command.params
        if isinstance(param, click.Option) and not isinstance(param, GlobalOption)
    ]
    line = " ".join((path, name, *arguments))
    first = " ".join((command.help or "").split("\n\n")[0].split())
    yield f"| {_code(line)} | {first.replace('|', chr(92) + '|')} | {' '.join(options)} |"


def _option(option: click.Option) -> str:
    names = "/".join((*option.opts, *option.secondary_opts))
    if option.is_flag:
        return _code(names)
    choices = isinstance(option.type, click.Choice)
    value = "|".join(option.type.choices) if choices else option.metavar or option.name or ""
    return _code(f"{names} {value}")


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"


if __name__ == "__main__":
    PAGE.write_text(whole(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
