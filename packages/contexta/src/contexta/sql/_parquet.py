"""An answer as a Parquet file, column by column, with the types that the engine gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta._redaction import REDACTED, Redactor, redactor_of
from contexta.contract.errors import ValidationError
from contexta.export._file import whole_file
from contexta.export._parquet import NOTES_KEY
from contexta.sql._result import QueryResult

if TYPE_CHECKING:
    import pyarrow as pa

    from contexta.config import UnifiedConfig


def write_parquet(result: QueryResult, path: str | Path, config: UnifiedConfig) -> int:
    """Write an answer into a Parquet file, whole or not at all; return the number of rows.

    Lists, structs and maps stay what they are; instants are marked as UTC. Secrets are hidden as
    in other exports, inside of nested values too when these are texts in a column of their own.

    Raises:
        StoreAccessError: the file cannot be written; an old one is unchanged.
        ValidationError: `sql_value_without_form`: Parquet cannot hold a type of the answer.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = _hidden(_marked(result), config.security)
    notes = {NOTES_KEY: json.dumps(list(result.all_notes())).encode()}
    table = table.replace_schema_metadata(notes)
    with whole_file(path) as stream:
        try:
            pq.write_table(table, stream, compression="zstd", write_page_checksum=True)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
            raise ValidationError(
                f"Parquet cannot hold this answer: {error}; CAST the column to VARCHAR in the "
                "query",
                code="sql_value_without_form",
                details={"types": [str(field.type) for field in table.schema]},
                cause=error,
            ) from error
    return result.row_count


def _marked(result: QueryResult) -> pa.Table:
    """Give columns unique names, and instants their zone."""
    import pyarrow as pa

    table = result.table.rename_columns(list(result.columns))
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            column = table.column(place).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
            table = table.set_column(place, field.name, column)
    return table


def _hidden(table: pa.Table, security: Any) -> pa.Table:
    """Replace secrets in columns of text; each text is looked at once."""
    import pyarrow as pa

    redactor = redactor_of(security)
    if redactor.mode == "off" or security.allow_unredacted_local_exports:
        return table
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            column = _cleaned(table.column(place), redactor.text)
            table = table.set_column(place, field.name, column)
    return _without_named(table, redactor)


def _cleaned(column: Any, clean: Any) -> pa.ChunkedArray:
    import pyarrow as pa

    coded = column.combine_chunks().dictionary_encode()
    texts = coded.dictionary.to_pylist()
    cleaned = [clean(text) for text in texts]
    if cleaned == texts:
        return column
    return pa.chunked_array([pa.array(cleaned, pa.string()).take(coded.indices)])


def _without_named(table: pa.Table, redactor: Redactor) -> pa.Table:
    """Hide the values of secret-looking keys, where a column names what another one holds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = table.schema.names
    if not {"key", "value"} <= {*names}:
        return table
    key, value = table.column("key"), table.column("value")
    if not (pa.types.is_string(key.type) and pa.types.is_string(value.type)):
        return table
    secret = [one for one in pc.unique(key).to_pylist() if one and redactor.is_secret_key(one)]
    if not secret:
        return table
    mask = pc.is_in(key, value_set=pa.array(secret, pa.string()))
    return table.set_column(names.index("value"), "value", pc.if_else(mask, REDACTED, value))
