"""Where results go: stdout as text or JSON, or a file."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from contexta.cli._state import State
from contexta.cli._text import printable


def show_json(value: Any) -> None:
    """Print a result, or plain data that holds results, as JSON."""
    click.echo(json_text(value))


def json_text(value: Any) -> str:
    """JSON with two blanks of indent, sorted keys, no NaN.

    Characters outside of ASCII are escaped, so that no terminal acts on them.
    """
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.to_dict()  # results say themselves what is theirs to show


def show_lines(lines: Iterable[str]) -> None:
    """Print lines that are printable already."""
    for line in lines:
        click.echo(line)


def show_document(state: State, text: str, output: str | None, facts: dict[str, Any]) -> None:
    """Print a document, or write it to a file and print where it went.

    Args:
        state: says whether the printed part is JSON.
        text: the document.
        output: path of the file; its folder is created.
        facts: what the JSON form says beside the path or the text.
    """
    if output is not None:
        from contexta.common.io import atomic_write_text

        text = text if text.endswith("\n") else f"{text}\n"
        path = atomic_write_text(Path(output), text)
        if state.wants_json:
            show_json(facts | {"output": str(path), "characters": len(text)})
        else:
            click.echo(f"wrote {printable(path)}")
    elif state.wants_json:
        show_json(facts | {"content": text})
    else:
        click.echo(printable(text, keep_lines=True))
