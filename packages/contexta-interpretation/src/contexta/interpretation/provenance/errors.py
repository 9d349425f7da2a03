"""Errors of provenance."""

from contexta.contract.errors import InterpretationError


class ProvenanceError(InterpretationError):
    """Reproducibility cannot be judged with this repository."""


__all__ = ["ProvenanceError"]
