"""Rows as JSON and back, exactly: also rows whose text is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, Text, cast, literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection, Table


def image_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as values that JSON can hold.

    Bytes become `{"hex": …}`. Text that is not UTF-8 was read with lone surrogates in the place
    of its bytes, and becomes `{"text_hex": …}`.
    """
    return {str(name): _encoded(value) for name, value in row.items()}


def row_of(image: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of an image."""
    return {name: _decoded(value) for name, value in image.items()}


def insert_row(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row as it is."""
    connection.execute(table.insert().values({name: _bound(own) for name, own in row.items()}))


def delete_row(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Delete the row with the same key; False when it is not there."""
    keys = list(table.primary_key.columns)
    plain = [column == _bound(row[column.name]) for column in keys]
    if connection.execute(table.delete().where(*plain)).rowcount:
        return True
    # A damaged index does not lead to the row: look at every row instead.
    slow = [_same_bytes(column, row[column.name]) for column in keys]
    return bool(connection.execute(table.delete().where(*slow)).rowcount)


def has_key(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Tell whether a row with the same key is stored."""
    keys = [column == _bound(row[column.name]) for column in table.primary_key.columns]
    return connection.execute(table.select().where(*keys)).first() is not None


def _same_bytes(column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogateescape")
        return cast(column, LargeBinary) == literal(raw, LargeBinary)
    return (column + 0) == value if isinstance(value, int) else column == value


def _bound(value: Any) -> Any:
    if isinstance(value, str) and _is_damaged(value):
        return cast(literal(value.encode("utf-8", "surrogateescape"), LargeBinary), Text)
    return value


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, str) and _is_damaged(value):
        return {"text_hex": value.encode("utf-8", "surrogateescape").hex()}
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        if "hex" in value:
            return bytes.fromhex(value["hex"])
        return bytes.fromhex(value["text_hex"]).decode("utf-8", "surrogateescape")
    return value


def _is_damaged(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
