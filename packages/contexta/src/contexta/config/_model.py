"""The base of all settings sections: frozen, checked however it is built, our errors only."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pydantic

from contexta.config._inert import warn_if_inert
from contexta.config._problems import Problem, problems_in, settings_error
from contexta.contract.dataclass_view import DataclassView
from contexta.contract.errors import FrozenModelError


class ConfigModel(pydantic.BaseModel):
    """A section of the settings: immutable, hashable, comparable, picklable.

    Raises:
        ConfigurationError: a value breaks its rule, or a name is unknown.  The message
            lists every problem with key, value and the values allowed.
    """

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False
    )

    __dataclass_fields__ = DataclassView("__dataclass_fields__")
    __dataclass_params__ = DataclassView("__dataclass_params__")

    section: ClassVar[str] = ""
    """Dotted place of this section below the root, the prefix of its keys."""

    def __init__(self, /, *args: Any, **values: Any) -> None:
        values = self._with_positional(args, values)
        try:
            super().__init__(**values)
        except pydantic.ValidationError as error:
            problems = problems_in(error, type(self), self.section)
            raise settings_error(problems, cause=error) from error
        warn_if_inert(self, self.section)

    @classmethod
    def model_validate(cls, obj: Any, **_options: Any) -> Self:
        """Build from a mapping, or hand back an instance.

        Raises:
            ConfigurationError: the input is neither, or one of its values is wrong.
        """
        if isinstance(obj, cls):
            return obj
        if not isinstance(obj, Mapping):
            raise settings_error(
                [Problem(cls.section or "config", obj, f"must be a {cls.__name__} or a mapping")]
            )
        return cls(**text_keys(obj, cls.section))

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **_options: Any) -> Self:
        """Build from JSON text.

        Raises:
            ConfigurationError: the text is no JSON object, or one of its values is wrong.
        """
        try:
            found = json.loads(json_data)
        except (ValueError, RecursionError) as error:
            label = cls.section or "config"
            problem = Problem(label, json_data[:40], "is not valid JSON")
            raise settings_error([problem], cause=error) from error
        return cls.model_validate(found)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy with some fields changed; the new values are checked like any other.

        Raises:
            ConfigurationError: a changed value is wrong.
        """
        if not update:
            return super().model_copy(deep=deep)
        return type(self)(**(explicit_values(self) | dict(update)))

    if not TYPE_CHECKING:  # type checkers know from ``frozen`` that assignment is wrong

        def __setattr__(self, name: str, value: Any) -> None:
            if not name.startswith("_"):
                raise self._frozen(name)
            super().__setattr__(name, value)

        def __delattr__(self, name: str) -> None:
            raise self._frozen(name)

    def _frozen(self, name: str) -> FrozenModelError:
        return FrozenModelError(
            f"{type(self).__name__}.{name} cannot be changed: settings are immutable; "
            "make a changed copy with replace_unified_config or model_copy(update=...)",
            code="config_is_immutable",
            details={"field_name": name},
        )

    def __replace__(self, **changes: Any) -> Self:
        return self.model_copy(update=changes)

    def _with_positional(self, args: tuple[Any, ...], values: dict[str, Any]) -> dict[str, Any]:
        names = tuple(type(self).model_fields)
        label = type(self).__name__
        if len(args) > len(names):
            raise settings_error([Problem(label, len(args), f"takes {len(names)} values at most")])
        placed = dict(zip(names, args, strict=False))
        twice = [Problem(label, name, "is given twice") for name in placed if name in values]
        if twice:
            raise settings_error(twice)
        merged = placed | values
        for name, value in merged.items():
            if isinstance(value, Mapping):
                key = f"{self.section}.{name}" if self.section else name
                merged[name] = text_keys(value, key)
        return merged


def explicit_values(model: pydantic.BaseModel) -> dict[str, Any]:
    """The fields that were given, not filled in: ``{name: value}`` in field order."""
    names = model.model_fields_set
    return {name: getattr(model, name) for name in type(model).model_fields if name in names}


def text_keys(mapping: Mapping[Any, Any], key: str) -> dict[str, Any]:
    """Copy a mapping of settings, refusing keys that are no text."""
    wrong = [name for name in mapping if not isinstance(name, str)]
    if wrong:
        rule = "setting names must be text"
        raise settings_error([Problem(key or "config", name, rule) for name in wrong])
    return dict(mapping)
