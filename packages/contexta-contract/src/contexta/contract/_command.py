"""The command ``python -m contexta.contract``: write the schema for other languages."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
from contexta.contract.errors import ConfigurationError, ContextaError, StoreAccessError
from contexta.contract.wire._json_schema import DIALECT, MODELS, json_schema

USAGE_EXIT_CODE = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{message}; see --help", code="usage")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 1 for a failure, 2 for bad use."""
    try:
        options = _parser().parse_args(argv)
        if options.out is None:
            sys.stdout.write(_text(_bundle()))
        else:
            sys.stdout.write(f"{len(write_schemas(options.out))} files in {options.out}\n")
            sys.stdout.flush()
    except ContextaError as exc:
        sys.stderr.write(f"ERROR [{exc.code}]: {exc.message}\n")
        return USAGE_EXIT_CODE if exc.code == "usage" else exc.exit_code
    except BrokenPipeError:
        # The reader (head, less) has seen enough; keep the interpreter from flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def write_schemas(folder: Path) -> list[Path]:
    """Write one schema file per model and ``index.json``; return the paths written.

    Each file is replaced whole or not at all.

    Raises:
        StoreAccessError: ``schema_write_failed``.
    """
    documents = {f"{name}.schema.json": json_schema(name) for name in MODELS}
    documents["index.json"] = _index()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_replace(folder / name, _text(document)) for name, document in documents.items()]
    except OSError as exc:
        raise StoreAccessError(
            f"cannot write schemas into {str(folder)!r} ({exc.strerror or exc}); "
            "choose a folder that you may write",
            code="schema_write_failed",
            details={"folder": str(folder)},
            cause=exc,
        ) from exc


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m contexta.contract", description="The Contexta schema, for other programs."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    schema = commands.add_parser(
        "schema",
        help="write the JSON Schema of every model",
        description="Write the JSON Schema (2020-12) of every model: one document on standard "
        "output, or with --out one file for each model and an index.",
    )
    schema.add_argument("--out", type=Path, metavar="DIR", help="folder to write into")
    return parser


def _index() -> dict[str, Any]:
    return {
        "dialect": DIALECT,
        "schema_version": DEFAULT_CONTRACT_SCHEMA_VERSION,
        "models": {name: f"{name}.schema.json" for name in MODELS},
    }


def _bundle() -> dict[str, Any]:
    return {**_index(), "models": {name: json_schema(name) for name in MODELS}}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _replace(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix="_", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return path
