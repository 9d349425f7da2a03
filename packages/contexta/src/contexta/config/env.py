"""Settings from environment variables.

Each setting has the variable ``CONTEXTA_`` + its dotted key in capitals, dots as ``_``:
``capture.retry_attempts`` is ``CONTEXTA_CAPTURE_RETRY_ATTEMPTS``.  ``CONTEXTA_WORKSPACE``
is short for ``CONTEXTA_WORKSPACE_ROOT_PATH``, which wins where both are set.
Blank values count as not set; ``null`` and ``none`` mean ``None`` for optional settings.
"""

import os
import warnings
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple

from contexta.config._inert import ConfigWarning
from contexta.config._layers import Layer
from contexta.config._leaves import CANONICAL_ENV_PREFIX, Setting, settings
from contexta.config._problems import UNKNOWN_FIELD, Problem, settings_error
from contexta.config._profiles import checked_overlays, checked_profile
from contexta.config._unified import ProfileName

PROFILE_ENV_KEY = "CONTEXTA_PROFILE"
PROFILE_OVERLAYS_ENV_KEY = "CONTEXTA_PROFILE_OVERLAYS"
WORKSPACE_ENV_KEY = "CONTEXTA_WORKSPACE"
NON_OVERRIDABLE_ENV_KEYS = frozenset({"CONTEXTA_CONFIG_VERSION", "CONTEXTA_PROFILE_NAME"})

_SELECTORS = frozenset({PROFILE_ENV_KEY, PROFILE_OVERLAYS_ENV_KEY})
_NONE_WORDS = frozenset({"null", "none"})


class EnvSelector(NamedTuple):
    """Profile and overlays chosen by variables; ``None`` where no variable is set."""

    profile: ProfileName | None
    overlays: tuple[str, ...] | None


def read_env_selector(env: Mapping[str, str] | None = None) -> EnvSelector:
    """Read ``CONTEXTA_PROFILE`` and ``CONTEXTA_PROFILE_OVERLAYS``.

    Raises:
        ConfigurationError: `invalid_profile_selector`.
    """
    variables = os.environ if env is None else env
    _ours(variables)
    profile = variables.get(PROFILE_ENV_KEY, "").strip()
    overlays = variables.get(PROFILE_OVERLAYS_ENV_KEY, "").strip()
    return EnvSelector(
        checked_profile(profile, origin=PROFILE_ENV_KEY) if profile else None,
        checked_overlays(overlays, origin=PROFILE_OVERLAYS_ENV_KEY) if overlays else None,
    )


def read_env_patch(env: Mapping[str, str] | None = None, *, strict: bool = False) -> dict[str, Any]:
    """Read all setting variables as a nested patch.

    Args:
        env: variables to read instead of those of the process.
        strict: raise for a variable of our prefix that is no setting, instead of warning.

    Raises:
        ConfigurationError: `non_overridable_config_key`; with ``strict`` also
            `unknown_config_field`.
    """
    return dict(env_layer(os.environ if env is None else env, strict=strict).patch)


def env_layer(variables: Mapping[str, str], *, strict: bool = False) -> Layer:
    """The layer of what the variables set, each key with the name of its variable."""
    given = _ours(variables)
    patch: dict[str, Any] = {}
    names: dict[str, str] = {}
    if not given:
        return Layer("env", patch)
    _check_names(given, strict=strict)
    for name, setting in _variables().items():
        value = given.get(name, "").strip()
        if value:
            _place(patch, setting, value)
            names[setting.key] = name
    return Layer("env", patch, variables=names)


def _ours(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of our prefix, all of them text."""
    if not isinstance(variables, Mapping):
        raise settings_error([Problem("env", variables, "must be a mapping of variables")])
    given = {
        name: value
        for name, value in variables.items()
        if isinstance(name, str) and name.startswith(CANONICAL_ENV_PREFIX)
    }
    wrong = [name for name, value in given.items() if not isinstance(value, str)]
    if wrong:
        raise settings_error([Problem(n, given[n], "must be text", env_key=n) for n in wrong])
    return given


def has_workspace(variables: Mapping[str, str]) -> bool:
    """Whether a variable names the workspace."""
    return any(
        variables.get(name, "").strip()
        for name in (WORKSPACE_ENV_KEY, f"{WORKSPACE_ENV_KEY}_ROOT_PATH")
    )


@cache
def _variables() -> dict[str, Setting]:
    """The setting of each variable; of two for one setting the later wins."""
    found = {setting.env_key: setting for setting in settings()}
    for name in NON_OVERRIDABLE_ENV_KEYS:
        del found[name]
    root = found["CONTEXTA_WORKSPACE_ROOT_PATH"]
    return {WORKSPACE_ENV_KEY: root, **found}


def _place(patch: dict[str, Any], setting: Setting, text: str) -> None:
    value = None if setting.optional and text.lower() in _NONE_WORDS else text
    section = patch
    for part in setting.path[:-1]:
        section = section.setdefault(part, {})
    section[setting.path[-1]] = value


def _check_names(given: Mapping[str, str], *, strict: bool) -> None:
    fixed = sorted(given.keys() & NON_OVERRIDABLE_ENV_KEYS)
    if fixed:
        rule = f"cannot be set by a variable; unset it, or use {PROFILE_ENV_KEY} for a profile"
        code = "non_overridable_config_key"
        raise settings_error([Problem(n, given[n], rule, code, env_key=n) for n in fixed])
    stray = sorted(given.keys() - _variables().keys() - _SELECTORS)
    if stray and strict:
        raise settings_error(
            [Problem(n, given[n], _stray_rule(n), UNKNOWN_FIELD, env_key=n) for n in stray]
        )
    for name in stray:
        # Another tool's variable must not stop a training script.
        warnings.warn(f"{name}: {_stray_rule(name)}; it is ignored", ConfigWarning, stacklevel=5)


def _stray_rule(name: str) -> str:
    near = get_close_matches(name, _variables(), n=1, cutoff=0.8)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"there is no setting for this variable{hint}"
