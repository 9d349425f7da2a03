"""Profiles and overlays: named sets of values below files, variables and arguments."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

from contexta.config._layers import Layer
from contexta.config._problems import show
from contexta.config._unified import ProfileName
from contexta.contract.errors import ConfigurationError

ProfileOverlayName = Literal["debug", "ci", "readonly", "forensic"]

PROFILE_NAMES: tuple[str, ...] = get_args(ProfileName)
PROFILE_OVERLAY_NAMES: tuple[str, ...] = get_args(ProfileOverlayName)

PROFILE_PATCHES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "local": {},
        "test": {
            "profile_name": "test",
            "project_name": "test",
            "workspace": {"root_path": ".contexta-test"},
            "capture": {
                "capture_environment_snapshot": False,
                "capture_installed_packages": False,
                "capture_code_revision": False,
            },
            "records": {"durability_mode": "flush"},
            "artifacts": {"verification_mode": "strict"},
            "recovery": {"create_backup_before_restore": False},
            "surfaces": {"html": {"enabled": False}, "notebook": {"enabled": False}},
            "security": {"redaction_mode": "strict"},
        },
    }
)
"""What each profile changes against the defaults."""

OVERLAY_PATCHES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "debug": {
            "interpretation": {
                "diagnostics": {"detect_degraded_records": True},
                "reports": {"include_evidence_summary": True},
            },
            "surfaces": {"cli": {"verbosity": "debug"}},
            "retention": {"cache_ttl_days": None},
        },
        "forensic": {
            "interpretation": {
                "reports": {"include_lineage_summary": True, "include_evidence_summary": True}
            },
            "surfaces": {"cli": {"verbosity": "forensic"}},
            "retention": {"cache_ttl_days": None, "export_ttl_days": None},
        },
        "ci": {
            "capture": {"retry_attempts": 0},
            "surfaces": {
                "cli": {"default_output_format": "json", "color": False},
                "http": {"enabled": False},
            },
        },
        "readonly": {
            "metadata": {"read_only": True},
            "records": {"read_only": True},
            "artifacts": {"read_only": True},
        },
    }
)
"""What each overlay sets, in the order in which overlays are applied."""

OVERLAY_APPLICATION_ORDER: tuple[str, ...] = tuple(OVERLAY_PATCHES)
OVERLAY_PRIORITY: Mapping[str, int] = MappingProxyType(
    {name: place for place, name in enumerate(OVERLAY_APPLICATION_ORDER)}
)


def checked_profile(name: object, *, origin: str = "") -> ProfileName:
    """Return a known profile name.

    Raises:
        ConfigurationError: `invalid_profile_selector`.
    """
    if name not in PROFILE_NAMES:
        raise _unknown("profile", [name], PROFILE_NAMES, origin)
    return cast(ProfileName, name)


def checked_overlays(names: str | Iterable[str], *, origin: str = "") -> tuple[str, ...]:
    """Return known overlay names in the order of their application, each once.

    Accepts one text with commas, or an iterable of names; blanks are ignored.

    Raises:
        ConfigurationError: `invalid_profile_selector`.
    """
    if not isinstance(names, Iterable):
        raise _unknown("overlay", [names], PROFILE_OVERLAY_NAMES, origin)
    parts = names.split(",") if isinstance(names, str) else list(names)
    cleaned = [part.strip() if isinstance(part, str) else part for part in parts]
    given = [part for part in cleaned if part != ""]
    unknown = [part for part in given if part not in PROFILE_OVERLAY_NAMES]
    if unknown:
        raise _unknown("overlay", unknown, PROFILE_OVERLAY_NAMES, origin)
    return tuple(name for name in OVERLAY_APPLICATION_ORDER if name in given)


def profile_layers(profile: ProfileName, overlays: Iterable[str]) -> Iterator[Layer]:
    """The lowest layers: the profile, then its overlays in order."""
    yield Layer("profile", PROFILE_PATCHES[profile], profile)
    for name in overlays:
        yield Layer("overlay", OVERLAY_PATCHES[name], name)


def _unknown(
    what: str, names: list[Any], allowed: tuple[str, ...], origin: str
) -> ConfigurationError:
    shown = ", ".join(show(name) for name in names)
    source = f" (from {origin})" if origin else ""
    details: dict[str, Any] = {
        "invalid": [show(name) for name in names],
        "value": show(names[0]),
        "allowed": list(allowed),
    }
    if origin:
        details["source"] = origin
    return ConfigurationError(
        f"unknown {what} {shown}{source}: use one of {', '.join(allowed)}",
        code="invalid_profile_selector",
        details=details,
    )
