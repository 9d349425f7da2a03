"""The registry of extension namespaces: who owns one, on which models, with which fields."""

from contexta.contract._extensions._entry import (
    EXTENSION_OWNERSHIP_CLASSES,
    EXTENSION_TARGET_MODELS,
    OWNER_SLUG_PATTERN,
    REGISTRY_STATUS_PATTERN,
    RESERVED_NAMESPACE_SEGMENTS,
    ExtensionRegistryEntry,
)
from contexta.contract._extensions._registry import ExtensionRegistry

__all__ = [
    "EXTENSION_OWNERSHIP_CLASSES",
    "EXTENSION_TARGET_MODELS",
    "OWNER_SLUG_PATTERN",
    "REGISTRY_STATUS_PATTERN",
    "RESERVED_NAMESPACE_SEGMENTS",
    "ExtensionRegistry",
    "ExtensionRegistryEntry",
]
