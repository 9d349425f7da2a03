"""Where results go: stdout as text or JSON, lists also line by line, or a file."""

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from contexta.cli._state import State
from contexta.cli._text import printable


def show(
    state: State,
    result: Any,
    draw: Callable[[], Iterable[str]],
    *,
    rows: Callable[[], Sequence[Mapping[str, Any]]] | None = None,
) -> None:
    """Print a result in the form that was asked for.

    Args:
        state: says the form.
        result: a result with ``to_dict()``, plain data that holds such, or a function that
            makes one of these.
        draw: makes the lines for people; called for text only.
        rows: makes flat rows for NDJSON and CSV; a result without rows has neither.

    Raises:
        UsageError: NDJSON or CSV of something that is no list.
    """
    form = state.form
    if form == "json":
        show_json(result() if callable(result) else result)
    elif form == "text":
        show_lines(draw())
    elif rows is None:
        raise click.UsageError(f"this command has no rows for --format {form}; use json")
    elif form == "ndjson":
        for row in rows():
            click.echo(json.dumps(finite(row), sort_keys=True, allow_nan=False, default=_plain))
    else:
        _show_csv(state, rows())


def show_json(value: Any) -> None:
    """Print a result, or plain data that holds results, as JSON."""
    click.echo(json_text(value))


def json_text(value: Any) -> str:
    """JSON with two blanks of indent, sorted keys, no NaN.

    Characters outside of ASCII are escaped, so that no terminal acts on them.
    """
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False, default=_plain)


def finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without NaN and infinities: ``None``, and ``<name>_marker`` says which it was."""
    plain: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, float) and not math.isfinite(value):
            plain[name] = None
            words = {math.inf: "Infinity", -math.inf: "-Infinity"}
            plain[f"{name}_marker"] = words.get(value, "NaN")
        else:
            plain[name] = value
    return plain


def _show_csv(state: State, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as CSV that no spreadsheet takes for formulas, columns as they appear."""
    from contexta.export import Column, RowTable, text_chunks

    names = list(dict.fromkeys(name for row in rows for name in row))
    table = RowTable(
        "rows",
        tuple(Column(name, "scalar") for name in names),
        [tuple(row.get(name) for name in names) for row in rows],
    )
    for chunk in text_chunks(table, state.config, form="csv"):
        click.echo(chunk, nl=False)


def _plain(value: Any) -> Any:
    return value.to_dict()  # results say themselves what is theirs to show


def show_lines(lines: Iterable[str]) -> None:
    """Print lines that are printable already.

    The stream is named, for click would write UTF-8 to a terminal that says it knows ASCII only.
    """
    for line in lines:
        click.echo(line, sys.stdout, color=True)


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
            state.say(f"wrote {path}")
    elif state.wants_json:
        show_json(facts | {"content": text})
    else:
        click.echo(printable(text, keep_lines=True), sys.stdout)
