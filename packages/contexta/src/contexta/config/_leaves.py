"""Every setting, read off the section models: key, variable name, what kind of value."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

CANONICAL_ENV_PREFIX = "CONTEXTA_"


class Setting(NamedTuple):
    """One setting.

    Attributes:
        path: names from the root, like ``("capture", "retry_attempts")``.
        kinds: the plain types inside its annotation.
        default: value when nothing sets it.
    """

    path: tuple[str, ...]
    kinds: frozenset[Any]
    default: Any

    @property
    def key(self) -> str:
        """Dotted key, like ``capture.retry_attempts``."""
        return ".".join(self.path)

    @property
    def env_key(self) -> str:
        """Name of its environment variable."""
        return CANONICAL_ENV_PREFIX + "_".join(self.path).upper()

    @property
    def optional(self) -> bool:
        """Whether ``None`` is a value of it."""
        return NoneType in self.kinds

    @property
    def is_path(self) -> bool:
        """Whether it holds a path, so that relative text needs a base folder."""
        return Path in self.kinds

    @property
    def derived(self) -> bool:
        """Whether an unset value is filled in from the workspace."""
        return self.is_path and self.optional


@cache
def settings() -> tuple[Setting, ...]:
    """All settings in field order."""
    from contexta.config._unified import UnifiedConfig

    return tuple(_walk(UnifiedConfig, ()))


@cache
def settings_by_key() -> dict[str, Setting]:
    """All settings by dotted key."""
    return {setting.key: setting for setting in settings()}


def section_class(field: FieldInfo) -> type[pydantic.BaseModel] | None:
    """The model class of a section field, ``None`` for a field that holds a value."""
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        return kind
    return None


def _walk(model: type[pydantic.BaseModel], path: tuple[str, ...]) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        section = section_class(field)
        if section is not None:
            yield from _walk(section, (*path, name))
            continue
        yield Setting((*path, name), frozenset(_kinds(field.annotation)), field.default)


def _kinds(annotation: Any) -> Iterator[Any]:
    """The plain types inside a union or ``Annotated``, at any depth."""
    inner = () if get_origin(annotation) is Literal else get_args(annotation)
    if not inner:
        yield annotation
    for part in inner:
        if isinstance(part, type) or get_args(part):
            yield from _kinds(part)
