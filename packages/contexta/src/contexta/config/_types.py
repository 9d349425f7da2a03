"""Field types of the settings: what each accepts, also as text from files and variables."""

import json
import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_MAX_NUMBER_TEXT = 40


def absolute_path(value: Any, *, base: Path | None = None) -> Path:
    """Resolve a path: ``~`` expanded, links followed, relative to ``base`` (default: the cwd).

    Raises:
        ValueError: the value is no usable path.
    """
    if not isinstance(value, str | Path) or value == "":
        raise ValueError("must be a path, given as text or Path")
    try:
        path = Path(value).expanduser()
        return (base / path if base is not None else path).resolve()
    except (RuntimeError, OSError) as error:
        raise ValueError(f"is no usable path: {error}") from error


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
    raise ValueError("must be true or false (as text also 1/0, yes/no, on/off)")


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= _MAX_NUMBER_TEXT:
        try:
            return int(value)
        except ValueError:
            pass  # the one message below covers text and other types alike
    raise ValueError("must be a whole number")


def _number(value: Any) -> float:
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError as error:
            raise ValueError("must be a finite number") from error
    elif isinstance(value, str) and len(value) <= _MAX_NUMBER_TEXT:
        try:
            number = float(value)
        except ValueError as error:
            raise ValueError("must be a number") from error
    else:
        raise ValueError("must be a number")
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - pydantic collects ValueError only
    return _storable(value)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text that is not blank")
    return _storable(value)


def _storable(text: str) -> str:
    # JSON can name half a character; no file, database or terminal takes it later.
    if not text.isascii() and text.encode(errors="ignore").decode() != text:
        raise ValueError("must not hold a lone surrogate")
    return text


def _delimiter(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n':
        raise ValueError('must be exactly one character, neither a quote nor a line end, like ","')
    return value


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return _names_in_text(value)
    if isinstance(value, Sequence) and all(isinstance(part, str) and part for part in value):
        return tuple(value)
    raise ValueError("must be a list of texts, or one text with commas")


def _names_in_text(text: str) -> tuple[str, ...]:
    stripped = text.strip()
    if stripped.startswith("["):
        try:
            parts = json.loads(stripped)
        except (ValueError, RecursionError) as error:
            raise ValueError('starts like a JSON array but is none; write ["a", "b"]') from error
        return _names(parts)
    return tuple(part.strip() for part in stripped.split(",") if part.strip())


def value_of_text(text: str, kinds: Collection[Any]) -> Any:
    """Read text as a flag or number if ``kinds`` asks for one; else hand it back."""
    for kind, read in ((bool, _flag), (int, _whole), (float, _number)):
        if kind in kinds:
            try:
                return read(text)
            except ValueError:
                return text  # the section that owns the setting refuses it, with its rule
    return text


Flag = Annotated[bool, BeforeValidator(_flag)]
Whole = Annotated[int, BeforeValidator(_whole)]
Number = Annotated[float, BeforeValidator(_number)]
Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(_name)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Delimiter = Annotated[str, BeforeValidator(_delimiter)]
AbsolutePath = Annotated[Path, BeforeValidator(absolute_path)]
