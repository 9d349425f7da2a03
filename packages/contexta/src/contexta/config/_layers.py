"""Merge patches in order of precedence and build the configuration that they describe."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pydantic

from contexta.config._inert import INERT, quiet, warn_inert
from contexta.config._leaves import section_class, settings_by_key
from contexta.config._model import text_keys
from contexta.config._problems import Problem, problems_of, settings_error
from contexta.config._provenance import SourceKind, ValueSource
from contexta.config._types import value_of_text
from contexta.config._unified import UnifiedConfig
from contexta.contract.errors import ConfigurationError

_WRITTEN_BY_USERS = frozenset({"file", "env", "arg"})
_STORE_SECTIONS = frozenset({"metadata", "records", "artifacts"})


class Layer(NamedTuple):
    """A nested patch and where it came from; ``variables`` names the variable of a key."""

    kind: SourceKind
    patch: Mapping[str, Any]
    detail: str = ""
    variables: Mapping[str, str] = {}

    def source_of(self, key: str) -> ValueSource:
        """Where this layer took the value of ``key`` from."""
        return ValueSource(self.kind, self.variables.get(key, self.detail))


def build_config(layers: Iterable[Layer]) -> UnifiedConfig:
    """Build from layers, later ones win; each value remembers its layer.

    Raises:
        ConfigurationError: a value is wrong or a key unknown; lists every problem, each
            with the file, variable or profile that it came from.
    """
    merged: dict[str, Any] = {}
    sources: dict[str, ValueSource] = {}
    for layer in layers:
        patch = text_keys(layer.patch, "")
        for key, replaces in _keys(patch, UnifiedConfig, ""):
            if replaces:
                sources = {old: at for old, at in sources.items() if not old.startswith(f"{key}.")}
            else:
                sources[key] = layer.source_of(key)
        merged = _merged(merged, patch, UnifiedConfig)
    _read_text(merged, sources)
    try:
        with quiet():
            config = UnifiedConfig(**merged)
    except ConfigurationError as error:
        raise _with_sources(error, sources) from error
    _warn_of_inert(config, sources)
    return config.track_sources(sources)


def explicit_tree(model: pydantic.BaseModel) -> dict[str, Any]:
    """The given values of a section and of the sections below it, as nested mappings."""
    tree: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if section_class(field) is not None:
            below = explicit_tree(value)
            if below:
                tree[name] = below
        elif name in model.model_fields_set:
            tree[name] = value
    return tree


def merge_config_patch(
    base: Mapping[str, Any] | None, patch: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Merge two nested patches: a mapping into a mapping recurses, anything else replaces.

    Neither input is changed.

    Raises:
        ConfigurationError: an input is no mapping.
    """
    for value in (base, patch):
        if value is not None and not isinstance(value, Mapping):
            raise settings_error([Problem("config", value, "must be a mapping of settings")])
    merged = {key: _copied(value) for key, value in (base or {}).items()}
    for key, value in (patch or {}).items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge_config_patch(merged[key], value)
        else:
            merged[key] = _copied(value)
    return merged


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    return copy.copy(value) if isinstance(value, list) else value


def _merged(
    base: Mapping[str, Any], patch: Mapping[str, Any], model: type[pydantic.BaseModel]
) -> dict[str, Any]:
    """Merge along the model, so that an instance of a section replaces the section."""
    merged = dict(base)
    for name, value in patch.items():
        section = _section_of(model, name)
        if section is not None and isinstance(value, section):
            merged[name] = explicit_tree(value)
        elif section is not None and isinstance(value, Mapping):
            below = merged.get(name)
            start = below if isinstance(below, Mapping) else {}
            merged[name] = _merged(start, text_keys(value, name), section)
        else:
            merged[name] = value
    return merged


def _keys(
    patch: Mapping[str, Any], model: type[pydantic.BaseModel], prefix: str
) -> Iterator[tuple[str, bool]]:
    """Yield ``(dotted key, replaces all below it)`` of what a patch sets."""
    for name, value in patch.items():
        key = f"{prefix}{name}"
        section = _section_of(model, str(name))
        if section is not None and isinstance(value, section):
            yield key, True
            yield from _keys(explicit_tree(value), section, f"{key}.")
        elif section is not None and isinstance(value, Mapping):
            yield from _keys(value, section, f"{key}.")
        else:
            yield key, False


def _section_of(model: type[pydantic.BaseModel], name: str) -> type[pydantic.BaseModel] | None:
    field = model.model_fields.get(name)
    return section_class(field) if field is not None else None


def _read_text(merged: dict[str, Any], sources: Mapping[str, ValueSource]) -> None:
    """Turn text into flags and numbers where a store owns the section.

    The stores take real booleans and numbers only; files and variables give text.
    """
    for key in sources:
        setting = settings_by_key().get(key)
        section = merged.get(key.partition(".")[0])
        if setting is None or setting.path[0] not in _STORE_SECTIONS:
            continue
        value = section.get(setting.path[1]) if isinstance(section, dict) else None
        if isinstance(section, dict) and isinstance(value, str):
            section[setting.path[1]] = value_of_text(value, setting.kinds)


def _with_sources(
    error: ConfigurationError, sources: Mapping[str, ValueSource]
) -> ConfigurationError:
    placed: list[Problem] = []
    for problem in problems_of(error):
        source = sources.get(problem.key)
        if source is None or not source.detail:
            placed.append(problem)
            continue
        env_key = source.detail if source.kind == "env" else ""
        placed.append(problem._replace(origin=str(source), env_key=env_key))
    return settings_error(placed, cause=error.cause) if placed else error


def _warn_of_inert(config: UnifiedConfig, sources: Mapping[str, ValueSource]) -> None:
    for key in sorted(sources.keys() & INERT.keys()):
        if sources[key].kind not in _WRITTEN_BY_USERS:
            continue
        value: Any = config
        for name in key.split("."):
            value = getattr(value, name)
        if value != settings_by_key()[key].default:
            warn_inert(key, origin=str(sources[key]), stacklevel=4)
