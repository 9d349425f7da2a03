"""Shortcuts: a configuration of one profile."""

from collections.abc import Iterable, Mapping
from typing import Any

from contexta.config._unified import UnifiedConfig
from contexta.config.loader import Config, PathLike, load_config, resolve_facade_config


def make_local_config(
    *,
    overlays: str | Iterable[str] | None = None,
    config_file: PathLike | None = None,
    config: Config | None = None,
    workspace: PathLike | None = None,
    project_name: str | None = None,
    env: Mapping[str, str] | None = None,
    use_env: bool = True,
) -> UnifiedConfig:
    """Resolve a configuration with the profile ``local``; see :func:`load_config`."""
    rest: dict[str, Any] = {
        "overlays": overlays,
        "config_file": config_file,
        "workspace": workspace,
        "project_name": project_name,
        "env": env,
    }
    return _make("local", config, rest, use_env=use_env)


def make_test_config(
    *,
    overlays: str | Iterable[str] | None = None,
    config_file: PathLike | None = None,
    config: Config | None = None,
    workspace: PathLike | None = None,
    project_name: str | None = None,
    env: Mapping[str, str] | None = None,
    use_env: bool = False,
) -> UnifiedConfig:
    """Resolve a configuration with the profile ``test``; by default without environment."""
    rest: dict[str, Any] = {
        "overlays": overlays,
        "config_file": config_file,
        "workspace": workspace,
        "project_name": project_name,
        "env": env,
    }
    return _make("test", config, rest, use_env=use_env)


def _make(
    profile: str, config: Config | None, rest: dict[str, Any], *, use_env: bool
) -> UnifiedConfig:
    if isinstance(config, UnifiedConfig):
        # A finished configuration is accepted alone, if it is one of this profile.
        resolve_facade_config(profile=profile, config=config)
        return load_config(config=config, **rest)
    return load_config(profile=profile, config=config, use_env=use_env, **rest)
