"""Reading and writing small text and JSON files, durably and privately."""

import json
from pathlib import Path
from typing import Any

from contexta.contract.errors import SerializationError, StoreAccessError
from contexta.store.fs import atomic_write_text as _atomic_write_text
from contexta.store.fs import ensure_private_dir, translated_os_errors

__all__ = [
    "atomic_write_json",
    "atomic_write_text",
    "ensure_directory",
    "json_dumps",
    "read_json",
    "read_text",
    "resolve_path",
    "write_json",
    "write_text",
]


def resolve_path(path: str | Path, *, base: str | Path | None = None) -> Path:
    """Make a path absolute: ``~`` expanded, links followed, relative to ``base`` or the cwd.

    Raises:
        StoreAccessError: no path can be made of it.
    """
    try:
        expanded = Path(path).expanduser()
        return (Path(base) / expanded if base is not None else expanded).resolve()
    except (TypeError, ValueError, RuntimeError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreAccessError(
            f"{path!r} is no usable path: {reason}; give another one",
            code="io_invalid_path",
            details={"path": repr(path)},
            cause=error,
        ) from error


def ensure_directory(path: str | Path) -> Path:
    """Create a folder and its parents, 0700, if they are missing; hand back its absolute path.

    Raises:
        StoreAccessError: it cannot be created.
    """
    return ensure_private_dir(resolve_path(path))


def read_text(path: str | Path) -> str:
    """Read a UTF-8 file.

    Raises:
        StoreAccessError: it cannot be read.
        SerializationError: it is not UTF-8.
    """
    file = resolve_path(path)
    with translated_os_errors("read", file):
        data = file.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SerializationError(
            f"{file} is not UTF-8 text: {error.reason} at byte {error.start}",
            code="io_invalid_text",
            details={"path": str(file), "offset": error.start},
            cause=error,
        ) from error


def atomic_write_text(path: str | Path, text: str) -> Path:
    """Write a UTF-8 file, whole or not at all, creating its folder; hand back its path.

    Raises:
        StoreAccessError: it cannot be written; the old content stays.
    """
    file = resolve_path(path)
    if not file.name:
        raise StoreAccessError(
            f"{file} is a folder, not a file: name a file in it",
            code="io_invalid_path",
            details={"path": str(file)},
        )
    ensure_private_dir(file.parent)
    _atomic_write_text(file, text)
    return file


def write_text(path: str | Path, text: str) -> Path:
    """Same as :func:`atomic_write_text`: there is no case for a torn file."""
    return atomic_write_text(path, text)


def json_dumps(value: Any, *, indent: int | None = None) -> str:
    """Write JSON with sorted keys, compact unless ``indent`` is given, not escaping UTF-8.

    Raises:
        SerializationError: JSON cannot hold the value; NaN and infinity included.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    try:
        return json.dumps(
            value,
            sort_keys=True,
            ensure_ascii=False,
            allow_nan=False,
            indent=indent,
            separators=separators,
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise SerializationError(
            f"JSON cannot hold this value: {error}", code="io_unsupported_value", cause=error
        ) from error


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        StoreAccessError: it cannot be read.
        SerializationError: it is no JSON.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SerializationError(
            f"{path} is no valid JSON: {error}",
            code="io_invalid_json",
            details={"path": str(path)},
            cause=error,
        ) from error


def atomic_write_json(path: str | Path, value: Any, *, indent: int | None = 2) -> Path:
    """Write a JSON file with a final line end, whole or not at all; hand back its path.

    Raises:
        SerializationError: JSON cannot hold the value.
        StoreAccessError: it cannot be written.
    """
    return atomic_write_text(path, json_dumps(value, indent=indent) + "\n")


def write_json(path: str | Path, value: Any, *, indent: int | None = 2) -> Path:
    """Same as :func:`atomic_write_json`."""
    return atomic_write_json(path, value, indent=indent)
