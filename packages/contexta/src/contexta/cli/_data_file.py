"""Rules and the like from TOML and JSON files that people write."""

import json
import tomllib
from pathlib import Path
from typing import Any

from contexta.contract.errors import ValidationError

MAX_BYTES = 1_048_576
_CODE = "rules_file_invalid"


def read_data(path: str) -> Any:
    """Return the data of a ``.toml`` or ``.json`` file.

    Raises:
        ValidationError: `rules_file_not_found`, or `rules_file_invalid` for a file that is too
            large, of another kind or cannot be parsed.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in (".toml", ".json"):
        raise _invalid(path, f"has the suffix {suffix!r}; write the rules as .toml or .json", None)
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ValidationError(
            f"there is no file {path!r}; check the path",
            code="rules_file_not_found",
            details={"path": path},
            cause=error,
        ) from error
    except (OSError, ValueError) as error:
        raise _invalid(path, f"cannot be read: {error}", error) from error
    if len(raw) > MAX_BYTES:
        raise _invalid(path, f"is larger than {MAX_BYTES} bytes", None)
    try:
        text = raw.decode("utf-8-sig")
        return tomllib.loads(text) if suffix == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(path, f"cannot be parsed: {error}", error) from error


def _invalid(path: str, rule: str, cause: Exception | None) -> ValidationError:
    return ValidationError(
        f"the file {path!r} {rule}", code=_CODE, details={"path": path}, cause=cause
    )
