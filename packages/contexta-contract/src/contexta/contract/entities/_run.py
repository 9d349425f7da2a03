"""Runs: one execution of training, evaluation or anything else worth comparing."""

from __future__ import annotations

from typing import Any, ClassVar

from contexta.contract._containment import check_inside
from contexta.contract._fields._extensions import Extensions
from contexta.contract._fields._refs import ProjectRef, RunRef
from contexta.contract._fields._text import Text
from contexta.contract._fields._values import JsonMap, ParamMap, TextMap, Timestamp
from contexta.contract._frozen import EMPTY
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
from contexta.contract.entities._statuses import Status, check_lifecycle


class Run(ContractModel):
    """One execution, with its parameters, its state and what it ran on."""

    target_model: ClassVar[str] = "run"
    additive_fields: ClassVar[frozenset[str]] = frozenset(
        {"params", "tags", "code_revision", "dataset_ref", "metadata", "config_snapshot_ref"}
    )

    run_ref: RunRef
    """``run:P.R``, inside its project."""
    project_ref: ProjectRef
    """The project it belongs to."""
    name: Text
    """Free text, unrelated to the ref; names repeat."""
    status: Status
    """``open`` until it ends; then how it ended."""
    started_at: Timestamp
    """When it started, UTC."""
    ended_at: Timestamp | None = None
    """When it ended, UTC; required unless ``open``."""
    description: Text | None = None
    """What it is for."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""
    params: ParamMap = EMPTY
    """Hyper-parameters: text to number, text, bool or null."""
    tags: TextMap = EMPTY
    """Labels, text to text."""
    code_revision: Text | None = None
    """The version of the code, such as a git commit id."""
    dataset_ref: Text | None = None
    """The data it ran on: a ref, a URI or any other name."""
    metadata: JsonMap = EMPTY
    """Anything else, as JSON data."""
    config_snapshot_ref: Text | None = None
    """The artifact that holds its whole configuration."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        check_lifecycle(values, found)
        check_inside(values, "run_ref", "project_ref", "context_ref_prefix_mismatch", found)
