"""The filters of each list, for type checkers. Those left out or None filter nothing.

Times: instants as `datetime` or UTC text; `_after` includes the instant, `_before` excludes it.
Texts compare exactly and with case. `include_archived` is True unless given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from contexta.contract.refs import StableRef

Ref = StableRef | str
Instant = str | datetime


class CommonFilters(TypedDict, total=False):
    """What every list can be filtered by."""

    include_archived: bool | None


class NameFilters(CommonFilters, total=False):
    """Of everything that has a name."""

    name: str | None
    name_prefix: str | None


class ProjectFilters(NameFilters, total=False):
    """Of projects."""

    created_after: Instant | None
    created_before: Instant | None


class ExecutionFilters(NameFilters, total=False):
    """Of everything that runs."""

    status: str | Sequence[str] | None
    started_after: Instant | None
    started_before: Instant | None


class RunFilters(ExecutionFilters, total=False):
    """Of runs; see `RunRepository.list_runs`."""

    project_ref: Ref | None
    ended_after: Instant | None
    ended_before: Instant | None
    tags: Mapping[str, Any] | None
    params: Mapping[str, Any] | None
    has_deployment: bool | None
    archived: bool | None
    code_revision: str | None
    dataset_ref: str | None
    where: Mapping[str, Any] | None


class DeploymentFilters(ExecutionFilters, total=False):
    """Of deployments."""

    project_ref: Ref | None
    run_ref: Ref | None


class StageFilters(ExecutionFilters, total=False):
    """Of stages."""

    run_ref: Ref | None


class BatchFilters(StageFilters, total=False):
    """Of batches."""

    stage_ref: Ref | None


class SampleFilters(NameFilters, total=False):
    """Of samples."""

    run_ref: Ref | None
    stage_ref: Ref | None
    batch_ref: Ref | None
    observed_after: Instant | None
    observed_before: Instant | None
    retention_class: str | None
    redaction_profile: str | None


class EnvironmentFilters(CommonFilters, total=False):
    """Of environment snapshots."""

    run_ref: Ref | None
    captured_after: Instant | None
    captured_before: Instant | None


class RelationFilters(CommonFilters, total=False):
    """Of relations; `ref` and `refs` match either end.

    `parts_of` names runs and matches, beside `refs`, what has an end that is one of these runs or
    a stage, batch or deployment of one.
    """

    ref: Ref | None
    refs: Sequence[Ref] | None
    parts_of: Sequence[Ref] | None
    source_ref: Ref | None
    target_ref: Ref | None
    relation_type: str | Sequence[str] | None
    recorded_after: Instant | None
    recorded_before: Instant | None


class ProvenanceFilters(CommonFilters, total=False):
    """Of assertions about relations."""

    relation_ref: Ref | None
    relation_refs: Sequence[Ref] | None
    assertion_mode: str | Sequence[str] | None
    asserted_after: Instant | None
    asserted_before: Instant | None
