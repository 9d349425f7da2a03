"""Artifacts, at the path that scripts written for 1.0 import."""

from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
from contexta.contract.artifacts import ARTIFACT_KINDS, ArtifactManifest

__all__ = [
    "ARTIFACT_KINDS",
    "DEFAULT_CONTRACT_SCHEMA_VERSION",
    "ArtifactManifest",
]
