"""The envelope: what all records say about themselves."""

from __future__ import annotations

from typing import Any, ClassVar

from contexta.contract._containment import check_containment
from contexta.contract._fields._extensions import Extensions
from contexta.contract._fields._refs import (
    BatchRef,
    DeploymentRef,
    OperationRef,
    RecordRef,
    RunRef,
    SampleRef,
    StageRef,
)
from contexta.contract._fields._text import ProducerRef, Text
from contexta.contract._fields._values import Timestamp
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
from contexta.contract.records._markers import Completeness, Degradation, RecordType


class CorrelationRefs(ContractModel):
    """Ids of other systems that tie records together."""

    trace_id: Text | None = None
    """Id of a distributed trace."""
    session_id: Text | None = None
    """Id of a user session."""


NO_CORRELATION = CorrelationRefs.trusted()


class RecordEnvelope(ContractModel):
    """Who recorded what kind of thing, when, and where in the work it belongs."""

    target_model: ClassVar[str] = "record_envelope"

    record_ref: RecordRef
    """``record:P.R.id``, inside its run."""
    record_type: RecordType
    """Which payload goes with it."""
    recorded_at: Timestamp
    """When it was written, UTC; never before ``observed_at`` (a clock that went back is raised)."""
    observed_at: Timestamp
    """When the thing happened, UTC."""
    producer_ref: ProducerRef
    """What recorded it, such as ``sdk.python.local``."""
    run_ref: RunRef
    """The run it belongs to."""
    deployment_execution_ref: DeploymentRef | None = None
    """The deployment it belongs to, if any."""
    stage_execution_ref: StageRef | None = None
    """The stage it belongs to; required by the three below."""
    batch_execution_ref: BatchRef | None = None
    """The batch it belongs to, if any."""
    sample_observation_ref: SampleRef | None = None
    """The sample it is about, if any."""
    operation_context_ref: OperationRef | None = None
    """The operation it belongs to, if any."""
    correlation_refs: CorrelationRefs = NO_CORRELATION
    """Ids of other systems."""
    completeness_marker: Completeness = "complete"
    """Whether the payload is all that there was."""
    degradation_marker: Degradation = "none"
    """What went wrong on the way, if anything."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        recorded, observed = values.get("recorded_at"), values.get("observed_at")
        # A clock that steps back between the two readings must not cost the record.
        if recorded is not None and observed is not None and recorded < observed:
            values["recorded_at"] = observed
        check_containment(values, "record_ref", "record", found)
