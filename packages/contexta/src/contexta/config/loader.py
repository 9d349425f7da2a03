"""Resolve a configuration from profile, overlays, file, environment and arguments."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from contexta.config._discovery import DEFAULT_WORKSPACE, Project, find_project
from contexta.config._files import ConfigFile, read_config_file
from contexta.config._layers import Layer, build_config
from contexta.config._problems import show
from contexta.config._profiles import (
    OVERLAY_APPLICATION_ORDER,
    OVERLAY_PATCHES,
    OVERLAY_PRIORITY,
    PROFILE_PATCHES,
    checked_overlays,
    checked_profile,
    profile_layers,
)
from contexta.config._types import absolute_path
from contexta.config._unified import ProfileName, UnifiedConfig
from contexta.config.env import EnvSelector, env_layer, has_workspace, read_env_selector
from contexta.contract.errors import ConfigurationError

__all__ = [
    "OVERLAY_APPLICATION_ORDER",
    "OVERLAY_PATCHES",
    "OVERLAY_PRIORITY",
    "PROFILE_PATCHES",
    "ProfileSelector",
    "load_config",
    "load_profile",
    "resolve_facade_config",
]

PathLike = str | Path
Config = UnifiedConfig | Mapping[str, Any]


class ProfileSelector(NamedTuple):
    """The profile and the overlays, in order of application, that were chosen."""

    profile: ProfileName
    overlays: tuple[str, ...]


def load_config(
    *,
    profile: str | None = None,
    overlays: str | Iterable[str] | None = None,
    config_file: PathLike | None = None,
    config: Config | None = None,
    workspace: PathLike | None = None,
    project_name: str | None = None,
    env: Mapping[str, str] | None = None,
    use_env: bool = True,
    discover: bool | None = None,
    strict_env: bool = False,
) -> UnifiedConfig:
    """Resolve all settings.

    Later in this list wins: 1. defaults; 2. profile; 3. overlays; 4. the project folder, for
    the place of the workspace only; 5. config file; 6. environment; 7. ``config``;
    8. ``project_name``; 9. ``workspace``.

    The profile itself comes from ``profile``, else ``CONTEXTA_PROFILE``, else the file,
    else it is ``local``; the overlays likewise.

    When no workspace is named (argument, patch, variable) and no config file is given,
    the project is searched for from the working directory upward: the first folder with
    ``contexta.toml``, ``[tool.contexta]`` in ``pyproject.toml``, or ``.contexta``.  Its
    file is read, and the workspace lies in it.  Without one, in the working directory.

    Args:
        profile: ``local`` or ``test``.
        overlays: names, or one text with commas; ``()`` clears those from elsewhere.
        config_file: TOML or JSON file.
        config: nested patch; or a finished configuration, which is returned as it is
            and goes with no other argument.
        workspace: the workspace folder.
        project_name: the project.
        env: variables to read instead of those of the process.
        use_env: ``False`` reads no variable, and searches no project.
        discover: search for the project; by default the same as ``use_env``.
        strict_env: raise for an unknown ``CONTEXTA_`` variable instead of warning.

    Raises:
        ConfigurationError: with all problems, each with the place that it came from.
    """
    if isinstance(config, UnifiedConfig):
        given = {
            "profile": profile is not None,
            "overlays": bool(overlays),
            "config_file": config_file is not None,
            "workspace": workspace is not None,
            "project_name": project_name is not None,
            "env": env is not None,
            "use_env=False": use_env is not True,
        }
        return _finished(config, [name for name, is_given in given.items() if is_given])
    patch = _checked_patch(config)
    variables = (os.environ if env is None else env) if use_env else {}
    from_env = env_layer(variables, strict=strict_env)
    search = use_env if discover is None else discover
    named = workspace is not None or _names_workspace(patch) or has_workspace(variables)
    project = find_project() if search and not named and config_file is None else None
    file = _file_of(config_file, project)
    selector = _selected(profile, overlays, read_env_selector(variables), file)
    layers = [
        *profile_layers(selector.profile, selector.overlays),
        *_project_layer(project, selector),
        *_file_layer(file, project, selector),
        from_env,
        Layer("arg", patch),
        *_shorthands(workspace, project_name),
    ]
    return build_config(layers)


def load_profile(
    name: str,
    *,
    overlays: str | Iterable[str] = (),
    workspace: PathLike | None = None,
    project_name: str | None = None,
) -> UnifiedConfig:
    """Resolve a profile with overlays; no environment, no file, no search.

    Raises:
        ConfigurationError: `invalid_profile_selector` for an unknown name.
    """
    selected = profile_layers(checked_profile(name), checked_overlays(overlays))
    return build_config([*selected, *_shorthands(workspace, project_name)])


def resolve_facade_config(
    *,
    workspace: PathLike | None = None,
    profile: str | None = None,
    config: Config | None = None,
) -> UnifiedConfig:
    """Resolve the arguments of ``Contexta(...)``.

    A finished ``UnifiedConfig`` is complete: the environment and files play no part, and
    ``workspace`` and ``profile`` may only repeat what it says.  Everything else goes
    through :func:`load_config` with the environment; a workspace that nobody named is
    the project's.

    Raises:
        ConfigurationError: `invalid_config_input` when arguments contradict the finished
            configuration; otherwise as :func:`load_config`.
    """
    if not isinstance(config, UnifiedConfig):
        return load_config(profile=profile, workspace=workspace, config=config)
    _refuse_conflict("profile", profile, config.profile_name, checked_profile)
    _refuse_conflict("workspace", workspace, config.workspace.root_path, _workspace_path)
    return config


def _refuse_conflict(name: str, given: Any, configured: Any, normal: Any) -> None:
    if given is None or normal(given) == configured:
        return
    raise ConfigurationError(
        f"{name} = {show(given)} contradicts the finished configuration, which says "
        f"{show(str(configured))}: leave the argument out, or change the configuration with "
        "replace_unified_config",
        code="invalid_config_input",
        details={"argument": name, "value": str(given), "configured": str(configured)},
    )


def _workspace_path(value: PathLike) -> Path:
    try:
        return absolute_path(value)
    except ValueError as error:
        raise ConfigurationError(
            f"workspace = {show(value)}: {error}", code="invalid_config_value", cause=error
        ) from error


def _finished(config: UnifiedConfig, others: list[str]) -> UnifiedConfig:
    if others:
        raise ConfigurationError(
            f"a finished configuration goes with no other argument, but {', '.join(others)} "
            "was given too: use replace_unified_config to change it, or pass a mapping",
            code="invalid_config_input",
            details={"arguments": others},
        )
    return config


def _checked_patch(config: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        raise ConfigurationError(
            f"config = {show(config)}: must be a UnifiedConfig or a mapping of settings",
            code="invalid_config_input",
            details={"value": show(config)},
        )
    return config


def _names_workspace(patch: Mapping[str, Any]) -> bool:
    section = patch.get("workspace")
    if isinstance(section, Mapping):
        return section.get("root_path") is not None
    return section is not None


def _file_of(config_file: PathLike | None, project: Project | None) -> ConfigFile | None:
    if config_file is not None:
        return read_config_file(config_file)
    if project is not None and project.config_file is not None:
        return read_config_file(project.config_file)
    return None


def _selected(
    profile: str | None,
    overlays: str | Iterable[str] | None,
    variables: EnvSelector,
    file: ConfigFile | None,
) -> ProfileSelector:
    name = variables.profile or (file.profile if file else None) or "local"
    chosen = variables.overlays
    if chosen is None:
        chosen = file.overlays if file else None
    return ProfileSelector(
        name if profile is None else checked_profile(profile),
        (chosen or ()) if overlays is None else checked_overlays(overlays),
    )


def _project_layer(project: Project | None, selector: ProfileSelector) -> Iterator[Layer]:
    if project is not None:
        default = PROFILE_PATCHES[selector.profile].get("workspace", {})
        folder = project.root / default.get("root_path", DEFAULT_WORKSPACE)
        yield Layer("project", {"workspace": {"root_path": folder}}, str(project.root))


def _file_layer(
    file: ConfigFile | None, project: Project | None, selector: ProfileSelector
) -> Iterator[Layer]:
    if file is None:
        return
    patch = file.patch
    if project is not None and selector.profile == "test" and file.profile != "test":
        # A file that was merely found must not send test runs into the real workspace.
        section = patch.get("workspace")
        if isinstance(section, dict):
            patch = patch | {"workspace": {}}
    yield Layer("file", patch, str(file.path))


def _shorthands(workspace: PathLike | None, project_name: str | None) -> Iterator[Layer]:
    if project_name is not None:
        yield Layer("arg", {"project_name": project_name})
    if workspace is not None:
        yield Layer("arg", {"workspace": {"root_path": workspace}})
