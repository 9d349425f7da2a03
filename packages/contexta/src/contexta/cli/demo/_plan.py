"""What a run of the demo did, before it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class StagePlan:
    """One stage; its times are seconds after the start of the run."""

    name: str
    begin: float
    end: float
    status: str = "completed"


@dataclass(frozen=True)
class SeriesPlan:
    """Points of one metric; `seconds` after the start of the run, one for each value."""

    key: str
    stage: str
    values: tuple[float, ...]
    seconds: tuple[float, ...]
    steps: tuple[int, ...] | None = None
    epochs: tuple[float, ...] | None = None
    unit: str | None = None


@dataclass(frozen=True)
class EventPlan:
    """Something that happened."""

    key: str
    stage: str
    second: float
    message: str
    level: str = "info"
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SpanPlan:
    """A stretch of time; `parent` is the position of another span in the plan of the run."""

    name: str
    stage: str
    begin: float
    end: float
    parent: int | None = None
    kind: str = "operation"
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GapPlan:
    """Something that is known to be missing."""

    key: str
    stage: str
    second: float
    summary: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SamplePlan:
    """One sample that was looked at, in a batch of the stage."""

    name: str
    batch: str
    second: float
    title: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class BatchPlan:
    """A batch of a stage."""

    name: str
    stage: str
    begin: float
    end: float
    title: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FilePlan:
    """A file that the run left; `made_from` are refs of what it was derived from."""

    name: str
    kind: str
    file_name: str
    body: bytes
    stage: str
    second: float
    attributes: Mapping[str, Any] = field(default_factory=dict)
    made_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """The environment of a run."""

    python: str
    platform: str
    packages: Mapping[str, str]
    variables: Mapping[str, str]


@dataclass(frozen=True)
class RunPlan:
    """A run with everything in it."""

    project: str
    key: str
    name: str
    started: datetime
    stages: tuple[StagePlan, ...]
    machine: Machine
    code_revision: str
    argv: tuple[str, ...]
    status: str = "completed"
    description: str | None = None
    dirty: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    dataset_ref: str | None = None
    series: tuple[SeriesPlan, ...] = ()
    events: tuple[EventPlan, ...] = ()
    spans: tuple[SpanPlan, ...] = ()
    gaps: tuple[GapPlan, ...] = ()
    batches: tuple[BatchPlan, ...] = ()
    samples: tuple[SamplePlan, ...] = ()
    files: tuple[FilePlan, ...] = ()

    @property
    def value(self) -> str:
        """The ref of the run without its kind."""
        return f"{self.project}.{self.key}"

    @property
    def ended(self) -> datetime:
        """When its last stage ended."""
        return self.started + timedelta(seconds=max(stage.end for stage in self.stages) + 0.4)


@dataclass(frozen=True)
class DeploymentPlan:
    """A model put to work; open when it never ended."""

    project: str
    name: str
    title: str
    run: RunPlan
    file: FilePlan
    started: datetime
    ended: datetime | None
    metadata: Mapping[str, Any]
