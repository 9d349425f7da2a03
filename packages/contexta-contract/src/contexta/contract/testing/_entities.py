"""Strategies for projects, runs, their parts and their environment."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from contexta.contract.entities import (
    BatchExecution,
    DeploymentExecution,
    EnvironmentSnapshot,
    OperationContext,
    Project,
    Run,
    SampleObservation,
    StageExecution,
)
from contexta.contract.testing import _values as v
from contexta.contract.testing._parts import Draw, closing, lifecycle, named, order, refs


@st.composite
def projects(draw: Draw) -> Project:
    """Return projects."""
    return Project(
        project_ref=draw(refs("project", 1)),
        name=draw(v.text),
        created_at=draw(v.timestamps),
        description=draw(v.texts_or_none),
        tags=draw(v.text_maps),
        **closing(draw),
    )


@st.composite
def runs(draw: Draw) -> Run:
    """Return runs in every status, with parameters and tags."""
    owner = draw(v.components)
    return Run(
        run_ref=f"run:{owner}.{draw(v.components)}",
        project_ref=f"project:{owner}",
        name=draw(v.text),
        description=draw(v.texts_or_none),
        params=draw(v.param_maps),
        tags=draw(v.text_maps),
        code_revision=draw(v.texts_or_none),
        dataset_ref=draw(v.texts_or_none),
        metadata=draw(v.json_maps),
        config_snapshot_ref=draw(v.texts_or_none),
        **lifecycle(draw),
        **closing(draw),
    )


@st.composite
def deployment_executions(draw: Draw) -> DeploymentExecution:
    """Return deployments, of a run or of none."""
    owner, name = draw(v.components), draw(v.components)
    run = draw(st.none() | v.components.map(lambda c: f"{owner}.{c}"))
    environment = f"environment:{run}.{draw(v.components)}" if run else draw(refs("environment"))
    return DeploymentExecution(
        deployment_execution_ref=f"deployment:{owner}.{name}",
        project_ref=f"project:{owner}",
        deployment_name=name,
        run_ref=f"run:{run}" if run else None,
        artifact_ref=draw(st.none() | v.components.map(lambda c: f"artifact:{owner}.{c}.{c}")),
        environment_snapshot_ref=draw(st.none() | st.just(environment)),
        **lifecycle(draw),
        **order(draw),
        **named(draw),
        **closing(draw),
    )


@st.composite
def stage_executions(draw: Draw) -> StageExecution:
    """Return stages."""
    run, name = f"{draw(v.components)}.{draw(v.components)}", draw(v.components)
    return StageExecution(
        stage_execution_ref=f"stage:{run}.{name}",
        run_ref=f"run:{run}",
        stage_name=name,
        **lifecycle(draw),
        **order(draw),
        **named(draw),
        **closing(draw),
    )


@st.composite
def batch_executions(draw: Draw) -> BatchExecution:
    """Return batches."""
    run, name = f"{draw(v.components)}.{draw(v.components)}", draw(v.components)
    stage = f"{run}.{draw(v.components)}"
    return BatchExecution(
        batch_execution_ref=f"batch:{stage}.{name}",
        run_ref=f"run:{run}",
        stage_execution_ref=f"stage:{stage}",
        batch_name=name,
        **lifecycle(draw),
        **order(draw),
        **named(draw),
        **closing(draw),
    )


def _inner(draw: Draw, kind: str, ref_field: str, name_field: str) -> dict[str, Any]:
    run, name = f"{draw(v.components)}.{draw(v.components)}", draw(v.components)
    stage = f"{run}.{draw(v.components)}"
    batch = f"{stage}.{draw(v.components)}" if draw(st.booleans()) else None
    return {
        ref_field: f"{kind}:{batch or stage}.{name}",
        name_field: name,
        "run_ref": f"run:{run}",
        "stage_execution_ref": f"stage:{stage}",
        "batch_execution_ref": f"batch:{batch}" if batch else None,
        "observed_at": draw(v.timestamps),
        **named(draw),
        **closing(draw),
    }


@st.composite
def sample_observations(draw: Draw) -> SampleObservation:
    """Return samples in stages and in batches."""
    return SampleObservation(
        retention_class=draw(v.texts_or_none),
        redaction_profile=draw(v.texts_or_none),
        **_inner(draw, "sample", "sample_observation_ref", "sample_name"),
    )


@st.composite
def operation_contexts(draw: Draw) -> OperationContext:
    """Return operations in stages and in batches."""
    return OperationContext(**_inner(draw, "op", "operation_context_ref", "operation_name"))


@st.composite
def environment_snapshots(draw: Draw) -> EnvironmentSnapshot:
    """Return environment snapshots."""
    run = f"{draw(v.components)}.{draw(v.components)}"
    return EnvironmentSnapshot(
        environment_snapshot_ref=f"environment:{run}.{draw(v.components)}",
        run_ref=f"run:{run}",
        captured_at=draw(v.timestamps),
        python_version=draw(v.text),
        platform=draw(v.text),
        packages=draw(v.text_maps),
        environment_variables=draw(v.text_maps),
        **closing(draw),
    )
