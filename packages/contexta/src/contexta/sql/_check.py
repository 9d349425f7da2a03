"""Which statements are run: one SELECT over the views, and nothing else.

The text is parsed by DuckDB itself and judged by its tree, not by its words, so that a harmless
text in quotes is not refused and a clever spelling is not let through.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contexta.sql._errors import refused
from contexta.sql._views import VIEWS

MAX_CHARACTERS = 20_000
MAX_DEPTH = 100
# What makes rows out of nothing; every other table function reads something.
_TABLE_FUNCTIONS = frozenset({"generate_series", "range", "unnest"})
# These make as much as they are told to, at once and past the memory limit of the engine.
_UNBOUNDED = frozenset(
    {"array_resize", "generate_series", "list_resize", "lpad", "range", "repeat", "rpad"}
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement that may run, and the views that it reads; ``describes`` needs no rows."""

    sql: str
    views: tuple[str, ...]
    describes: bool = False


def check_statement(sql: object, connection: Any) -> Checked:
    """Return the statement when it is one SELECT over the views.

    Args:
        sql: the text.
        connection: a DuckDB connection that may parse.

    Raises:
        ValidationError: `sql_refused`, `sql_invalid` when it cannot be parsed, or
            `sql_too_large`.
    """
    text = _checked_text(sql)
    ((found,),) = connection.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
    tree = json.loads(found)
    if tree["error"]:
        raise _unparsed(tree)
    statements = tree["statements"]
    if len(statements) != 1:
        raise refused(
            f"there are {len(statements)} statements; give one SELECT",
            statements=len(statements),
        )
    nodes = list(_nodes(statements[0]))
    known = {*VIEWS, *(name.lower() for node in nodes for name in _named_here(node))}
    views: dict[str, None] = {}
    tables = frozenset(
        id(node["function"])
        for node in nodes
        if node.get("type") == "TABLE_FUNCTION" and "function" in node
    )
    for node in nodes:
        _check_function(node, tables)
        name = _table_of(node)
        if name is not None and name not in known:
            raise _unknown(name)
        if name in VIEWS:
            views[str(name)] = None
    return Checked(text, tuple(views), _describes(statements[0]))


def _checked_text(sql: object) -> str:
    if not isinstance(sql, str) or not sql.strip():
        raise refused("there is no query; write one such as SELECT * FROM runs", "sql_invalid")
    if len(sql) > MAX_CHARACTERS:
        raise refused(
            f"the query has {len(sql)} characters; at most {MAX_CHARACTERS} are read",
            "sql_too_large",
        )
    if "\0" in sql or any("\ud800" <= char <= "\udfff" for char in sql):
        raise refused("the query holds characters that are no text", "sql_invalid")
    depth = deepest = 0
    for char in sql:
        depth += (char in _OPENING) - (char in _CLOSING)
        deepest = max(deepest, depth)
    # Before the parser: its time and memory grow steeply with the depth.
    if deepest > MAX_DEPTH:
        raise refused(
            f"the query nests {deepest} brackets; at most {MAX_DEPTH} are read", "sql_too_large"
        )
    return sql


def _unparsed(tree: dict[str, Any]) -> Exception:
    message = str(tree.get("error_message", ""))
    if tree.get("error_type") == "parser":
        place = str(tree.get("position"))
        at = f" at character {int(place) + 1}" if place.isdigit() else ""
        return refused(f"the query cannot be parsed{at}: {message}", "sql_invalid")
    return refused(
        "only SELECT is run: queries cannot change, copy, attach, install, set or load anything"
    )


def _nodes(root: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of the tree; no recursion, trees of long unions are deep."""
    waiting = [root]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _named_here(node: dict[str, Any]) -> Iterator[str]:
    """Yield the names that WITH gives."""
    entries = (
        node.get("cte_map", {}).get("map", []) if isinstance(node.get("cte_map"), dict) else []
    )
    for entry in entries:
        yield str(entry["key"])
    name = node.get("cte_name") or node.get("ctename")
    if isinstance(name, str):
        yield name


def _check_function(node: dict[str, Any], tables: frozenset[int]) -> None:
    if node.get("class") == "FUNCTION" and id(node) not in tables:
        name = str(node.get("function_name", "")).lower()
        if name in _UNBOUNDED:
            hint = "; as a table, FROM range(…), it is" if name in _TABLE_FUNCTIONS else ""
            raise refused(
                f"the function {name!r} is not run: it could fill the memory{hint}", function=name
            )
    if node.get("type") != "TABLE_FUNCTION":
        return
    function = node.get("function") or {}
    name = str(function.get("function_name", "")).lower()
    if name not in _TABLE_FUNCTIONS or function.get("schema") or function.get("catalog"):
        raise refused(
            f"the table function {name!r} is not run: a query reads the views {_listed()} and "
            f"may use {', '.join(sorted(_TABLE_FUNCTIONS))}",
            function=name,
        )


def _table_of(node: dict[str, Any]) -> str | None:
    if node.get("type") == "SHOW_REF" and not node.get("query"):
        raise refused(f"what there is are the views {_listed()}; DESCRIBE shows the columns of one")
    if node.get("type") != "BASE_TABLE":
        return None
    place = [str(node.get(part) or "") for part in ("catalog_name", "schema_name", "table_name")]
    if place[0] or place[1]:
        return ".".join(part for part in place if part)
    return place[2].lower()


def _unknown(name: str) -> Exception:
    from difflib import get_close_matches

    near = get_close_matches(name, VIEWS, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return refused(
        f"there is no view {name!r}{hint} Queries read {_listed()}, and no files",
        view=name,
        nearest=near,
    )


def _listed() -> str:
    return ", ".join(VIEWS)


def _describes(statement: dict[str, Any]) -> bool:
    table = statement.get("node", {}).get("from_table") or {}
    return table.get("type") == "SHOW_REF" and table.get("show_type") == "DESCRIBE"
