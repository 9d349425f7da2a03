"""Lineage: which thing came from which, and on what grounds that is said."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from contexta.contract._extensions._field_set import NoneAsEmpty
from contexta.contract._fields._extensions import Extensions
from contexta.contract._fields._refs import (
    AnyRef,
    ArtifactRefText,
    OperationRef,
    ProvenanceRef,
    RelationRef,
    SubjectRef,
)
from contexta.contract._fields._text import ChoiceRule, PolicyRef, Text
from contexta.contract._fields._values import Timestamp
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION

__all__ = [
    "ASSERTION_MODES",
    "CONFIDENCE_MARKERS",
    "LINEAGE_ORIGIN_MARKERS",
    "RELATION_TYPES",
    "LineageEdge",
    "ProvenanceRecord",
]

_Relation = Literal[
    "generated_from",
    "consumed_by",
    "produced_by",
    "packaged_from",
    "reported_by",
    "evaluated_on",
    "deployed_from",
    "used",
    "derived_from",
    "observed_in",
]
_Origin = Literal["explicit", "imported", "inferred", "replayed"]
_Confidence = Literal["high", "medium", "low", "unknown"]
_marker = ChoiceRule("record_invalid_marker")

RELATION_TYPES: Final[tuple[str, ...]] = get_args(_Relation)
LINEAGE_ORIGIN_MARKERS: Final[tuple[str, ...]] = get_args(_Origin)
ASSERTION_MODES: Final[tuple[str, ...]] = get_args(_Origin)
CONFIDENCE_MARKERS: Final[tuple[str, ...]] = get_args(_Confidence)


class LineageEdge(ContractModel):
    """One statement: source stands in this relation to target."""

    target_model: ClassVar[str] = "lineage_edge"

    relation_ref: RelationRef
    """``relation:...``, any number of components."""
    relation_type: Annotated[_Relation, _marker]
    """How source relates to target."""
    source_ref: AnyRef
    """The thing that the statement is about."""
    target_ref: AnyRef
    """The other thing; never the same one."""
    recorded_at: Timestamp
    """When the statement was recorded, UTC."""
    origin_marker: Annotated[_Origin, _marker]
    """How the statement came about."""
    confidence_marker: Annotated[_Confidence, _marker]
    """How sure it is."""
    operation_context_ref: OperationRef | None = None
    """The operation that made it so, if any."""
    evidence_refs: Annotated[tuple[SubjectRef, ...], NoneAsEmpty] = ()
    """What supports it."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        source, target = values.get("source_ref"), values.get("target_ref")
        if source is not None and source == target:
            found.append(
                Problem(
                    "lineage_self_relation",
                    "$.target_ref",
                    f"source_ref and target_ref are both {source.text!r} and must differ; "
                    "name two things",
                    {"source_ref": source.text, "target_ref": source.text},
                )
            )


class ProvenanceRecord(ContractModel):
    """On what grounds a relation is claimed."""

    target_model: ClassVar[str] = "provenance_record"

    provenance_ref: ProvenanceRef
    """``provenance:...``, any number of components."""
    relation_ref: RelationRef
    """The relation that is claimed."""
    assertion_mode: Annotated[_Origin, _marker]
    """How the claim came about."""
    asserted_at: Timestamp
    """When it was made, UTC."""
    formation_context_ref: AnyRef | None = None
    """Where it was made."""
    policy_ref: PolicyRef | None = None
    """The rule that it was made by."""
    evidence_bundle_ref: ArtifactRefText | None = None
    """The artifact that holds the evidence."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""
