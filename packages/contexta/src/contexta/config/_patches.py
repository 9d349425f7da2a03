"""Build and change configurations by nested patches."""

import os
from collections.abc import Mapping
from typing import Any

from contexta.config._layers import Layer, build_config, explicit_tree
from contexta.config._problems import Problem, settings_error
from contexta.config._unified import UnifiedConfig
from contexta.config.env import env_layer


def build_schema_defaults() -> UnifiedConfig:
    """All defaults, with the workspace ``.contexta`` in the working directory."""
    return UnifiedConfig()


def build_unified_config(patch: Mapping[str, Any] | None = None) -> UnifiedConfig:
    """Defaults with a nested patch over them.

    Raises:
        ConfigurationError: lists every wrong or unknown setting.
    """
    return build_config([Layer("arg", _checked(patch))])


def replace_unified_config(
    config: UnifiedConfig, patch: Mapping[str, Any] | None = None
) -> UnifiedConfig:
    """A changed copy.  Derived paths follow a new workspace; given paths stay.

    Raises:
        ConfigurationError: lists every wrong or unknown setting.
    """
    return _patched(_finished(config), Layer("arg", _checked(patch)))


def apply_env_overrides(
    config: UnifiedConfig, *, env: Mapping[str, str] | None = None, strict: bool = False
) -> UnifiedConfig:
    """A copy with the settings from variables; the same object if none is set.

    ``CONTEXTA_PROFILE`` and ``CONTEXTA_PROFILE_OVERLAYS`` play no part here.

    Raises:
        ConfigurationError: a variable holds a wrong value; with ``strict`` also when a
            ``CONTEXTA_`` variable is no setting.
    """
    _finished(config)
    layer = env_layer(os.environ if env is None else env, strict=strict)
    return _patched(config, layer) if layer.patch else config


def _patched(config: UnifiedConfig, layer: Layer) -> UnifiedConfig:
    # The old values were warned of when they were set.
    base = Layer("default", explicit_tree(config))
    changed = build_config([base, layer])
    kept = {
        key: source
        for key, source in config.tracked_sources.items()
        if changed.tracked_sources.get(key, layer).kind == "default"
    }
    return changed.track_sources(kept)


def _finished(config: UnifiedConfig) -> UnifiedConfig:
    if not isinstance(config, UnifiedConfig):
        raise settings_error([Problem("config", config, "must be a UnifiedConfig")])
    return config


def _checked(patch: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if patch is not None and not isinstance(patch, Mapping):
        raise settings_error([Problem("config", patch, "must be a mapping of settings")])
    return patch or {}
