"""Lineage, at the path that scripts written for 1.0 import."""

from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
from contexta.contract.lineage import (
    ASSERTION_MODES,
    CONFIDENCE_MARKERS,
    LINEAGE_ORIGIN_MARKERS,
    RELATION_TYPES,
    LineageEdge,
    ProvenanceRecord,
)

__all__ = [
    "ASSERTION_MODES",
    "CONFIDENCE_MARKERS",
    "DEFAULT_CONTRACT_SCHEMA_VERSION",
    "LINEAGE_ORIGIN_MARKERS",
    "RELATION_TYPES",
    "LineageEdge",
    "ProvenanceRecord",
]
