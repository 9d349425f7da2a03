"""The base of the store settings: frozen, strict about names, with our own errors."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args, get_origin

import pydantic
from pydantic import BaseModel, ConfigDict

from contexta.contract.dataclass_view import DataclassView
from contexta.contract.errors import ConfigurationError, FrozenModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from pydantic.fields import FieldInfo


class FrozenSettings(BaseModel):
    """The behavior that all settings share: immutable, and a dataclass to those who ask."""

    __dataclass_fields__ = DataclassView("__dataclass_fields__")
    __dataclass_params__ = DataclassView("__dataclass_params__")

    if not TYPE_CHECKING:  # type checkers know from ``frozen`` that assignment is wrong

        def __setattr__(self, name: str, value: Any) -> None:
            raise self._frozen(name)

        def __delattr__(self, name: str) -> None:
            raise self._frozen(name)

    def _frozen(self, name: str) -> FrozenModelError:
        return FrozenModelError(
            f"{type(self).__name__}.{name} cannot be changed: settings are immutable; "
            "make a changed copy with dataclasses.replace(settings, ...)",
            code="config_is_immutable",
            details={"field_name": name},
        )


class StoreSettings(FrozenSettings):
    """Settings of one plane: immutable, comparable, checked on construction.

    Fields may be given by position, too.

    Raises:
        ConfigurationError: Naming every field that is wrong, not the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    error_code: ClassVar[str] = "store_invalid_config"
    """Code of a refused value, unless the field has one of its own."""
    field_error_codes: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any, **values: Any) -> None:
        try:
            super().__init__(**bind_positions(type(self), args, values))
        except pydantic.ValidationError as error:
            raise self._configuration_error(error) from error

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, base: Self | None = None) -> Self:
        """Return settings with `values` laid over `base` (or over the defaults).

        Unknown keys are ignored, so that one mapping can serve several planes.

        Raises:
            ConfigurationError: When a known key has a value that is refused.
        """
        current = (
            {} if base is None else {name: getattr(base, name) for name in base.model_fields_set}
        )
        known = {name: value for name, value in values.items() if name in cls.model_fields}
        return cls(**{**current, **known})

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values; paths and enumeration members as text."""
        return self.model_dump(mode="json")

    @classmethod
    def _shown(cls, value: object) -> str:
        """Return how a refused value is printed; sections with secrets hide them here."""
        return repr(value)[:200]

    @classmethod
    def _configuration_error(cls, error: pydantic.ValidationError) -> ConfigurationError:
        problems = [
            {
                "field": ".".join(str(part) for part in item["loc"]) or "<settings>",
                "message": item["msg"],
                "kind": item["type"],
                "value": cls._shown(item["input"]),
            }
            for item in error.errors(include_url=False, include_context=False)
        ]
        first = problems[0]
        text = "; ".join(
            f"{item['field']} = {item['value']}: {item['message']}" for item in problems
        )
        return ConfigurationError(
            f"{cls.__name__} refuses {text}.",
            code=cls.field_error_codes.get(first["field"], cls.error_code),
            details={
                "field_name": first["field"],
                "value": first["value"],
                "type": type(error.errors(include_url=False)[0]["input"]).__name__,
                first["field"]: first["value"],
                **_allowed(cls.model_fields.get(first["field"])),
                "problems": problems,
            },
        )


def bind_positions(
    model: type[BaseModel], args: Sequence[Any], values: dict[str, Any]
) -> dict[str, Any]:
    """Return keyword arguments in which positional ones have the names of the fields, in order.

    Raises:
        TypeError: As a call with too many or repeated arguments does.
    """
    if not args:
        return values
    names = list(model.model_fields)
    if len(args) > len(names):
        raise TypeError(f"{model.__name__} takes {len(names)} arguments, not {len(args)}")
    given = dict(zip(names, args, strict=False))
    twice = sorted(given.keys() & values.keys())
    if twice:
        raise TypeError(f"{model.__name__} got {', '.join(twice)} twice")
    return {**given, **values}


def _allowed(field: FieldInfo | None) -> dict[str, list[str]]:
    """Return the texts that a field of fixed words takes, as `allowed`."""
    kind = None if field is None else field.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"allowed": [str(member.value) for member in kind]}
    if get_origin(kind) is Literal:
        return {"allowed": [str(value) for value in get_args(kind)]}
    return {}


def absolute_path(value: object) -> object:
    """Expand `~` and make a path absolute against the current folder; pass others through."""
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("a path must not be blank; leave it out for none")
        value = Path(value.strip())
    if isinstance(value, Path):
        return value.expanduser().absolute()
    return value
