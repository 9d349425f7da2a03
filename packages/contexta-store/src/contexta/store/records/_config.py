"""Settings of the record plane."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import ConfigDict, StrictBool, StrictInt, StrictStr, field_validator
from pydantic import ValidationError as PydanticValidationError

from contexta.contract.errors import ConfigurationError
from contexta.store._settings import FrozenSettings, bind_positions
from contexta.store.records._enums import DurabilityMode, LayoutMode

_E = TypeVar("_E", bound=Enum)
_CODES = {
    "durability_mode": "record_store_invalid_durability_mode",
    "layout_mode": "record_store_invalid_layout_mode",
}


class RecordStoreConfig(FrozenSettings):
    """Where and how records are stored. Frozen; equal by value.

    Attributes:
        root_path: Folder of the store; `~` is expanded, the path made absolute.
        max_segment_bytes: A write-ahead segment is sealed into Parquet beyond this size.
        max_segment_age_seconds: A segment is sealed when it is older than this.
        max_record_bytes: A larger record is rejected; store large bodies as artifacts.
        durability_mode: What `RecordStore.append` waits for. The writer used by capture has its
            own choice per call.
        layout_mode: Both names mean the one layout, Parquet.
        layout_version: Version text stamped into a new store; must agree with an existing one.
        enable_indexes: Whether derived indexes may be kept; never changes a result.
        read_only: Nothing is written, not even a lock file.
        compact_small_parts: Whether closing the last handle merges small parts when a project
            has more than 64 of them; bounded work of about a second at most.

    Raises:
        ConfigurationError: On construction, naming every field that is wrong.
        FrozenModelError: `config_is_immutable`, itself an `AttributeError`, on assignment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    root_path: Path | None = None
    max_segment_bytes: StrictInt = 16_777_216
    durability_mode: DurabilityMode = DurabilityMode.FSYNC
    layout_mode: LayoutMode = LayoutMode.PARQUET
    layout_version: StrictStr = "1"
    enable_indexes: StrictBool = True
    read_only: StrictBool = False
    max_segment_age_seconds: float = 300.0
    max_record_bytes: StrictInt = 4_194_304
    compact_small_parts: StrictBool = True

    def __init__(self, *args: Any, **values: Any) -> None:
        try:
            super().__init__(**bind_positions(type(self), args, values))
        except PydanticValidationError as error:
            raise _configuration_error(error) from error

    @field_validator("root_path", mode="before")
    @classmethod
    def _absolute(cls, value: object) -> Path | None:
        if value is None:
            return None
        if not isinstance(value, (str, os.PathLike)) or not str(value).strip():
            raise ValueError("expected a path, a non-blank text or None")
        return Path(os.path.realpath(Path(value).expanduser()))

    @field_validator("max_segment_bytes", "max_segment_age_seconds", "max_record_bytes")
    @classmethod
    def _positive(cls, value: float) -> float:
        if not value > 0:
            raise ValueError("expected a number above 0")
        return value

    @field_validator("layout_version")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("expected a non-blank text")
        return value

    @field_validator("durability_mode", mode="before")
    @classmethod
    def _durability(cls, value: object) -> DurabilityMode:
        return _member(DurabilityMode, value)

    @field_validator("layout_mode", mode="before")
    @classmethod
    def _layout(cls, value: object) -> LayoutMode:
        return _member(LayoutMode, value)

    @classmethod
    def from_unified_config(cls, config: Any) -> Self:
        """Take the record section of a unified configuration.

        The root is the section's own, or else `config.workspace.records_path`.
        """
        section: RecordStoreConfig = config.records
        values = {name: getattr(section, name) for name in cls.model_fields}
        values["root_path"] = section.root_path or config.workspace.records_path
        return cls(**values)

    @classmethod
    def from_mapping(
        cls, values: Mapping[str, Any], *, base: RecordStoreConfig | None = None
    ) -> Self:
        """Build a configuration from overrides; unknown keys are ignored."""
        start = base.model_dump() if base is not None else {}
        known = {key: value for key, value in values.items() if key in cls.model_fields}
        return cls(**{**start, **known})

    def to_dict(self) -> dict[str, Any]:
        """Return every field as JSON-ready values: path as text or None, enums as their text."""
        return self.model_dump(mode="json")


StoreConfig = RecordStoreConfig


def _member(enum: type[_E], value: object) -> _E:
    text = value.value if isinstance(value, Enum) else value
    if isinstance(text, str):
        try:
            return enum(text.strip().lower())
        except ValueError:
            pass
    allowed = ", ".join(repr(member.value) for member in enum)
    raise ValueError(f"expected one of {allowed}")


def _configuration_error(error: PydanticValidationError) -> ConfigurationError:
    problems = [
        {
            "field": ".".join(str(part) for part in issue["loc"]),
            "value": repr(issue.get("input"))[:200],
            "rule": issue["msg"].removeprefix("Value error, "),
        }
        for issue in error.errors(include_url=False)
    ]
    first = problems[0]["field"]
    details: dict[str, Any] = {"problems": problems}
    if first in _CODES:
        enum = DurabilityMode if first == "durability_mode" else LayoutMode
        details[first] = problems[0]["value"]
        details["allowed"] = [member.value for member in enum]
    text = "; ".join(f"{p['field']} = {p['value']}: {p['rule']}" for p in problems)
    return ConfigurationError(
        f"The record store configuration is not usable: {text}.",
        code=_CODES.get(first, "record_store_invalid_config"),
        details=details,
    )
