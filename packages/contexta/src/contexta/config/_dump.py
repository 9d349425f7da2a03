"""Write a configuration out: as a mapping, as JSON, as TOML."""

import json
from enum import Enum
from pathlib import Path
from typing import Any

import pydantic

from contexta.config._leaves import section_class, settings
from contexta.config._problems import Problem, settings_error
from contexta.config._unified import UnifiedConfig


def config_to_mapping(
    config: UnifiedConfig, *, json_safe: bool = False, derived: bool = True
) -> dict[str, Any]:
    """All settings as nested dicts in field order.

    Args:
        config: the configuration.
        json_safe: paths as text, tuples as lists, enum members as their value, so that
            ``json.dumps`` works; otherwise paths stay ``Path`` and tuples stay tuples.
        derived: also the paths that follow from the workspace; without them, building
            from the mapping with another workspace moves them.

    Raises:
        ConfigurationError: ``config`` is no ``UnifiedConfig``.
    """
    if not isinstance(config, UnifiedConfig):
        raise settings_error([Problem("config", config, "must be a UnifiedConfig")])
    mapping = _section(config, json_safe=json_safe)
    if derived:
        return mapping
    for setting in settings():
        owner: pydantic.BaseModel = config
        place = mapping
        for name in setting.path[:-1]:
            owner, place = getattr(owner, name), place[name]
        if setting.derived and setting.path[-1] not in owner.model_fields_set:
            del place[setting.path[-1]]
    return mapping


def config_to_json(config: UnifiedConfig, *, derived: bool = True) -> str:
    """All settings as JSON text, two blanks of indent, in field order."""
    mapping = config_to_mapping(config, json_safe=True, derived=derived)
    return json.dumps(mapping, indent=2, ensure_ascii=False)


def config_to_toml(config: UnifiedConfig, *, derived: bool = False) -> str:
    """All settings as TOML text that ``load_config(config_file=...)`` reads back.

    Settings that are ``None`` are left out (TOML has no null), and so are derived paths
    unless asked for.  ``profile_name`` is left out as well: it becomes ``profile``.
    """
    mapping = config_to_mapping(config, json_safe=True, derived=derived)
    mapping = {"profile": mapping.pop("profile_name"), **mapping}
    lines: list[str] = []
    _toml_table(mapping, "", lines)
    return "\n".join(lines) + "\n"


def _section(model: pydantic.BaseModel, *, json_safe: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if section_class(field) is not None:
            found[name] = _section(value, json_safe=json_safe)
        else:
            found[name] = _json_safe(value) if json_safe else value
    return found


def _json_safe(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _toml_table(table: dict[str, Any], name: str, lines: list[str]) -> None:
    values = {key: one for key, one in table.items() if not isinstance(one, dict)}
    if name and values:
        lines.extend(["", f"[{name}]"])
    for key, value in values.items():
        if value is not None:
            # JSON and TOML write texts, numbers, booleans and flat lists alike, but for DEL.
            text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
            lines.append(f"{key} = {text}")
    for key, value in table.items():
        if isinstance(value, dict):
            _toml_table(value, f"{name}.{key}" if name else key, lines)
