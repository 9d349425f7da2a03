"""Settings of a workspace: what they are, where they come from, how they are changed.

A :class:`UnifiedConfig` is complete, checked and immutable.  Build one directly from its
sections, or let :func:`load_config` resolve it from a profile, a project file, the
environment and arguments.  :func:`config_provenance` says where each value came from,
:func:`replace_unified_config` makes a changed copy, :func:`config_to_json` writes it out.

Everything raises ``contexta.errors.ConfigurationError``, whose message lists every
problem with key, value, allowed values and the file or variable to correct.  A setting or
variable without effect gives a :class:`ConfigWarning`; ``INERT`` lists such settings.
"""

from contexta.config._discovery import Project, find_project
from contexta.config._dump import config_to_json, config_to_toml
from contexta.config._inert import INERT, ConfigWarning
from contexta.config._patches import apply_env_overrides
from contexta.config._provenance import ValueSource, config_provenance
from contexta.config.bootstrap import make_local_config, make_test_config
from contexta.config.loader import load_config, load_profile, resolve_facade_config
from contexta.config.models import (
    CANONICAL_ENV_PREFIX,
    PROFILE_ENV_KEY,
    PROFILE_NAMES,
    PROFILE_OVERLAY_NAMES,
    PROFILE_OVERLAYS_ENV_KEY,
    AlertPolicy,
    AnomalyPolicy,
    ArtifactStoreConfig,
    CaptureConfig,
    CLIConfig,
    ComparisonPolicy,
    ContractConfig,
    DiagnosticsPolicy,
    ExportSurfaceConfig,
    HTMLConfig,
    HTTPConfig,
    InterpretationConfig,
    MetadataStoreConfig,
    NotebookConfig,
    ProfileName,
    ProfileOverlayName,
    RecordStoreConfig,
    RecoveryConfig,
    ReportPolicy,
    RetentionConfig,
    SearchPolicy,
    SecurityConfig,
    SurfaceConfig,
    TrendPolicy,
    UnifiedConfig,
    WorkspaceConfig,
    build_schema_defaults,
    build_unified_config,
    config_to_mapping,
    merge_config_patch,
    replace_unified_config,
)

__all__ = [
    "CANONICAL_ENV_PREFIX",
    "INERT",
    "PROFILE_ENV_KEY",
    "PROFILE_NAMES",
    "PROFILE_OVERLAYS_ENV_KEY",
    "PROFILE_OVERLAY_NAMES",
    "AlertPolicy",
    "AnomalyPolicy",
    "ArtifactStoreConfig",
    "CLIConfig",
    "CaptureConfig",
    "ComparisonPolicy",
    "ConfigWarning",
    "ContractConfig",
    "DiagnosticsPolicy",
    "ExportSurfaceConfig",
    "HTMLConfig",
    "HTTPConfig",
    "InterpretationConfig",
    "MetadataStoreConfig",
    "NotebookConfig",
    "ProfileName",
    "ProfileOverlayName",
    "Project",
    "RecordStoreConfig",
    "RecoveryConfig",
    "ReportPolicy",
    "RetentionConfig",
    "SearchPolicy",
    "SecurityConfig",
    "SurfaceConfig",
    "TrendPolicy",
    "UnifiedConfig",
    "ValueSource",
    "WorkspaceConfig",
    "apply_env_overrides",
    "build_schema_defaults",
    "build_unified_config",
    "config_provenance",
    "config_to_json",
    "config_to_mapping",
    "config_to_toml",
    "find_project",
    "load_config",
    "load_profile",
    "make_local_config",
    "make_test_config",
    "merge_config_patch",
    "replace_unified_config",
    "resolve_facade_config",
]
