"""All section models and the functions that build them."""

from contexta.config._dump import config_to_mapping
from contexta.config._interpretation import (
    AlertPolicy,
    AnomalyPolicy,
    ComparisonPolicy,
    DiagnosticsPolicy,
    InterpretationConfig,
    ReportPolicy,
    SearchPolicy,
    TrendPolicy,
)
from contexta.config._layers import merge_config_patch
from contexta.config._leaves import CANONICAL_ENV_PREFIX
from contexta.config._patches import (
    build_schema_defaults,
    build_unified_config,
    replace_unified_config,
)
from contexta.config._profiles import PROFILE_NAMES, PROFILE_OVERLAY_NAMES, ProfileOverlayName
from contexta.config._sections import (
    CaptureConfig,
    ContractConfig,
    RecoveryConfig,
    RetentionConfig,
    SecurityConfig,
    WorkspaceConfig,
)
from contexta.config._surfaces import (
    CLIConfig,
    ExportSurfaceConfig,
    HTMLConfig,
    HTTPConfig,
    NotebookConfig,
    SurfaceConfig,
)
from contexta.config._unified import ProfileName, UnifiedConfig
from contexta.config.env import PROFILE_ENV_KEY, PROFILE_OVERLAYS_ENV_KEY
from contexta.store.artifacts import ArtifactStoreConfig
from contexta.store.metadata import MetadataStoreConfig
from contexta.store.records import RecordStoreConfig

__all__ = [
    "CANONICAL_ENV_PREFIX",
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
    "RecordStoreConfig",
    "RecoveryConfig",
    "ReportPolicy",
    "RetentionConfig",
    "SearchPolicy",
    "SecurityConfig",
    "SurfaceConfig",
    "TrendPolicy",
    "UnifiedConfig",
    "WorkspaceConfig",
    "build_schema_defaults",
    "build_unified_config",
    "config_to_mapping",
    "merge_config_patch",
    "replace_unified_config",
]
