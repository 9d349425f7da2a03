"""Samples and operations: single things seen or done inside a stage or a batch."""

from __future__ import annotations

from typing import Any, ClassVar

from contexta.contract._containment import check_derived, check_inside
from contexta.contract._fields._extensions import Extensions
from contexta.contract._fields._refs import BatchRef, OperationRef, RunRef, SampleRef, StageRef
from contexta.contract._fields._text import Kebab, Text
from contexta.contract._fields._values import JsonMap, Timestamp
from contexta.contract._frozen import EMPTY
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION

_PREFIX = "context_ref_prefix_mismatch"
_ADDED = frozenset({"display_name", "metadata"})


class SampleObservation(ContractModel):
    """One sample that was looked at."""

    target_model: ClassVar[str] = "sample_observation"
    additive_fields: ClassVar[frozenset[str]] = _ADDED

    sample_observation_ref: SampleRef
    """``sample:`` plus the value of the batch, or of the stage, plus the sample's name."""
    run_ref: RunRef
    """The run it belongs to."""
    stage_execution_ref: StageRef
    """The stage it belongs to."""
    sample_name: Kebab
    """The last component of the ref."""
    observed_at: Timestamp
    """When it was seen, UTC."""
    batch_execution_ref: BatchRef | None = None
    """The batch it belongs to, if any."""
    retention_class: Text | None = None
    """How long it may be kept, in your own terms."""
    redaction_profile: Text | None = None
    """How it was redacted, in your own terms."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""
    display_name: Text | None = None
    """The name as people wrote it."""
    metadata: JsonMap = EMPTY
    """Anything else, as JSON data."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        _check_place(values, "sample_observation_ref", "sample_name", found)


class OperationContext(ContractModel):
    """One operation that was done."""

    target_model: ClassVar[str] = "operation_context"
    additive_fields: ClassVar[frozenset[str]] = _ADDED

    operation_context_ref: OperationRef
    """``op:`` plus the value of the batch, or of the stage, plus the operation's name."""
    run_ref: RunRef
    """The run it belongs to."""
    stage_execution_ref: StageRef
    """The stage it belongs to."""
    operation_name: Kebab
    """The last component of the ref."""
    observed_at: Timestamp
    """When it was seen, UTC."""
    batch_execution_ref: BatchRef | None = None
    """The batch it belongs to, if any."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""
    display_name: Text | None = None
    """The name as people wrote it."""
    metadata: JsonMap = EMPTY
    """Anything else, as JSON data."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        _check_place(values, "operation_context_ref", "operation_name", found)


def _check_place(
    values: dict[str, Any], ref_field: str, name_field: str, found: list[Problem]
) -> None:
    check_inside(values, "stage_execution_ref", "run_ref", _PREFIX, found)
    check_inside(values, "batch_execution_ref", "stage_execution_ref", _PREFIX, found)
    if "batch_execution_ref" not in values:
        return  # a bad batch ref: the owner is unknown
    in_batch = values["batch_execution_ref"] is not None
    owner = "batch_execution_ref" if in_batch else "stage_execution_ref"
    check_derived(values, ref_field, owner, name_field, found)
