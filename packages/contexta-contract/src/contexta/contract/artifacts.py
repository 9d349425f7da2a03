"""Artifacts: what is known about a file or folder that a run produced or used."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from contexta.contract._containment import check_containment
from contexta.contract._fields._extensions import Extensions
from contexta.contract._fields._refs import (
    ArtifactRef,
    BatchRef,
    DeploymentRef,
    OperationRef,
    RunRef,
    SampleRef,
    StageRef,
)
from contexta.contract._fields._text import ArtifactKind, ArtifactProducerRef, Text
from contexta.contract._fields._values import JsonMap, SizeBytes, Timestamp
from contexta.contract._frozen import EMPTY
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION

__all__ = ["ARTIFACT_KINDS", "ArtifactManifest"]

ARTIFACT_KINDS: Final = (
    "dataset_snapshot",
    "feature_set",
    "checkpoint",
    "config_snapshot",
    "model_bundle",
    "report_bundle",
    "export_package",
    "evidence_bundle",
    "debug_bundle",
)
"""Kinds in common use; any other lower-case word is legal too."""


class ArtifactManifest(ContractModel):
    """The facts about one artifact; its body lies elsewhere."""

    target_model: ClassVar[str] = "artifact_manifest"

    artifact_ref: ArtifactRef
    """``artifact:P.R.id``, inside its run."""
    artifact_kind: ArtifactKind
    """What it is; see ``ARTIFACT_KINDS``."""
    created_at: Timestamp
    """When it was registered, UTC."""
    producer_ref: ArtifactProducerRef
    """What registered it."""
    run_ref: RunRef
    """The run that it comes from."""
    location_ref: Text
    """Where the body was when it was registered; a name, never opened unchecked."""
    deployment_execution_ref: DeploymentRef | None = None
    """The deployment it belongs to, if any."""
    stage_execution_ref: StageRef | None = None
    """The stage it comes from; required by the three below."""
    batch_execution_ref: BatchRef | None = None
    """The batch it comes from, if any."""
    sample_observation_ref: SampleRef | None = None
    """The sample it comes from, if any."""
    operation_context_ref: OperationRef | None = None
    """The operation it comes from, if any."""
    hash_value: Text | None = None
    """Hash of the body, in any notation."""
    size_bytes: SizeBytes | None = None
    """Size of the body."""
    attributes: JsonMap = EMPTY
    """Anything else, as JSON data, nulls kept."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        check_containment(values, "artifact_ref", "artifact", found)
