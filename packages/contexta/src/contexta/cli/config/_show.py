"""``contexta config show``: the settings, and where each came from."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import click

from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.contract.errors import NotFoundError

_QUIET = ("default", "derived")
# As in postgresql://user:password@host/name?password=word
_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*:)[^/\s]*(?=@)|([?&]password=)[^&\s\"]*")


@click.command("show")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--changed", is_flag=True, help="Only those that are not the default.")
@click.option("--toml", is_flag=True, help="As TOML, for a file contexta.toml.")
@global_options
@click.pass_obj
def show_(state: State, keys: tuple[str, ...], changed: bool, toml: bool) -> None:
    """Show the settings, and where each came from.

    KEY is a setting such as records.durability_mode, or a section such as records. Secrets in
    URLs are not shown.
    """
    from contexta.config import config_provenance, config_to_mapping, config_to_toml

    config = state.config
    if toml:
        text = _safe(config_to_toml(config))
        show(state, {"toml": text}, lambda: text.rstrip("\n").split("\n"))
        return
    sources = config_provenance(config)
    values = _flat(config_to_mapping(config, json_safe=True))
    rows = [
        {"key": key, "value": _safe(values.get(key)), "source": str(source), "kind": source.kind}
        for key, source in sources.items()
    ]
    rows = [
        row for row in rows if _wanted(row, keys) and (not changed or row["kind"] not in _QUIET)
    ]
    if keys and not rows and not changed:
        raise _unknown(keys, tuple(sources))
    result = {"settings": rows, "workspace": str(config.workspace.root_path)}
    show(state, result, lambda: _lines(rows, state), rows=lambda: rows)


def _wanted(row: Mapping[str, Any], keys: Sequence[str]) -> bool:
    return not keys or any(row["key"] == key or row["key"].startswith(f"{key}.") for key in keys)


def _unknown(keys: Sequence[str], known: Sequence[str]) -> NotFoundError:
    near = get_close_matches(keys[0], known, n=3, cutoff=0.4)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    return NotFoundError(
        f"there is no setting {keys[0]!r}{hint}",
        code="config_unknown_setting",
        details={"keys": list(keys), "nearest": near},
    )


def _flat(mapping: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in mapping.items():
        key = f"{before}{name}"
        found[key] = value
        if isinstance(value, dict):
            found |= _flat(value, f"{key}.")
    return found


def _safe(value: Any) -> Any:
    """Return a value without the password of a URL."""
    if not isinstance(value, str):
        return value
    return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}***", value)


def _lines(rows: Sequence[Mapping[str, Any]], state: State) -> Iterator[str]:
    if not rows:
        yield "every setting has its default"
        return
    pen = state.pen
    for row in rows:
        source = pen.paint(f"  # {printable(row['source'])}", "dim" if row["kind"] in _QUIET
                           else "info")  # fmt: skip
        yield f"{row['key']} = {printable(json.dumps(row['value'], ensure_ascii=False))}{source}"
