"""Settings from TOML and JSON files."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from contexta.config._leaves import settings
from contexta.config._problems import show
from contexta.config._profiles import checked_overlays, checked_profile
from contexta.config._types import absolute_path
from contexta.config._unified import ProfileName
from contexta.contract.errors import ConfigurationError

MAX_FILE_BYTES = 1_048_576
_SUFFIXES = (".toml", ".json")
_PYPROJECT = "pyproject.toml"


class ConfigFile(NamedTuple):
    """What a file says: selectors (``None`` when absent) and a patch with absolute paths."""

    path: Path
    profile: ProfileName | None
    overlays: tuple[str, ...] | None
    patch: dict[str, Any]


def read_config_file(path: str | Path) -> ConfigFile:
    """Read a settings file; relative paths in it are relative to its folder.

    Of a ``pyproject.toml`` only the table ``[tool.contexta]`` is read.

    Raises:
        ConfigurationError: `config_file_not_found`, `unsupported_config_file`,
            `invalid_config_file` or `invalid_profile_selector`.
    """
    try:
        file = absolute_path(path)
    except ValueError as error:
        message = f"config file {show(path)} {error}"
        raise ConfigurationError(
            message, code="config_file_not_found", details={"config_file": show(path)}, cause=error
        ) from error
    if file.suffix.lower() not in _SUFFIXES:
        raise ConfigurationError(
            f"config file {file} has the suffix {file.suffix!r}: only TOML and JSON are read; "
            "rename or convert it to .toml or .json",
            code="unsupported_config_file",
            details={"config_file": str(file), "supported": list(_SUFFIXES)},
        )
    return _interpreted(file, _parsed(file))


def pyproject_table(file: Path) -> bool:
    """Whether a ``pyproject.toml`` has our table; one that cannot be read has none."""
    try:
        text = file.read_bytes()[:MAX_FILE_BYTES]
    except OSError:
        return False
    return b"[tool.contexta" in text


def _parsed(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"config file {file} does not exist: check the path",
            code="config_file_not_found",
            details={"config_file": str(file)},
            cause=error,
        ) from error
    except OSError as error:
        raise _invalid(file, f"cannot be read: {error.strerror}", error) from error
    if len(raw) > MAX_FILE_BYTES:
        raise _invalid(file, f"is larger than {MAX_FILE_BYTES} bytes; split off what is no setting")
    try:
        text = raw.decode("utf-8-sig")
        found = tomllib.loads(text) if file.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(file, f"cannot be parsed: {error}", error) from error
    if file.name == _PYPROJECT:
        tools = found.get("tool", {})
        found = tools.get("contexta", {}) if isinstance(tools, dict) else tools
    if not isinstance(found, dict):
        raise _invalid(file, "must hold a table of settings at the top")
    return found


def _interpreted(file: Path, found: dict[str, Any]) -> ConfigFile:
    profile, overlays = found.pop("profile", None), found.pop("overlays", None)
    if profile is not None and not isinstance(profile, str):
        raise _invalid(file, f"has profile = {show(profile)}: it must be the name of a profile")
    if overlays is not None and not isinstance(overlays, str | list):
        raise _invalid(file, f"has overlays = {show(overlays)}: it must be a list of names")
    origin = f"file {file}"
    return ConfigFile(
        file,
        None if profile is None else checked_profile(profile, origin=origin),
        None if overlays is None else checked_overlays(overlays, origin=origin),
        _with_absolute_paths(found, file.parent),
    )


def _with_absolute_paths(patch: dict[str, Any], folder: Path) -> dict[str, Any]:
    for setting in settings():
        if not setting.is_path:
            continue
        section: Any = patch
        for part in setting.path[:-1]:
            section = section.get(part) if isinstance(section, Mapping) else None
        name = setting.path[-1]
        value = section.get(name) if isinstance(section, dict) else None
        if isinstance(value, str) and value.strip() not in ("", ":memory:"):
            try:
                section[name] = absolute_path(value, base=folder)
            except ValueError:
                continue  # left as it is: validation names the setting and the file
    return patch


def _invalid(file: Path, rule: str, cause: BaseException | None = None) -> ConfigurationError:
    return ConfigurationError(
        f"config file {file} {rule}",
        code="invalid_config_file",
        details={"config_file": str(file)},
        cause=cause,
    )
